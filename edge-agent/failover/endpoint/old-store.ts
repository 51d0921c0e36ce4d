import type { MonotonicMillis } from "../../values/time.ts";
import { recordMarks } from "../link/marks.ts";
import { MARK_MILLIS } from "../link/state.ts";
import { nameOf, type Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { enter, recordEndpoint } from "./step.ts";

/** The marks that the partner tells: its own, and the highest that it has had of ours. */
export function onMarks(turn: Turn, relationship: Relationship, told: { readonly mark: number; readonly seen: number }): void {
  const { endpoint, link } = relationship;
  const { own, partners } = endpoint.marks;
  // a store that never told anything has its first mark at once: without one it counts as empty
  if (link.markedAt === undefined) link.markedAt = (turn.at.monotonic - (own === 0 ? MARK_MILLIS : 0)) as MonotonicMillis;
  if (told.mark > partners) {
    endpoint.marks = { own, partners: told.mark };
    recordMarks(turn, relationship);
  }
  if (told.seen <= own) return;
  // a store that is whole again goes on from there
  endpoint.marks = { ...endpoint.marks, own: told.seen };
  recordMarks(turn, relationship);
  // an empty or restored store never told anything, and says so itself
  if (own > 0) distrustStore(turn, relationship);
}

/**
 * This store is older than what was told from it: an old disk was put back, or it is lost. What it says of leases may have been
 * overtaken, so it is refilled like an empty one (failover-12 §9.5.2): nobody is served until the partner has told us all that it knows,
 * whose word outweighs ours, and MCLT is over, by which ends what the partner never heard of.
 */
export function distrustStore(turn: Turn, relationship: Relationship): void {
  const { endpoint } = relationship;
  if (endpoint.isOld) return;
  turn.warn(`failover peer ${nameOf(relationship)}: this server's leases are older than what was told of them: an old disk was put back`);
  endpoint.storeIntact = false;
  // who has been alone may have served since, and what the two know is compared in a conflict
  if (endpoint.state === "PARTNER-DOWN") {
    recordEndpoint(turn, relationship);
    return;
  }
  endpoint.isOld = true;
  endpoint.requested = undefined;
  // the wait counts from now, whatever was on the disk
  endpoint.since = turn.at.now;
  enter(turn, relationship, "RECOVER");
}
