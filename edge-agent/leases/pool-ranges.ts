import type { Ipv4Range } from "../values/ipv4.ts";
import type { PoolId, PoolLayout } from "./lease-view.ts";

/** Which pool an address belongs to: sorted, disjoint ranges searched by halving. */
export class PoolRanges {
  readonly #firsts: Uint32Array;
  readonly #lasts: Uint32Array;
  readonly #pools: Int32Array;
  #recent = 0;

  /** Where ranges overlap, the one that starts lower (or was declared earlier) keeps the addresses. */
  constructor(pools: readonly PoolLayout[]) {
    const sorted = pools.flatMap((pool) => pool.ranges.map((range) => ({ ...range, pool: pool.id }))).sort((a, b) => a.first - b.first);
    const disjoint: { first: number; last: number; pool: PoolId }[] = [];
    let next = 0;
    for (const range of sorted) {
      const first = Math.max(range.first, next);
      if (first > range.last) continue;
      disjoint.push({ first, last: range.last, pool: range.pool });
      next = range.last + 1;
    }
    this.#firsts = Uint32Array.from(disjoint, (range) => range.first);
    this.#lasts = Uint32Array.from(disjoint, (range) => range.last);
    this.#pools = Int32Array.from(disjoint, (range) => range.pool);
  }

  poolOf(address: number): PoolId | undefined {
    const recent = this.#recent;
    if (address >= (this.#firsts[recent] ?? Infinity) && address <= this.#lasts[recent]!) return this.#pools[recent];
    let low = 0;
    let high = this.#firsts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (address < this.#firsts[middle]!) high = middle - 1;
      else if (address > this.#lasts[middle]!) low = middle + 1;
      else {
        this.#recent = middle;
        return this.#pools[middle];
      }
    }
    return undefined;
  }

  /** Every pool that keeps at least one address, with its ranges. */
  all(): Map<PoolId, Ipv4Range[]> {
    const byPool = new Map<PoolId, Ipv4Range[]>();
    this.#pools.forEach((owner, index) => {
      const range = { first: this.#firsts[index]!, last: this.#lasts[index]! } as Ipv4Range;
      const known = byPool.get(owner);
      if (known === undefined) byPool.set(owner, [range]);
      else known.push(range);
    });
    return byPool;
  }
}
