/** dhcpd looks for a name without an address again after a minute, and for any other after an hour. Milliseconds. */
const MISSING_MILLIS = 60_000;
const ALL_MILLIS = 3_600_000;

/** Asks from time to time, until it is closed, for the host names of a configuration to be looked up again. */
export class NamesAgain {
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(lookUp: (which: "all" | "missing") => Promise<void>) {
    this.#timers = [setInterval(() => void lookUp("missing"), MISSING_MILLIS), setInterval(() => void lookUp("all"), ALL_MILLIS)];
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
