import type { Lease } from "../../leases/lease.ts";
import type { PoolId } from "../../leases/lease-view.ts";
import { epochSeconds, NO_TIME } from "../../values/time.ts";
import { isPartnersClient } from "../buckets.ts";
import { timesOf } from "../lease-times.ts";
import { isPrimary, ownFree, partnersFree, type Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { queueUpdate } from "./queue.ts";

/** One run gives away at most so many addresses of a pool; the rest follows when the partner has acknowledged these. */
const MOST_GIVEN = 512;
/** How many of our free addresses a run looks at for clients of the partner's. */
const MOST_LOOKED_AT = 4096;

interface Shares {
  readonly free: number;
  readonly backup: number;
  readonly total: number;
  /** Half of what we have more than the partner: to give away if positive. */
  readonly leasesToSend: number;
  readonly thresh: number;
  readonly hold: number;
}

function shares(turn: Turn, relationship: Relationship, pool: PoolId): Shares {
  const kept = { FREE: 0, BACKUP: 0 };
  for (const address of relationship.reserved) {
    const { status } = turn.lease(address);
    if ((status === "FREE" || status === "BACKUP") && turn.view.poolOf(address) === pool) kept[status] += 1;
  }
  const free = turn.count(pool, "FREE") - kept.FREE;
  const backup = turn.count(pool, "BACKUP") - kept.BACKUP;
  const total = free + backup;
  const more = isPrimary(relationship) ? free - backup : backup - free;
  const { maxLeaseMisbalance, maxLeaseOwnership } = relationship.config.peer;
  const share = (percent: number) => Math.floor((total * percent + 50) / 100);
  return { free, backup, total, leasesToSend: Math.trunc(more / 2), thresh: share(maxLeaseMisbalance), hold: share(maxLeaseOwnership) };
}

/**
 * Shares out the free addresses of every pool (failover-12 §5.4, as dhcpd does it): clients of the partner's first, then
 * the longest unused. Gives how many addresses went to the partner, and whether it has too many of them for our taste.
 */
export function balancePools(turn: Turn, relationship: Relationship): { readonly given: number; readonly wants: boolean } {
  const { balance, endpoint } = relationship;
  if (endpoint.state !== "NORMAL" || endpoint.startupUntil !== undefined) return { given: 0, wants: false };
  let given = 0;
  let wants = false;
  balance.unfinished = false;
  for (const { id, networkName } of relationship.config.pools) {
    const before = shares(turn, relationship, id);
    if (before.total === 0) continue;
    logBalance(turn, `balancing pool ${id.toString(16)} ${networkName}`, before, `max-own (+/-)${before.hold}`);
    const mine = givePool(turn, relationship, id, before);
    given += mine;
    if (mine >= MOST_GIVEN) balance.unfinished = true;
    if (before.leasesToSend < (before.thresh === 0 ? -1 : -2 * before.thresh)) wants = true;
    logBalance(turn, `balanced pool ${id.toString(16)} ${networkName}`, shares(turn, relationship, id), `max-misbal ${before.thresh}`);
  }
  balance.lastRunAt = turn.at.now;
  balance.nextRunAt = undefined;
  balance.scheduledAt = undefined;
  scheduleBalance(turn, relationship);
  return { given, wants };
}

function logBalance(turn: Turn, head: string, { free, backup, total, leasesToSend }: Shares, bound: string): void {
  turn.log(`${head}  total ${total}  free ${free}  backup ${backup}  lts ${leasesToSend}  ${bound}`);
}

function givePool(turn: Turn, relationship: Relationship, pool: PoolId, { leasesToSend, hold }: Shares): number {
  const own = ownFree(relationship);
  let toSend = leasesToSend;
  let given = 0;
  let looked = 0;
  const give = (lease: Lease) => {
    giveAway(turn, relationship, lease);
    toSend -= 1;
    given += 1;
  };
  // never-used addresses from the end from which each server gives them to clients (dhcpd)
  const order = isPrimary(relationship) ? "ascending" : "descending";
  for (const address of turn.view.oldest(pool, own, order)) {
    looked += 1;
    if (toSend <= -hold || given >= MOST_GIVEN || looked > MOST_LOOKED_AT) break;
    const lease = turn.lease(address);
    if (lease.status === own && !lease.reserved && isPartnersClient(relationship, lease) && !turn.promised(address)) give(lease);
  }
  if (toSend <= 0) return given;
  for (const address of turn.view.oldest(pool, own, order)) {
    const lease = turn.lease(address);
    if (given >= MOST_GIVEN || toSend <= (lease.ends === NO_TIME ? 0 : hold)) break;
    if (lease.status === own && !lease.reserved && !turn.promised(address)) give(lease);
  }
  return given;
}

/** Makes a free address of ours the partner's, which learns it by BNDUPD. */
function giveAway(turn: Turn, relationship: Relationship, lease: Lease): void {
  const { now } = turn.at;
  const times = timesOf(lease);
  const failover = { ...times, tstp: now, atsfp: NO_TIME, owed: true };
  turn.put({ ...lease, status: partnersFree(relationship), starts: now, hostname: undefined, failover });
  queueUpdate(relationship.updates, lease.address);
}

/**
 * An address has just come free here: if its last client is the partner's, and the partner has not got too many already,
 * the primary hands it over at once, so that the client finds it there (dhcpd).
 */
export function freedToItsOwner(turn: Turn, relationship: Relationship, lease: Lease): void {
  if (!isPrimary(relationship) || lease.status !== "FREE" || lease.reserved || !isPartnersClient(relationship, lease)) return;
  const pool = turn.view.poolOf(lease.address);
  if (pool === undefined) return;
  const { leasesToSend, hold } = shares(turn, relationship, pool);
  if (leasesToSend > -hold) giveAway(turn, relationship, lease);
}

/** Sets or moves up the time of the next run: the sooner, the less time the oldest free addresses have been unused (dhcpd's formula). */
export function scheduleBalance(turn: Turn, relationship: Relationship): void {
  const { balance, config } = relationship;
  const { now } = turn.at;
  if (relationship.endpoint.state !== "NORMAL" || balance.scheduledAt === now) return;
  balance.scheduledAt = now;
  const { maxLeaseMisbalance, maxBalance, minBalance } = config.peer;
  let wait = maxBalance as number;
  for (const { id } of config.pools) {
    const own = (idleSeconds(turn, id, ownFree(relationship)) * maxLeaseMisbalance * 2) / 100;
    const theirs = (idleSeconds(turn, id, partnersFree(relationship)) * maxLeaseMisbalance) / 100;
    wait = Math.min(wait, Math.floor(own), Math.floor(theirs));
  }
  const earliestRun = balance.lastRunAt === undefined ? now : balance.lastRunAt + minBalance;
  const at = epochSeconds(Math.max(now + wait, earliestRun) + turn.chance(5));
  if (balance.nextRunAt === undefined || at < balance.nextRunAt) balance.nextRunAt = at;
}

/** How long the longest unused address of this status has been so; 0 if there is none. Seconds. */
function idleSeconds(turn: Turn, pool: PoolId, status: "FREE" | "BACKUP"): number {
  for (const address of turn.view.oldest(pool, status, "ascending")) return Math.max(0, turn.at.now - turn.lease(address).ends);
  return 0;
}
