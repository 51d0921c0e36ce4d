import type { MonotonicMillis } from "../values/time.ts";
import { laterBy } from "./lengths.ts";

export type Mode = "PAIR" | "SOLE" | "DOWN";

/**
 * The right to serve, from two grantors: the ledger (a heartbeat that succeeded) and the partner (a message of ours that it
 * answered). Each lease counts from before the call or message left, never from the answer. Nothing of it survives a restart.
 */
export interface ServingLease {
  readonly mode: Mode;
  readonly ledgerUntil: MonotonicMillis | undefined;
  readonly peerUntil: MonotonicMillis | undefined;
  /** The partner lease may not be used: our own item says that another incarnation or the partner was chosen. */
  readonly revoked: boolean;
  /** Until then another incarnation of this server, on another machine, may still serve: nobody is served. */
  readonly restUntil?: MonotonicMillis | undefined;
}

export const noLease = (mode: Mode): ServingLease => ({ mode, ledgerUntil: undefined, peerUntil: undefined, revoked: mode === "DOWN" });

/** Whatever was promised is void until it is renewed: our measure of time is in doubt. */
export const suspended = (lease: ServingLease): ServingLease => ({ ...lease, ledgerUntil: undefined, peerUntil: undefined });

/** A heartbeat, mirror or claim begun at `begunAt` succeeded. */
export const renewedByLedger = (lease: ServingLease, begunAt: MonotonicMillis, leaseMillis: number): ServingLease =>
  lease.mode === "DOWN" ? lease : { ...lease, ledgerUntil: later(lease.ledgerUntil, laterBy(begunAt, leaseMillis)) };

/** The ledger is told of a shorter lease: the one that runs must be over when the partner's wait for the shorter one is. */
export const endingBy = (lease: ServingLease, latest: MonotonicMillis): ServingLease =>
  lease.ledgerUntil === undefined || lease.ledgerUntil <= latest ? lease : { ...lease, ledgerUntil: latest };

/** The partner answered a message that left at `sentAt`. */
export const renewedByPeer = (lease: ServingLease, sentAt: MonotonicMillis, leaseMillis: number): ServingLease =>
  lease.revoked ? lease : { ...lease, peerUntil: later(lease.peerUntil, laterBy(sentAt, leaseMillis)) };

/** The ledger says that this server is DOWN, or another process has taken its place: both leases end at once. */
export const revoked = (mode: Mode): ServingLease => ({ mode, ledgerUntil: undefined, peerUntil: undefined, revoked: true });

export type Service = "full" | "run-down" | "none";

/** What a server may do when it holds no lease: renew known clients within what was acknowledged, or nothing. */
export type ColdStart = "run-down" | "fence";

/**
 * May we serve at `now`? "run-down" renews known clients for their known addresses only, never past the acknowledged
 * potential expiry plus MCLT (before which a partner may not give the address away in any case).
 */
export function serviceAt(lease: ServingLease, now: MonotonicMillis, coldStart: ColdStart): Service {
  if (lease.revoked || lease.mode === "DOWN") return "none";
  if (lease.restUntil !== undefined && now < lease.restUntil) return "none";
  if (lease.mode === "SOLE") return "full";
  const until = later(lease.ledgerUntil, lease.peerUntil);
  if (until !== undefined && now < until) return "full";
  return coldStart === "run-down" ? "run-down" : "none";
}

/** When the right to serve fully ends unless it is renewed; undefined when it has ended, or never does (SOLE). */
export const leaseEnd = (lease: ServingLease): MonotonicMillis | undefined =>
  lease.mode === "PAIR" && !lease.revoked ? later(lease.ledgerUntil, lease.peerUntil) : undefined;

const later = (left: MonotonicMillis | undefined, right: MonotonicMillis | undefined): MonotonicMillis | undefined => {
  if (left === undefined) return right;
  return right === undefined || left > right ? left : right;
};
