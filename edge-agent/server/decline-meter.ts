import type { EpochSeconds } from "../values/time.ts";

const WINDOW_SECONDS = 60;
const MAXIMUM_PER_CLIENT = 16;
const MAXIMUM_CLIENTS = 4_096;

/**
 * How often each client declined lately, so that one client cannot run through a pool with DHCPDECLINE. Mutable and
 * consumed linearly: it belongs to one agent state.
 */
export class DeclineMeter {
  readonly #seen = new Map<string, { since: EpochSeconds; count: number }>();

  /** Counts one DECLINE of `client`; false if it has had its share of this minute. */
  allows(client: string, now: EpochSeconds): boolean {
    const entry = this.#seen.get(client);
    if (entry === undefined || now - entry.since >= WINDOW_SECONDS) {
      this.#seen.delete(client);
      if (this.#seen.size >= MAXIMUM_CLIENTS) this.#dropOldest();
      this.#seen.set(client, { since: now, count: 1 });
      return true;
    }
    entry.count += 1;
    return entry.count <= MAXIMUM_PER_CLIENT;
  }

  #dropOldest(): void {
    for (const client of this.#seen.keys()) {
      this.#seen.delete(client);
      return;
    }
  }
}
