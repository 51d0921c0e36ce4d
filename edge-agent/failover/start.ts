import type { FailoverPeer } from "../config/agent-config.ts";
import { sameBytes } from "../values/hardware-address.ts";
import { type Instant, seconds } from "../values/time.ts";
import { balancePools } from "./binding/pool.ts";
import { emptyQueue, queueUpdate } from "./binding/queue.ts";
import { Reclaim } from "./binding/reclaim.ts";
import { decodeMarks, hasOtherRole, marksKey, printed, readEndpoint, startEndpoint, takeMclt } from "./endpoint/state.ts";
import { recordEndpoint } from "./endpoint/step.ts";
import { timesOf } from "./lease-times.ts";
import { dropConnection } from "./link/connections.ts";
import { sendNew } from "./link/send.ts";
import { startLink } from "./link/state.ts";
import { noteReserved, type Relationship, type RelationshipConfig } from "./relationship.ts";
import type { Turn } from "./turn.ts";

/**
 * The relationships at start: states from their records, and from the leases what the partners have not acknowledged
 * (one walk through all leases). Each listens and connects at once.
 */
export function startRelationships(
  turn: Turn,
  configs: readonly RelationshipConfig[],
  record: (key: string) => Uint8Array | undefined,
): Map<string, Relationship> {
  const relationships = new Map<string, Relationship>();
  for (const config of configs) {
    const relationship = startRelationship(config, record, turn.at);
    relationships.set(config.peer.name, relationship);
    if (hasOtherRole(readEndpoint(config.peer.name, record), relationship.endpoint) && relationship.endpoint.state === "RECOVER")
      turn.warn(`failover peer ${config.peer.name}: ${ROLE_CHANGED[config.peer.role]}`);
    turn.log(`failover peer ${config.peer.name}: I move from ${printed(relationship.endpoint.state)} to startup`);
    turn.effect({ kind: "failover-listen", peer: config.peer.name });
    recordEndpoint(turn, relationship);
  }
  queueOwed(turn, relationships);
  return relationships;
}

/** What to do where the partner does not come is said too: this server serves nobody until then. */
const ROLE_CHANGED = {
  primary:
    "this server was the secondary; it serves when it has heard from its partner, which must be the secondary, or is told partner-down",
  secondary:
    "this server was the primary; it serves when it has heard from its partner, which must be the primary, or is told partner-down",
} as const;

function startRelationship(config: RelationshipConfig, record: (key: string) => Uint8Array | undefined, at: Instant): Relationship {
  const { peer } = config;
  const marks = decodeMarks(record(marksKey(peer.name)));
  const { role } = peer;
  const own = role === "primary" ? { role, mclt: peer.mclt ?? seconds(0), hba: peer.hba } : { role, mclt: seconds(0), hba: undefined };
  const endpoint = startEndpoint(readEndpoint(peer.name, record), own, at.now, marks);
  // a former primary's: as secondary it would wait there for ever, and a dhcpd that resolves the conflict takes itself out of service
  if (peer.role === "secondary" && endpoint.state === "CONFLICT-DONE") endpoint.state = "RESOLUTION-INTERRUPTED";
  return {
    config,
    poolIds: new Set(config.pools.map(({ id }) => id)),
    endpoint,
    link: startLink(peer.maxUnackedUpdates),
    updates: emptyQueue(),
    transfer: undefined,
    reclaim: new Reclaim(),
    balance: { lastRunAt: undefined, nextRunAt: undefined, scheduledAt: undefined, unfinished: false },
    reserved: new Set(),
  };
}

/** Queues every lease whose owner has it still to tell: the marks in the leases are the durable truth. */
function queueOwed(turn: Turn, relationships: ReadonlyMap<string, Relationship>): void {
  if (relationships.size === 0) return;
  const { view } = turn;
  for (const known of view.all()) {
    const lease = turn.changed(known.address) ? turn.lease(known.address) : known;
    const { owed } = timesOf(lease);
    if (!owed && !lease.reserved) continue;
    const pool = view.poolOf(lease.address);
    if (pool === undefined) continue;
    for (const relationship of relationships.values()) {
      if (!relationship.poolIds.has(pool)) continue;
      if (owed && !relationship.updates.unacked.has(lease.address)) queueUpdate(relationship.updates, lease.address);
      noteReserved(relationship, lease);
    }
  }
}

/** Ends a relationship that the configuration no longer has, or that must begin anew: its connections are closed. */
export function resetRelationship(turn: Turn, relationship: Relationship): void {
  for (const id of relationship.link.connections.keys()) turn.effect({ kind: "failover-close", link: id });
  relationship.link.connections.clear();
  relationship.link.up = undefined;
}

/** Takes a changed configuration in; false if it is another relationship by the same name (role, addresses), which must begin anew. */
export function reconfigureRelationship(turn: Turn, relationship: Relationship, next: RelationshipConfig): boolean {
  const { peer: old } = relationship.config;
  const { peer } = next;
  const same =
    old.role === peer.role &&
    old.address === peer.address &&
    old.port === peer.port &&
    old.peerAddress === peer.peerAddress &&
    old.peerPort === peer.peerPort;
  if (!same) return false;
  const joined = hasJoined(relationship.config, next);
  relationship.config = next;
  relationship.poolIds = new Set(next.pools.map(({ id }) => id));
  if (peer.role === "primary") {
    if (peer.mclt !== undefined) takeMclt(relationship.endpoint, peer.mclt, relationship.endpoint.partner !== "UNKNOWN");
    relationship.endpoint.hba = peer.hba ?? relationship.endpoint.hba;
  }
  recordEndpoint(turn, relationship);
  // leases of a pool that has just come to failover are still to be told
  queueOwed(turn, new Map([[peer.name, relationship]]));
  if (joined) takeIn(turn, relationship);
  if (announcesTheSame(old, peer)) return true;
  // what CONNECT says has changed, so it is said again: a partner with other buckets would leave clients to nobody
  const { link } = relationship;
  link.ownMaxUnacked = peer.maxUnackedUpdates;
  for (const connection of [...link.connections.values()]) dropConnection(turn, relationship, connection, "the configuration has changed");
  link.dialAt = turn.at.monotonic;
  return true;
}

/** Has the relationship addresses that it did not have before? */
function hasJoined(before: RelationshipConfig, after: RelationshipConfig): boolean {
  const rangesOf = ({ pools }: RelationshipConfig) => pools.flatMap(({ ranges }) => ranges.map(({ first, last }) => `${first}-${last}`));
  const known = new Set(rangesOf(before));
  return rangesOf(after).some((range) => !known.has(range));
}

/** Addresses have joined while the partner is there: what one of us would not hear of them before is told again, and they are shared out. */
function takeIn(turn: Turn, relationship: Relationship): void {
  const { updates, link, endpoint } = relationship;
  for (const address of [...updates.refused]) queueUpdate(updates, address);
  if (link.up === undefined || !endpoint.communicating) return;
  sendNew(turn, link.up, "UPDREQ", {});
  balancePools(turn, relationship);
}

const announcesTheSame = (old: FailoverPeer, next: FailoverPeer): boolean =>
  old.mclt === next.mclt &&
  sameBytes(old.hba, next.hba) &&
  old.maxResponseDelay === next.maxResponseDelay &&
  old.maxUnackedUpdates === next.maxUnackedUpdates;
