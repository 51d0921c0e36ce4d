/** sfc32: a small fast generator with a 128-bit state; the same seed gives the same chances on every machine. */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = 0) {
    this.#a = seed | 0;
    this.#b = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 0;
    this.#c = (stream ^ 0xc2b2ae35) | 0;
    for (let round = 0; round < 15; round += 1) this.#next();
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number from 0 (included) to 1 (excluded). */
  unit(): number {
    return this.#next() / 0x1_0000_0000;
  }
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    return Math.floor(this.unit() * below);
  }
  /** A number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }
  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability;
  }
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }
  /** Time until the next of events that come on average every `mean`. */
  exponential(mean: number): number {
    return -Math.log(1 - this.unit()) * mean;
  }
}
