import type { Ipv4Address } from "../values/ipv4.ts";
import { type EpochSeconds, NO_TIME } from "../values/time.ts";
import type { LeaseView, NeverUsedOrder, PoolId } from "./lease-view.ts";

/** A pool that the client may use, and what of it is ours to give out. */
export interface AllocatablePool {
  readonly id: PoolId;
  /** Statuses of addresses that may be given out, best first. */
  readonly statuses: readonly ("FREE" | "BACKUP")[];
  readonly order: NeverUsedOrder;
}

/**
 * How many addresses are taken from the view at a time, at least. The search passes over all that are on offer: where it passed over
 * many, as many are read ahead, so that the next search of that length comes only after so many offers more.
 */
const BATCH = 128;

/** Addresses read ahead, with when they came free. */
interface ReadAhead {
  readonly addresses: readonly Ipv4Address[];
  readonly ends: readonly EpochSeconds[];
  next: number;
}

/**
 * Addresses next in turn, for each pool and status: a short list read ahead from the view, so that a flood of offers
 * does not make each search start from the beginning. Mutable and consumed linearly: it belongs to one agent state.
 */
export class Candidates {
  readonly #queues = new Map<string, ReadAhead>();

  /** Forgets what was read ahead; after a change of configuration. */
  clear(): void {
    this.#queues.clear();
  }

  /** The first address of `pool` with `status` that `usable` accepts; it stays in its place until it is refused. */
  first(
    view: LeaseView,
    pool: PoolId,
    status: "FREE" | "BACKUP",
    order: NeverUsedOrder,
    usable: (address: Ipv4Address) => boolean,
  ): Ipv4Address | undefined {
    const key = `${pool}${status}${order}`;
    const queue = this.#queues.get(key);
    if (queue !== undefined) {
      for (; queue.next < queue.addresses.length; queue.next += 1) {
        const address = queue.addresses[queue.next];
        if (address === undefined) continue;
        const lease = view.get(address);
        // One that was in use since then has its turn later.
        const unchanged = (lease?.status ?? "FREE") === status && (lease?.ends ?? NO_TIME) === queue.ends[queue.next];
        if (unchanged && usable(address)) return address;
      }
    }
    const addresses: Ipv4Address[] = [];
    const ends: EpochSeconds[] = [];
    let passed = 0;
    for (const address of view.oldest(pool, status, order)) {
      if (!usable(address)) {
        passed += 1;
        continue;
      }
      addresses.push(address);
      ends.push(view.get(address)?.ends ?? NO_TIME);
      if (addresses.length >= BATCH && addresses.length >= passed) break;
    }
    this.#queues.set(key, { addresses, ends, next: 0 });
    return addresses[0];
  }
}

/**
 * An address for a client that has none: never-used before used, then the longest unused, over all `pools` of its shared
 * network; an ABANDONED one only if there is nothing else. `usable` refuses single addresses (offered to somebody else,
 * reserved, waiting for a partner). Undefined if there is none.
 */
export function chooseAddress(
  pools: readonly AllocatablePool[],
  view: LeaseView,
  candidates: Candidates,
  usable: (address: Ipv4Address) => boolean,
): { readonly address: Ipv4Address; readonly abandoned: boolean } | undefined {
  let best: Ipv4Address | undefined;
  let bestEnds: EpochSeconds = NO_TIME;
  for (const pool of pools) {
    for (const status of pool.statuses) {
      const address = candidates.first(view, pool.id, status, pool.order, usable);
      if (address === undefined) continue;
      const ends = view.get(address)?.ends ?? NO_TIME;
      if (best !== undefined && ends >= bestEnds) continue;
      best = address;
      bestEnds = ends;
    }
  }
  if (best !== undefined) return { address: best, abandoned: false };
  return chooseAbandoned(pools, view, usable);
}

function chooseAbandoned(
  pools: readonly AllocatablePool[],
  view: LeaseView,
  usable: (address: Ipv4Address) => boolean,
): { readonly address: Ipv4Address; readonly abandoned: boolean } | undefined {
  let best: Ipv4Address | undefined;
  let bestEnds: EpochSeconds = NO_TIME;
  for (const pool of pools) {
    // While an address is merely on offer to somebody, there is something else.
    const counts = view.counts(pool.id);
    if (pool.statuses.some((status) => counts[status] > 0)) continue;
    for (const address of view.oldest(pool.id, "ABANDONED", pool.order)) {
      if (!usable(address)) continue;
      const ends = view.get(address)?.ends ?? NO_TIME;
      if (best === undefined || ends < bestEnds) {
        best = address;
        bestEnds = ends;
      }
      break;
    }
  }
  return best === undefined ? undefined : { address: best, abandoned: true };
}
