import type { Lease } from "../leases/lease.ts";
import { type Exchange, leaseAt, poolOf, storeLease } from "./exchange.ts";
import { expireLease } from "./release-lease.ts";

/** Leases ended in one tick; the rest waits for the next, so that clients are not kept waiting. */
const BATCH = 256;
/** Leases that are due but wait for the partner's word may stand in front of others: how many are looked at at most. */
const LOOK_AHEAD = 16_384;

/** What one tick's work on due leases came to. */
export interface ExpiryOutcome {
  /** Due, but not ours to end at this time. */
  readonly held: number;
  /** There may be more that are due. */
  readonly more: boolean;
}

/**
 * Ends what is due: ACTIVE leases past their time (`on expiry`), and ABANDONED addresses that were left alone long enough.
 * `heldBefore` is what the last tick had to leave.
 */
export function expireLeases(exchange: Exchange, heldBefore: number): ExpiryOutcome {
  const { view, at, authority } = exchange;
  const limit = Math.min(BATCH + heldBefore, LOOK_AHEAD);
  const due = view.due(at.now, limit);
  let held = 0;
  for (const address of due) {
    const lease = leaseAt(exchange, address);
    const pool = poolOf(exchange, address);
    if (lease === undefined || pool === undefined || !authority.mayExpire(pool, lease, at)) held += 1;
    else end(exchange, lease);
  }
  return { held, more: due.length === limit && due.length > held };
}

function end(exchange: Exchange, lease: Lease): void {
  if (lease.status === "ACTIVE") {
    expireLease(exchange, lease);
    return;
  }
  const pool = poolOf(exchange, lease.address);
  if (pool === undefined) return;
  const after = exchange.authority.ended(pool, lease, "expired", exchange.at);
  storeLease(exchange, { cause: "recovered", pool, before: lease, after, evaluation: undefined, client: undefined });
}
