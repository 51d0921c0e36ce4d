import { waitedMclt } from "../failover/endpoint/state.ts";
import { timesOf } from "../failover/lease-times.ts";
import type { Relationship } from "../failover/relationship.ts";
import { onLeaseChanged } from "../failover/step.ts";
import type { Turn } from "../failover/turn.ts";
import { type Lease, neverUsed } from "../leases/lease.ts";
import { type BindingEvent, bindingEvent, clientName, decodeEvent, ledgerTime } from "../ledger/binding-event.ts";
import type { CurrentRow } from "../ledger/calls.ts";
import type { Outbox, OutboxReader } from "../ledger/outbox.ts";
import type { Exchange } from "../server/exchange.ts";
import { ETHERNET, type HardwareAddress } from "../values/hardware-address.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import { type EpochSeconds, epochSeconds, latest, NEVER, NO_TIME } from "../values/time.ts";

interface CatchUp {
  /** This server's name in the ledger. */
  readonly server: string;
  readonly rows: readonly CurrentRow[];
  readonly relationship: Relationship;
  readonly turn: Turn;
  readonly exchange: Exchange;
  readonly outbox: Outbox;
  readonly read: OutboxReader;
  readonly epoch: number;
}

/** More entries than that are not looked through for what is on its way to the ledger. */
const MOST_PENDING = 100_000;

/**
 * Merges the current rows of the ledger into the leases: what the partner had mirrored and never told us keeps its client, and is not
 * given away before its time. Gives the addresses that changed, and what we know of the partner's and the ledger lacks.
 */
export function mergeRows(given: CatchUp): { readonly merged: readonly Ipv4Address[]; readonly lacking: readonly BindingEvent[] } {
  const { rows, relationship, turn, exchange, server } = given;
  const merged: Ipv4Address[] = [];
  const known = new Map<Ipv4Address, CurrentRow>();
  for (const row of rows) {
    known.set(row.address, row);
    const pool = turn.view.poolOf(row.address);
    if (pool === undefined || !relationship.poolIds.has(pool)) continue;
    const before = turn.lease(row.address);
    const seen = {
      isOwn: row.server === server,
      wallOffset: exchange.at.wallOffset,
      mclt: waitedMclt(relationship.endpoint),
      now: turn.at.now,
    };
    const next = mergedLease(before, row, seen);
    if (next === undefined) continue;
    exchange.state.billing.changed(before, next);
    turn.seed(next);
    onLeaseChanged(turn, relationship, next);
    merged.push(row.address);
  }
  return { merged, lacking: lackingEvents(given, known, new Set(merged)) };
}

/** A time of the ledger's, milliseconds, on the lease clock. */
export function leaseTime(millis: number, wallOffset: number): EpochSeconds {
  const seconds = Math.floor(millis / 1000);
  return seconds >= NEVER ? NEVER : epochSeconds(Math.max(0, seconds - wallOffset));
}

/**
 * The record as the row makes it; undefined where the row says nothing that we do not know. The partner has agreed to what it wrote itself;
 * what this server wrote (`isOwn`) it may never have heard of: that is announced, no more.
 */
export function mergedLease(
  before: Lease | undefined,
  row: CurrentRow,
  {
    isOwn,
    wallOffset,
    mclt,
    now,
  }: { readonly isOwn: boolean; readonly wallOffset: number; readonly mclt: number; readonly now: EpochSeconds },
): Lease | undefined {
  const time = (millis: number): EpochSeconds => leaseTime(millis, wallOffset);
  if (row.status !== "ACTIVE") return undefined;
  const starts = time(row.startsMillis);
  const ends = time(row.expiresMillis);
  const horizon = latest(ends, time(row.potentialMillis));
  if (horizon !== NEVER && horizon + mclt <= now) return undefined;
  const lease = before ?? neverUsed(row.address);
  const times = timesOf(lease);
  if (lease.status === "ACTIVE" && clientName(lease) === row.client) {
    if (ends <= lease.ends && horizon <= (isOwn ? latest(times.tstp, times.tsfp) : times.tsfp)) return undefined;
    const told = isOwn ? { tstp: latest(horizon, times.tstp), owed: true } : { tsfp: latest(horizon, times.tsfp) };
    return { ...lease, ends: latest(ends, lease.ends), failover: { ...times, ...told } };
  }
  // ours is younger: the partner heard of it, or will
  if (lease.ends !== NO_TIME && Math.max(lease.cltt, lease.starts) >= starts) return undefined;
  const who = clientOf(row.client);
  if (who === undefined) return undefined;
  // a lease that has ended comes free when the partner has heard of that
  const hasEnded = ends <= now;
  return {
    ...neverUsed(row.address),
    ...who,
    status: hasEnded ? "EXPIRED" : "ACTIVE",
    starts,
    ends,
    cltt: starts,
    hostname: row.hostname,
    reserved: lease.reserved,
    failover: isOwn
      ? { tstp: horizon, tsfp: NO_TIME, atsfp: NO_TIME, owed: true, rewindStatus: "ACTIVE" }
      : { tstp: ends, tsfp: horizon, atsfp: NO_TIME, owed: hasEnded, rewindStatus: "ACTIVE" },
  };
}

/** Bindings of the partner's that it told us of and that are not in the ledger: reported on its behalf. */
function lackingEvents(
  { relationship, turn, outbox, read, epoch, exchange }: CatchUp,
  known: ReadonlyMap<Ipv4Address, CurrentRow>,
  merged: ReadonlySet<Ipv4Address>,
): readonly BindingEvent[] {
  const pending = pendingIn(outbox, read);
  const lacking: BindingEvent[] = [];
  const { wallOffset, now } = exchange.at;
  for (const lease of turn.view.all()) {
    const pool = turn.view.poolOf(lease.address);
    if (pool === undefined || !relationship.poolIds.has(pool) || lease.status !== "ACTIVE" || lease.ends <= now) continue;
    if (merged.has(lease.address) || pending.has(lease.address)) continue;
    const row = known.get(lease.address);
    const expires = ledgerTime(lease.ends, wallOffset);
    if (row !== undefined && row.client === clientName(lease) && row.expiresMillis + 1000 >= expires) continue;
    const wallMillis = (Math.max(lease.cltt, lease.starts) + wallOffset) * 1000;
    const event = bindingEvent(undefined, lease, { wallMillis, wallOffset, epoch, fromPartner: true });
    if (event !== undefined) lacking.push(event);
  }
  return lacking;
}

/** Addresses of which something is on its way to the ledger. */
export const pendingIn = (outbox: Outbox, read: OutboxReader): ReadonlySet<number> =>
  new Set(read(outbox.lane, outbox.ack, MOST_PENDING).map(({ value }) => decodeEvent(value)?.address ?? 0));

/** The client of a row, as far as its name tells. */
export function clientOf(
  name: string,
): { readonly clientId: Uint8Array | undefined; readonly hardware: HardwareAddress | undefined } | undefined {
  const [kind, first = "", second] = name.split(":");
  if (kind === "i") {
    const clientId = unhex(first);
    return clientId === undefined ? undefined : { clientId, hardware: hardwareIn(clientId) };
  }
  const bytes = unhex(second ?? "");
  if (kind !== "m" || bytes === undefined || !/^\d{1,3}$/.test(first)) return undefined;
  return { clientId: undefined, hardware: { htype: Number(first), bytes } };
}

/**
 * The hardware address that a client identifier of the usual form is made of (RFC 2132 §9.14). The partner takes no binding without
 * one: for other identifiers there is one that no client has, until the client speaks for itself.
 */
const hardwareIn = (clientId: Uint8Array): HardwareAddress =>
  clientId[0] === ETHERNET && clientId.length === 7 ? { htype: ETHERNET, bytes: clientId.subarray(1) } : NOBODYS;
const NOBODYS: HardwareAddress = { htype: 0, bytes: Uint8Array.of(0) };

function unhex(text: string): Uint8Array | undefined {
  if (text.length === 0 || text.length > 510 || !/^(?:[0-9a-f]{2})+$/.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => Number.parseInt(text.slice(2 * index, 2 * index + 2), 16));
}
