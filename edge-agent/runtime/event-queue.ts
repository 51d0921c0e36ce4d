import type { AgentEvent } from "../agent/event.ts";

/** Events waiting for their step, in order. Datagrams have a limit; other events are never refused. */
export class EventQueue {
  readonly #datagramLimit: number;
  #events: AgentEvent[] = [];
  #head = 0;
  #datagrams = 0;

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
    this.#events.push(event);
    return true;
  }

  /** Takes out the oldest, at most `limit`. */
  take(limit: number): readonly AgentEvent[] {
    const end = Math.min(this.#events.length, this.#head + limit);
    const events = this.#events.slice(this.#head, end);
    this.#head = end;
    if (this.#head === this.#events.length) this.#restart([]);
    else if (this.#head > 4096) this.#restart(this.#events.slice(this.#head));
    for (const event of events) if (event.kind === "datagram") this.#datagrams -= 1;
    return events;
  }

  /** Puts events in front of all others, in their order. */
  unshift(events: readonly AgentEvent[]): void {
    for (const event of events) if (event.kind === "datagram") this.#datagrams += 1;
    this.#restart([...events, ...this.#events.slice(this.#head)]);
  }

  /** Takes out everything that is not a datagram. */
  takeLasting(): readonly AgentEvent[] {
    const waiting = this.#events.slice(this.#head);
    this.#restart(waiting.filter((event) => event.kind === "datagram"));
    return waiting.filter((event) => event.kind !== "datagram");
  }

  #restart(events: AgentEvent[]): void {
    this.#events = events;
    this.#head = 0;
  }
}
