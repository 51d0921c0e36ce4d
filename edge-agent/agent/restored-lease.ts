import { type Lease, neverUsed } from "../leases/lease.ts";
import type { CurrentRow } from "../ledger/calls.ts";
import { type EpochSeconds, latest, NO_TIME } from "../values/time.ts";
import { clientOf, leaseTime } from "./ledger-catch-up.ts";

/**
 * The record of an address as the ledger last knew it, for a store that lost everything: who has it or had it, whose share a free one
 * is in, what is abandoned or reserved. What the partner agreed to is not known, so it counts as agreed to all that was promised, and
 * as not having heard of anything. Undefined for a row that cannot be read.
 */
export function restoredLease(row: CurrentRow, wallOffset: number, now: EpochSeconds): Lease | undefined {
  const status = STATUSES.find((each) => each === row.status);
  // an abandoned address is nobody's: the row names who had it last
  const who = row.client === "" || status === "ABANDONED" ? { clientId: undefined, hardware: undefined } : clientOf(row.client);
  if (status === undefined || who === undefined) return undefined;
  const starts = leaseTime(row.startsMillis, wallOffset);
  const ends = leaseTime(row.expiresMillis, wallOffset);
  const horizon = latest(ends, leaseTime(row.potentialMillis, wallOffset));
  const isFree = status === "FREE" || status === "BACKUP";
  return {
    ...neverUsed(row.address),
    ...who,
    status: status === "ACTIVE" && ends <= now ? "EXPIRED" : status,
    starts,
    ends,
    cltt: starts,
    hostname: row.hostname,
    reserved: row.reserved,
    failover: {
      tstp: isFree ? ends : horizon,
      tsfp: isFree ? NO_TIME : horizon,
      atsfp: NO_TIME,
      owed: true,
      rewindStatus: isFree ? status : "ACTIVE",
    },
  };
}

const STATUSES = ["FREE", "ACTIVE", "EXPIRED", "RELEASED", "ABANDONED", "RESET", "BACKUP"] as const;
