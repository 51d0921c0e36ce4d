import type { Ipv4Address } from "../../values/ipv4.ts";
import type { EpochSeconds } from "../../values/time.ts";

interface Waiting {
  readonly address: Ipv4Address;
  readonly at: EpochSeconds;
}

/**
 * Addresses ordered by the time at which they come free: a binary heap. Each waits once, for the earliest of its times, however often its
 * clients have it again and give it up meanwhile.
 */
export class Reclaim {
  #heap: Waiting[] = [];
  /** What each waits for; an entry of the heap for a later time is left from before. */
  readonly #times = new Map<Ipv4Address, EpochSeconds>();

  get size(): number {
    return this.#heap.length;
  }
  /** The earliest time; undefined if nothing waits. */
  get first(): EpochSeconds | undefined {
    return this.#heap[0]?.at;
  }
  clear(): void {
    this.#heap = [];
    this.#times.clear();
  }
  add(address: Ipv4Address, at: EpochSeconds): void {
    if ((this.#times.get(address) ?? Number.POSITIVE_INFINITY) <= at) return;
    this.#times.set(address, at);
    const heap = this.#heap;
    let index = heap.push({ address, at }) - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = heap[parent];
      const here = heap[index];
      if (above === undefined || here === undefined || above.at <= here.at) break;
      heap[parent] = here;
      heap[index] = above;
      index = parent;
    }
  }
  /** Takes the earliest address if its time has come. */
  take(now: EpochSeconds): Ipv4Address | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > now) return undefined;
      const last = this.#heap.pop();
      if (last !== undefined && this.#heap.length > 0) this.#sink(last);
      if (this.#times.get(first.address) !== first.at) continue;
      this.#times.delete(first.address);
      return first.address;
    }
  }

  #sink(item: Waiting): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && right.at < left.at) child += 1;
      const smaller = heap[child];
      if (smaller === undefined || smaller.at >= item.at) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = item;
  }
}
