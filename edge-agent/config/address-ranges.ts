import { contains, formatIpv4, type Ipv4Address, ipv4 } from "../values/ipv4.ts";
import type { Permit, PoolRange } from "./agent-config.ts";
import type { NetworkDraft, PoolDraft, SubnetDraft } from "./drafts.ts";
import type { Location } from "./location.ts";
import type { ParseContext, Place } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";
import { ipv4Value } from "./values.ts";

/** More addresses than dhcpd can hold in one range (its count of bytes for their leases exceeds 32 bits). */
const LARGEST_RANGE = 11_000_000;
/** Of a range that overlaps another so many addresses are told. */
const MOST_SAID = 500;

/** `range dynamic-bootp FIRST LAST;`, after `range`, in a pool or, without one, in a subnet. */
export function addressRange(context: ParseContext, reader: TokenReader, place: Place, pool: PoolDraft | undefined): void {
  const location = reader.location;
  const dynamicBootp = reader.accept("dynamic-bootp");
  const low = ipv4Value(reader);
  if (low === undefined) return;
  const high = reader.peek().type === ";" ? low : ipv4Value(reader);
  if (high === undefined || !reader.semicolon()) return;
  const network = place.network;
  const subnet = place.subnet ?? network?.subnets.find((one) => contains(one.network, low));
  if (network === undefined || subnet === undefined) {
    reader.fail(`address range not on network ${network?.name ?? ""}`, "place pool statements after the subnets that they belong to");
    reader.goOn("Be sure to place pool statement after related subnet declarations.");
    return;
  }
  const target = pool ?? implicitPool(context, network, dynamicBootp, location);
  if (target.failoverPeer !== undefined && dynamicBootp) {
    reader.fail(
      "dynamic-bootp flag is not permitted for address range declarations where there is a failover peer in scope",
      "BOOTP leases never end, so a partner cannot share them: move the range to a pool of its own, without failover",
    );
  }
  enterRange(context, reader, subnet, target, { ...inOrder(low, high), dynamicBootp, location });
}

/** A range may be written from high to low. */
const inOrder = (one: Ipv4Address, other: Ipv4Address): { first: Ipv4Address; last: Ipv4Address } => ({
  first: ipv4(Math.min(one, other)),
  last: ipv4(Math.max(one, other)),
});

function enterRange(context: ParseContext, reader: TokenReader, subnet: SubnetDraft, pool: PoolDraft, range: PoolRange): void {
  const { network } = subnet;
  const stray = [range.first, range.last].find((address) => !contains(network, address));
  if (stray !== undefined) {
    const text = `subnet ${formatIpv4(network.address)} netmask ${formatIpv4(network.mask)}`;
    reader.failAtOnce(`bad range, address ${formatIpv4(stray)} not in ${text}`);
    return;
  }
  if (range.last - range.first >= LARGEST_RANGE) {
    reader.fail(`${formatIpv4(range.first)}-${formatIpv4(range.last)} is an overly large address range.`);
    return;
  }
  if (isTaken(context, reader, range)) {
    // dhcpd has the pool's addresses all the same
    if (reader.likeDhcpd) pool.ranges.push(range);
    return;
  }
  context.rangeIndex.add(range);
  pool.ranges.push(range);
}

/** Has another range an address of this one? Says so. */
function isTaken(context: ParseContext, reader: TokenReader, range: PoolRange): boolean {
  for (const other of context.rangeIndex.overlapping(range.first, range.last)) {
    const first = ipv4(Math.max(range.first, other.first));
    reader.fail(
      `lease ${formatIpv4(first)} is declared twice!`,
      `the range on line ${other.location.line} of ${other.location.file} has it too`,
    );
    if (reader.likeDhcpd) {
      // dhcpd says it of each address
      const last = Math.min(range.last, other.last, first + MOST_SAID);
      for (let next = first + 1; next <= last; next += 1) reader.fail(`lease ${formatIpv4(ipv4(next))} is declared twice!`);
    }
    return true;
  }
  return false;
}

/**
 * Ranges outside any pool share one for each kind: BOOTP clients may have addresses of `dynamic-bootp` ranges only. As with dhcpd, a
 * declared pool that says just that is found as well; and of the pool found, the one before it is taken, if there is one.
 */
function implicitPool(context: ParseContext, network: NetworkDraft, dynamicBootp: boolean, location: Location): PoolDraft {
  const { pools } = network;
  const found = pools.findIndex(({ permit, prohibit }) =>
    dynamicBootp
      ? isJust(permit, "all-clients") && prohibit.length === 0
      : permit.length === 0 && isJust(prohibit, "dynamic-bootp-clients"),
  );
  const existing = pools[found - 1] ?? pools[found];
  if (existing !== undefined) return existing;
  const pool: PoolDraft = {
    scope: context.newScope("pool", network.name, network.scope, location),
    ranges: [],
    permit: dynamicBootp ? [{ kind: "all-clients" }] : [],
    prohibit: dynamicBootp ? [] : [{ kind: "dynamic-bootp-clients" }],
    failoverPeer: undefined,
    implicit: true,
  };
  network.pools.push(pool);
  return pool;
}

const isJust = (list: readonly Permit[], kind: Permit["kind"]): boolean => list.length === 1 && list[0]?.kind === kind;
