import type { MonotonicMillis } from "../values/time.ts";

/** Bounds that the safety argument rests on (docs/safety.md): how wrong a machine's measure of a duration may be, and how late a process may act. */
export const DRIFT = 0.01;
/** A process acts at most this long after it checked its right to. */
export const ACT_MILLIS = 5_000;

/** Heartbeats while the partner answers, and while it does not. */
export const CALM_BEAT_MILLIS = 20_000;
export const BUSY_BEAT_MILLIS = 5_000;

/** The longest partner lease there is. */
export const LONGEST_PEER_LEASE_MILLIS = 30_000;
/** How long one partner lease lasts: half the ledger lease, at most 30 s. */
export const peerLeaseMillis = (leaseMillis: number): number => Math.min(LONGEST_PEER_LEASE_MILLIS, Math.floor(leaseMillis / 2));

/**
 * How long an observer must see nothing before a lease of `lease` milliseconds, counted from before its renewal on a clock
 * that may run slow while ours runs fast, is over for certain. A lease that was given up (0) is over at once.
 */
export const silenceThatEnds = (lease: number): number =>
  lease === 0 ? 0 : Math.ceil((lease * (1 + DRIFT)) / (1 - DRIFT) / 1000 + 1) * 1000;

/** A wait of `millis` lengthened so that it is over on every clock within the drift, and past the last late act. */
export const safeWait = (millis: number): number => Math.ceil(millis * (1 + DRIFT)) + ACT_MILLIS;

export const laterBy = (start: MonotonicMillis, millis: number): MonotonicMillis => (start + millis) as MonotonicMillis;
