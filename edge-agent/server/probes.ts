import type { Ipv4Address } from "../values/ipv4.ts";
import type { MonotonicMillis } from "../values/time.ts";
import type { ClientMessage } from "./client-message.ts";
import type { ServerEffect } from "./effect.ts";

/** An ICMP echo on its way to an address that is about to be offered. */
export interface Probe {
  readonly address: Ipv4Address;
  readonly client: ClientMessage;
  /** What to do if nobody answers: the offer. */
  readonly whenFree: readonly ServerEffect[];
  /** After this the answer is not waited for any more, should it never be reported. */
  readonly giveUpAt: MonotonicMillis;
}

/** How long after its timeout a probe's result may come, in milliseconds. */
export const PROBE_GRACE_MILLIS = 5_000;

/**
 * Probes under way, by address, at most `maximum`; an offer beyond that goes without a probe. Mutable and consumed
 * linearly: it belongs to one agent state.
 */
export class ProbeTable {
  readonly #byAddress = new Map<Ipv4Address, Probe>();
  readonly #maximum: number;

  constructor(maximum = 4_096) {
    this.#maximum = maximum;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  /** Is an answer from `address` still waited for? */
  has(address: Ipv4Address, now: MonotonicMillis): boolean {
    const probe = this.#byAddress.get(address);
    if (probe === undefined) return false;
    if (probe.giveUpAt > now) return true;
    this.#byAddress.delete(address);
    return false;
  }

  /** False if there is no room. */
  add(probe: Probe, now: MonotonicMillis): boolean {
    if (this.#byAddress.size >= this.#maximum) this.#sweep(now);
    if (this.#byAddress.size >= this.#maximum) return false;
    this.#byAddress.set(probe.address, probe);
    return true;
  }

  take(address: Ipv4Address): Probe | undefined {
    const probe = this.#byAddress.get(address);
    this.#byAddress.delete(address);
    return probe;
  }

  /** Drops probes whose result never came; the oldest stand first. */
  #sweep(now: MonotonicMillis): void {
    for (const probe of this.#byAddress.values()) {
      if (probe.giveUpAt > now) return;
      this.#byAddress.delete(probe.address);
    }
  }
}
