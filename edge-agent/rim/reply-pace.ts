/** Datagrams that may leave at once; the receive buffer of a relay on Linux as it comes holds about 270 of them. */
const BURST = 96;
/** At least so many leave in a millisecond, and of many that wait this part: a flood is spread over some 20 milliseconds. */
const LEAST_A_MILLI = 24;
const PART_A_MILLI = 16;
/** A look that comes late makes up for no more than that. Milliseconds. */
const MOST_MADE_UP = 4;

/**
 * How many datagrams may leave when: a token bucket, since after a slow flush of the disk the answers of several commits would leave
 * as one burst, which fills the receive buffer of a relay. The more wait, the more leave, so that no rate is kept down for long.
 */
export class ReplyPace {
  #allowed = BURST;
  #lookedAt: number;

  constructor(now: number) {
    this.#lookedAt = now;
  }

  /** Takes one of what is allowed; false if nothing is left. */
  take(): boolean {
    if (this.#allowed < 1) return false;
    this.#allowed -= 1;
    return true;
  }

  /** Milliseconds since the last look; what is allowed grows with them while `waiting` datagrams wait. */
  look(now: number, waiting: number): number {
    const passed = Math.max(0, now - this.#lookedAt);
    this.#lookedAt = now;
    const gained = Math.min(passed, MOST_MADE_UP) * Math.max(LEAST_A_MILLI, waiting / PART_A_MILLI);
    this.#allowed = Math.min(Math.max(BURST, gained), this.#allowed + gained);
    return passed;
  }
}
