import type { AgentEvent } from "../agent/event.ts";

/** Events waiting for their step, in order. Datagrams have a limit; other events are never refused. */
export class EventQueue {
  readonly #datagramLimit: number;
  #events: AgentEvent[] = [];
  #head = 0;
  #datagrams = 0;
  #configs = 0;

  constructor(datagramLimit: number) {
    this.#datagramLimit = datagramLimit;
  }

  get length(): number {
    return this.#events.length - this.#head;
  }

  /** False if there was no room for the datagram. */
  push(event: AgentEvent): boolean {
    if (event.kind === "datagram") {
      if (this.#datagrams >= this.#datagramLimit) return false;
      this.#datagrams += 1;
    }
    if (event.kind === "config") this.#configs += 1;
    this.#events.push(event);
    return true;
  }

  get startsWithConfig(): boolean {
    return this.#events[this.#head]?.kind === "config";
  }

  /** Takes out the oldest, at most `limit`; a new configuration comes alone. */
  take(limit: number): readonly AgentEvent[] {
    let end = Math.min(this.#events.length, this.#head + limit);
    for (let index = this.#head; this.#configs > 0 && index < end; index += 1) {
      if (this.#events[index]?.kind !== "config") continue;
      end = Math.max(index, this.#head + 1);
      if (index === this.#head) this.#configs -= 1;
    }
    const events = this.#events.slice(this.#head, end);
    this.#head = end;
    if (this.#head === this.#events.length) this.#restart([]);
    else if (this.#head > 4096) this.#restart(this.#events.slice(this.#head));
    for (const event of events) if (event.kind === "datagram") this.#datagrams -= 1;
    return events;
  }

  /** Puts events in front of all others, in their order. */
  unshift(events: readonly AgentEvent[]): void {
    for (const { kind } of events) {
      if (kind === "datagram") this.#datagrams += 1;
      if (kind === "config") this.#configs += 1;
    }
    this.#restart([...events, ...this.#events.slice(this.#head)]);
  }

  /** Takes out everything that is not a datagram. */
  takeLasting(): readonly AgentEvent[] {
    const waiting = this.#events.slice(this.#head);
    this.#restart(waiting.filter((event) => event.kind === "datagram"));
    this.#configs = 0;
    return waiting.filter((event) => event.kind !== "datagram");
  }

  #restart(events: AgentEvent[]): void {
    this.#events = events;
    this.#head = 0;
  }
}
