import type { FailoverPeer } from "../config/agent-config.ts";
import type { Lease } from "../leases/lease.ts";
import type { PoolId, PoolLayout } from "../leases/lease-view.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { EpochSeconds, MonotonicMillis } from "../values/time.ts";
import type { Transfer, UpdateQueue } from "./binding/queue.ts";
import type { Reclaim } from "./binding/reclaim.ts";
import type { Endpoint } from "./endpoint/state.ts";
import type { Link } from "./link/state.ts";

/** What the configuration says of one relationship. */
export interface RelationshipConfig {
  readonly peer: FailoverPeer;
  /** Its pools, with the shared network each belongs to. */
  readonly pools: readonly (PoolLayout & { readonly sharedNetwork: number; readonly networkName: string })[];
  /** `check-secs-byte-order`: clients that write `secs` the wrong way round are understood. */
  readonly checkSecsByteOrder?: boolean;
}

/** One relationship with a partner: everything about it but the leases. Mutable: `step` owns it. */
export interface Relationship {
  config: RelationshipConfig;
  poolIds: ReadonlySet<PoolId>;
  readonly endpoint: Endpoint;
  readonly link: Link;
  /** Leases the partner has yet to hear of or to acknowledge. */
  readonly updates: UpdateQueue;
  /** What the partner asked for by UPDREQ or UPDREQALL and has not had all of. */
  transfer: Transfer | undefined;
  /** Leases in PARTNER-DOWN that come free when their wait is over. */
  readonly reclaim: Reclaim;
  readonly balance: Balance;
  /** Addresses kept for one client each: they are nobody's to share out. */
  readonly reserved: Set<Ipv4Address>;
}

/** When free addresses were shared out last, and when next. */
export interface Balance {
  /** Of the last run; undefined if there was none since the start. */
  lastRunAt: EpochSeconds | undefined;
  nextRunAt: EpochSeconds | undefined;
  /** When that was worked out last: once a second is enough. */
  scheduledAt: EpochSeconds | undefined;
  /** A run stopped at its limit; it goes on when the updates of its first part are acknowledged. */
  unfinished: boolean;
}

export const isPrimary = (relationship: Relationship): boolean => relationship.config.peer.role === "primary";
export const nameOf = (relationship: Relationship): string => relationship.config.peer.name;
/** The status of available addresses that are ours, and the one that is the partner's. */
export const ownFree = (relationship: Relationship): "FREE" | "BACKUP" => (isPrimary(relationship) ? "FREE" : "BACKUP");
export const partnersFree = (relationship: Relationship): "FREE" | "BACKUP" => (isPrimary(relationship) ? "BACKUP" : "FREE");

/** Keeps count of addresses that are reserved. */
export function noteReserved({ reserved }: Relationship, { address, reserved: isReserved }: Pick<Lease, "address" | "reserved">): void {
  if (isReserved) reserved.add(address);
  else if (reserved.size > 0) reserved.delete(address);
}

/** Timers' moment for a lease time. */
export const monotonicOf = (time: EpochSeconds, at: { readonly now: EpochSeconds; readonly monotonic: MonotonicMillis }): MonotonicMillis =>
  (at.monotonic + (time - at.now) * 1000) as MonotonicMillis;
