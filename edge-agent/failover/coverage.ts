import type { FailoverTimes, Lease } from "../leases/lease.ts";
import type { PoolId } from "../leases/lease-view.ts";
import { type Ipv4Address, type Ipv4Range, inRange, ipv4 } from "../values/ipv4.ts";
import { NO_TIME } from "../values/time.ts";
import { endpointRecords, readEndpoint } from "./endpoint/state.ts";
import type { RelationshipConfig } from "./relationship.ts";
import type { Turn } from "./turn.ts";

/** Which addresses each relationship has: what a partner knows, and agreed to, holds beside that partner only. */
export type Coverage = readonly { readonly name: string; readonly ranges: readonly Ipv4Range[] }[];

/** Key of the {@link Coverage} by which this server last served. */
export const COVERAGE_KEY = "failover-coverage";

export const coverageOf = (configs: readonly RelationshipConfig[]): Coverage =>
  configs.map(({ peer, pools }) => ({ name: peer.name, ranges: pools.flatMap(({ ranges }) => ranges) }));

/** JSON in UTF-8, as other records that people may want to read: names, and first and last addresses as numbers. */
export const encodeCoverage = (coverage: Coverage): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(coverage.map(({ name, ranges }) => [name, ranges.map(({ first, last }) => [first, last])])));

/** None, if there is no record, or none that can be read. */
export function decodeCoverage(bytes: Uint8Array | undefined): Coverage {
  if (bytes === undefined) return [];
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(value) ? value.flatMap(readOne) : [];
  } catch {
    return [];
  }
}

function readOne(value: unknown): Coverage {
  if (!Array.isArray(value)) return [];
  const [name, ranges] = value as readonly unknown[];
  return typeof name === "string" && Array.isArray(ranges) ? [{ name, ranges: ranges.flatMap(readRange) }] : [];
}

function readRange(value: unknown): readonly Ipv4Range[] {
  if (!Array.isArray(value)) return [];
  const [first, last] = value as readonly unknown[];
  return typeof first === "number" && typeof last === "number" ? [{ first: ipv4(first), last: ipv4(last) }] : [];
}

/** Statuses that are a partner's, or wait for its word. */
const PARTNERS_WORD: ReadonlySet<Lease["status"]> = new Set(["EXPIRED", "RELEASED", "RESET", "BACKUP"]);
/** Of an address that nobody ever had, and of which the partner may think otherwise. */
const UNHEARD: FailoverTimes = { tstp: NO_TIME, tsfp: NO_TIME, atsfp: NO_TIME, owed: true, rewindStatus: "FREE" };

/** What of a lease holds without the partner that it was shared with: whatever the next one is to know is owed to it. */
function withoutPartner(lease: Lease): Lease {
  const status = PARTNERS_WORD.has(lease.status) ? "FREE" : lease.status;
  const neverUsed = status !== lease.status && lease.ends === NO_TIME;
  return { ...lease, status, failover: neverUsed ? UNHEARD : undefined };
}

/**
 * Addresses that a relationship had when this server last served, and that are in another now or in none, and addresses in none that still
 * wait for a partner: what the former partner agreed to is worth nothing any more. A relationship that is not configured any more, whose
 * addresses this server gives out without it, is on record as in PARTNER-DOWN from now on, which is what that comes to: configured again,
 * it lets its partner recover first, as it may have given away all that the partner still takes for its own.
 */
export function leavePartners(
  turn: Turn,
  before: Coverage,
  configs: readonly RelationshipConfig[],
  { alone, record }: { readonly alone: ReadonlySet<PoolId>; readonly record: (key: string) => Uint8Array | undefined },
): void {
  const names = new Map<PoolId, string>();
  for (const { peer, pools } of configs) for (const { id } of pools) names.set(id, peer.name);
  const unchanged = (name: string, { first, last }: Ipv4Range): boolean =>
    configs.some(
      (each) =>
        each.peer.name === name && each.pools.some(({ ranges }) => ranges.some((range) => range.first <= first && range.last >= last)),
    );
  const gone = before.flatMap(({ name, ranges }) => ranges.filter((range) => !unchanged(name, range)).map((range) => ({ name, range })));
  const waits = [...alone].some((id) => [...PARTNERS_WORD].some((status) => turn.view.counts(id)[status] > 0));
  if (gone.length === 0 && !waits) return;
  const wasOf = (address: Ipv4Address): string | undefined => gone.find(({ range }) => inRange(range, address))?.name;
  for (const { address } of turn.view.all()) {
    const pool = turn.view.poolOf(address);
    if (pool === undefined) continue;
    const lease = turn.lease(address);
    const former = wasOf(address);
    const hasLeft = former !== undefined && former !== names.get(pool) && lease.failover !== undefined;
    if (hasLeft || (alone.has(pool) && PARTNERS_WORD.has(lease.status))) turn.put(withoutPartner(lease));
  }
  const configured = new Set(configs.map(({ peer }) => peer.name));
  const served = (range: Ipv4Range): boolean => hasAny(turn, range, alone);
  for (const { name } of before)
    if (!configured.has(name) && gone.some((each) => each.name === name && served(each.range))) standAlone(turn, name, record);
}

/** Does one of these pools have an address of this range? */
function hasAny(turn: Turn, { first, last }: Ipv4Range, pools: ReadonlySet<PoolId>): boolean {
  for (let address = first as number; address <= last; address += 1) {
    const pool = turn.view.poolOf(ipv4(address));
    if (pool !== undefined && pools.has(pool)) return true;
  }
  return false;
}

function standAlone(turn: Turn, name: string, record: (key: string) => Uint8Array | undefined): void {
  const stored = readEndpoint(name, record);
  if (stored === undefined || stored.state === "PARTNER-DOWN") return;
  const { now } = turn.at;
  turn.warn(
    `failover peer ${name}: not configured any more, and its addresses are given out without it: configured again it begins in partner-down`,
  );
  for (const { key, value } of endpointRecords(name, { ...stored, state: "PARTNER-DOWN", since: now, partnerLastAlive: now }))
    turn.record(key, value);
}
