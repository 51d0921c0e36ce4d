import type { Ipv4Address } from "../values/ipv4.ts";
import { type MonotonicMillis, monotonicMillis } from "../values/time.ts";
import type { ServerEffect } from "./effect.ts";

/** What becomes of an answer once it is known which name DNS has for its address; undefined if there is none. */
export type NamedAnswer = (name: string | undefined) => readonly ServerEffect[];

/** A found name, or that there is none, is good for the OFFER, the ACK after it and some repetitions, in milliseconds. */
const KNOWN_MILLIS = 60_000;
/** A look-up that never ends is forgotten, in milliseconds; clients ask again long before. */
const GIVE_UP_MILLIS = 60_000;

/**
 * Answers that wait for the name of their address (`get-lease-hostnames`), at most `maximum`, and names found lately.
 * Mutable and consumed linearly: it belongs to one agent state.
 */
export class HostNameLookups {
  readonly #known = new Map<Ipv4Address, { readonly name: string | undefined; readonly until: MonotonicMillis }>();
  readonly #waiting = new Map<
    number,
    { readonly address: Ipv4Address; readonly answer: NamedAnswer; readonly giveUpAt: MonotonicMillis }
  >();
  readonly #maximum: number;
  #next = 1;

  constructor(maximum = 4_096) {
    this.#maximum = maximum;
  }

  /** What is known of the address's name; undefined if it has to be looked up. */
  known(address: Ipv4Address, now: MonotonicMillis): { readonly name: string | undefined } | undefined {
    const found = this.#known.get(address);
    return found !== undefined && found.until > now ? found : undefined;
  }

  /** Keeps an answer until {@link learn} is told of its number; undefined if there is no room. */
  wait(address: Ipv4Address, answer: NamedAnswer, now: MonotonicMillis): number | undefined {
    for (const [id, { giveUpAt }] of this.#waiting) {
      if (giveUpAt > now) break;
      this.#waiting.delete(id);
    }
    if (this.#waiting.size >= this.#maximum) return undefined;
    const id = this.#next;
    this.#next += 1;
    this.#waiting.set(id, { address, answer, giveUpAt: monotonicMillis(now + GIVE_UP_MILLIS) });
    return id;
  }

  /** A look-up has ended: notes its result and gives what the answer that waited for it asks for. */
  learn(id: number, name: string | undefined, now: MonotonicMillis): readonly ServerEffect[] {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return [];
    this.#waiting.delete(id);
    if (this.#known.size >= this.#maximum) this.#known.clear();
    this.#known.set(waiting.address, { name, until: monotonicMillis(now + KNOWN_MILLIS) });
    return waiting.answer(name);
  }
}
