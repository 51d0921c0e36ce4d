import type { FailoverTimes, Lease } from "../leases/lease.ts";
import {
  after,
  type EpochSeconds,
  earliest,
  epochSeconds,
  INFINITE,
  latest,
  NEVER,
  NO_TIME,
  type Seconds,
  seconds,
} from "../values/time.ts";

/** A lease's times, or those that a record from before the pool had a partner stands for: all of it is owed. */
export function timesOf(lease: Lease): FailoverTimes {
  if (lease.failover !== undefined) return lease.failover;
  const used = lease.ends !== NO_TIME;
  return { tstp: lease.ends, tsfp: NO_TIME, atsfp: NO_TIME, owed: used, rewindStatus: used ? "FREE" : lease.status };
}

/**
 * How far the partner's promises and waits reach by its own record. It agreed to `tsfp`; what we have announced since may be less, and it
 * may have that already, though its acknowledgement is still to come. A release announces the lease's end.
 */
export function agreedHorizon(lease: Lease): EpochSeconds {
  const { failover } = lease;
  if (failover === undefined) return NO_TIME;
  return earliest(failover.tsfp, lease.status === "RELEASED" ? lease.ends : failover.tstp);
}

/**
 * Longest lease we may give at `now`. Seconds. Never beyond `mclt` past the horizon that the partner has agreed to
 * (failover-12 §5.2.1, §7.1.5); `desired` if that is shorter.
 */
export function grantable(lease: Lease | undefined, desired: Seconds, mclt: Seconds, now: EpochSeconds): Seconds {
  if (desired <= mclt) return desired;
  const agreed = lease === undefined ? NO_TIME : agreedHorizon(lease);
  if (agreed <= now) return mclt;
  if (agreed === NEVER) return desired;
  const longest = seconds(agreed - now + mclt);
  return desired < longest ? desired : longest;
}

/**
 * Potential-expiration-time to announce for a lease granted now until `ends` when the client wanted `desired`: it
 * reaches past the first renewal by all that was wanted, so that the renewal can have it (dhcpd; failover-12 §5.2.1).
 */
export function potentialExpiry(now: EpochSeconds, ends: EpochSeconds, desired: Seconds): EpochSeconds {
  if (desired === INFINITE || ends === NEVER) return NEVER;
  return epochSeconds(Math.min(now + desired + Math.floor(Math.max(0, ends - now) / 2), 0x7ffffffe));
}

/** Has the partner ever been told that this address is in use? If not, no promise of its binds us. */
const partnerKnows = (lease: Lease): boolean => {
  const seen = timesOf(lease).rewindStatus;
  return seen !== "FREE" && seen !== "BACKUP";
};

/**
 * In PARTNER-DOWN: when an address that was bound may go to another client (failover-12 §9.4.2): MCLT after the latest of
 * its end, every potential expiration the two servers ever told each other, and the partner's last sign of life. Later
 * than dhcpd, which forgets that the partner may have extended the lease without telling.
 */
export function reusableAt(lease: Lease, partnerLastAlive: EpochSeconds, mclt: Seconds): EpochSeconds {
  if (!partnerKnows(lease)) return lease.ends;
  const { tstp, tsfp } = timesOf(lease);
  return after(latest(lease.ends, tstp, tsfp, partnerLastAlive), mclt);
}

/** As {@link reusableAt} by what the partner has acknowledged alone: beyond what it never acknowledged it cannot have promised. */
export function promisedUntil(lease: Lease, partnerLastAlive: EpochSeconds, mclt: Seconds): EpochSeconds {
  if (!partnerKnows(lease)) return NO_TIME;
  return after(latest(timesOf(lease).tsfp, partnerLastAlive), mclt);
}

/** In PARTNER-DOWN: when an available address of the partner's may be given out: MCLT after it can have given it to anybody. */
export function takeableAt(lease: Lease | undefined, partnerLastAlive: EpochSeconds, mclt: Seconds): EpochSeconds {
  const times = lease?.failover;
  return after(latest(times?.tsfp ?? NO_TIME, times?.tstp ?? NO_TIME, partnerLastAlive), mclt);
}
