/** Something that covers the numbers from `first` to `last`. */
interface Interval {
  readonly first: number;
  readonly last: number;
}

/** Intervals by their first number, to find those that overlap another in logarithmic time (if few of them are nested). */
export class IntervalIndex<T extends Interval> {
  readonly #sorted: T[] = [];
  /** The greatest length there is: no interval that begins further to the left can reach. */
  #longest = 0;

  add(interval: T): void {
    this.#sorted.splice(this.#position(interval.first + 1), 0, interval);
    this.#longest = Math.max(this.#longest, interval.last - interval.first);
  }

  *overlapping(first: number, last: number): Iterable<T> {
    for (let index = this.#position(first - this.#longest); index < this.#sorted.length; index += 1) {
      const candidate = this.#sorted[index] as T;
      if (candidate.first > last) return;
      if (candidate.last >= first) yield candidate;
    }
  }

  /** Index of the first interval that begins at `first` or later. */
  #position(first: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as T).first < first) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
