import type { Lease } from "../../leases/lease.ts";
import type { EpochSeconds } from "../../values/time.ts";
import { waitedMclt } from "../endpoint/state.ts";
import { reusableAt, timesOf } from "../lease-times.ts";
import { ownFree, type Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { queueUpdate } from "./queue.ts";

/** How many addresses one step frees. */
const MOST_FREED = 1000;
const ENDED = ["EXPIRED", "RELEASED", "RESET"] as const;

const hasEnded = (lease: Lease): boolean => lease.status === "EXPIRED" || lease.status === "RELEASED" || lease.status === "RESET";

/** Entering PARTNER-DOWN: leases that ended without the partner's word come free when their wait is over (failover-12 §9.4.2). */
export function startReclaiming(turn: Turn, relationship: Relationship): void {
  const { reclaim, config, poolIds } = relationship;
  reclaim.clear();
  const waiting = config.pools.some(({ id }) => ENDED.some((status) => turn.count(id, status) > 0));
  if (!waiting) return;
  for (const { address } of turn.view.all()) {
    const pool = turn.view.poolOf(address);
    if (pool === undefined || !poolIds.has(pool)) continue;
    const lease = turn.lease(address);
    if (hasEnded(lease)) reclaim.add(address, freeAt(relationship, lease));
  }
}

/** When a lease that ended may be given to another client while the partner is down. */
export const freeAt = ({ endpoint }: Relationship, lease: Lease): EpochSeconds =>
  reusableAt(lease, endpoint.partnerLastAlive, waitedMclt(endpoint));

/** A lease has changed: if it ended while the partner is down, it is put on the list. */
export function noteEnded(relationship: Relationship, lease: Lease): void {
  if (relationship.endpoint.state === "PARTNER-DOWN" && hasEnded(lease))
    relationship.reclaim.add(lease.address, freeAt(relationship, lease));
}

/**
 * Frees what is due. Its wait was counted from what the partner knew when it was last alive; what its client did here since, the
 * partner cannot have heard of.
 */
export function reclaimDue(turn: Turn, relationship: Relationship): void {
  const { reclaim, endpoint, updates } = relationship;
  if (endpoint.state !== "PARTNER-DOWN") return;
  for (let freed = 0; freed < MOST_FREED; freed += 1) {
    const address = reclaim.take(turn.at.now);
    if (address === undefined) return;
    const lease = turn.lease(address);
    if (!hasEnded(lease)) continue;
    const times = timesOf(lease);
    turn.put({ ...lease, status: ownFree(relationship), failover: { ...times, tstp: lease.ends, atsfp: 0 as EpochSeconds, owed: true } });
    queueUpdate(updates, address);
  }
}
