import type { Brand } from "./brand.ts";

/**
 * Seconds since 1970-01-01 UTC on the agent's lease clock. The lease clock never goes back and never jumps: it follows
 * elapsed time, and {@link Instant.wallOffset} tells how far the wall clock is from it (0 unless somebody set the clock).
 */
export type EpochSeconds = Brand<number, "EpochSeconds">;
/** A length of time in whole seconds, never negative. */
export type Seconds = Brand<number, "Seconds">;
/** Milliseconds of elapsed time since some fixed moment of this boot, suspend included; drives timers. */
export type MonotonicMillis = Brand<number, "MonotonicMillis">;

/** The moment at which an event happened; every event carries one, nothing in the core reads a clock. */
export interface Instant {
  readonly now: EpochSeconds;
  readonly monotonic: MonotonicMillis;
  /** Wall-clock seconds minus lease-clock seconds. Add it to times that leave us (wire, files, screens). */
  readonly wallOffset: number;
}

/** Later than every time: an infinite lease (RFC 2131 §3.3). On ISC's failover wire it is 0x7fffffff. */
export const NEVER = 0xffffffff as EpochSeconds;
/** "No such time": what a lease that was never used has in its times. */
export const NO_TIME = 0 as EpochSeconds;
/** The lease-time option's "infinity" (RFC 2131 §3.3). */
export const INFINITE = 0xffffffff as Seconds;

export const epochSeconds = (value: number): EpochSeconds => Math.min(Math.max(0, Math.trunc(value)), NEVER) as EpochSeconds;
export const seconds = (value: number): Seconds => Math.min(Math.max(0, Math.trunc(value)), INFINITE) as Seconds;
export const monotonicMillis = (value: number): MonotonicMillis => value as MonotonicMillis;

/** `start + wait`; an infinite wait or start gives NEVER. */
export const after = (start: EpochSeconds, wait: Seconds): EpochSeconds =>
  start === NEVER || wait === INFINITE ? NEVER : (Math.min(start + wait, NEVER - 1) as EpochSeconds);
/** Seconds from `from` to `to`; 0 if `to` is not later, INFINITE if it is NEVER. */
export const secondsBetween = (from: EpochSeconds, to: EpochSeconds): Seconds =>
  to === NEVER ? INFINITE : (Math.max(0, to - from) as Seconds);
export const latest = (...times: readonly EpochSeconds[]): EpochSeconds => Math.max(0, ...times) as EpochSeconds;
export const earliest = (...times: readonly EpochSeconds[]): EpochSeconds => Math.min(NEVER, ...times) as EpochSeconds;
