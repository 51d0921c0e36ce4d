import type { AgentConfig, Pool, Subnet } from "../config/agent-config.ts";
import { formatLocation, type Location } from "../config/location.ts";
import { scopesForAddress } from "../config/scope-chain.ts";
import { contains, formatIpv4, ipv4 } from "../values/ipv4.ts";
import { type Difference, SILENT, settingDiffers } from "./difference.ts";
import { permitText } from "./explain.ts";
import { differingMeanings, type Meaning, meaningsOf } from "./meaning.ts";

/** A run of addresses of one shared pool. */
interface Piece {
  readonly first: number;
  readonly last: number;
  readonly pool: Pool;
  readonly dynamicBootp: boolean;
  readonly location: Location;
}

/** What the two files say differently of the addresses that they share through failover. */
export function* comparePools(here: AgentConfig, there: AgentConfig): Iterable<Difference> {
  const names = new Set([...here.pools, ...there.pools].map(({ failoverPeer }) => failoverPeer));
  names.delete(undefined);
  const seen = new Set<string>();
  for (const name of names) {
    const left = piecesOf(here, name);
    const right = piecesOf(there, name);
    yield* missing(left, right, name ?? "", "here");
    yield* missing(right, left, name ?? "", "there");
    for (const [one, other] of overlaps(left, right)) {
      const key = `${one.pool.id}/${other.pool.id}/${networkOf(here, one)?.network.address}`;
      if (seen.has(key)) continue;
      seen.add(key);
      yield* comparePiece(here, there, one, other, seen);
    }
  }
}

const piecesOf = (config: AgentConfig, peer: string | undefined): readonly Piece[] =>
  config.pools
    .filter(({ failoverPeer }) => failoverPeer === peer)
    .flatMap((pool) => pool.ranges.map(({ first, last, dynamicBootp, location }) => ({ first, last, pool, dynamicBootp, location })))
    .sort((left, right) => left.first - right.first);

const span = (first: number, last: number): string =>
  first === last ? formatIpv4(ipv4(first)) : `${formatIpv4(ipv4(first))} - ${formatIpv4(ipv4(last))}`;

/** Addresses of `pieces` that no piece of `others` has. Both are sorted; ranges of one file do not overlap. */
function* missing(pieces: readonly Piece[], others: readonly Piece[], peer: string, side: "here" | "there"): Iterable<Difference> {
  let from = 0;
  for (const piece of pieces) {
    while (from < others.length && (others[from] as Piece).last < piece.first) from += 1;
    let next = piece.first;
    for (let index = from; index < others.length && (others[index] as Piece).first <= piece.last; index += 1) {
      const other = others[index] as Piece;
      if (other.first > next) yield alone(next, other.first - 1, piece, peer, side);
      next = Math.max(next, other.last + 1);
    }
    if (next <= piece.last) yield alone(next, piece.last, piece, peer, side);
  }
}

function alone(first: number, last: number, piece: Piece, peer: string, side: "here" | "there"): Difference {
  const said = { value: span(first, last), location: piece.location };
  const message = `addresses shared by failover "${peer}" in one file only`;
  const here = side === "here" ? said : SILENT;
  return { about: "pool", message, here, there: side === "here" ? SILENT : said, matters: true };
}

function* overlaps(left: readonly Piece[], right: readonly Piece[]): Iterable<readonly [Piece, Piece]> {
  let from = 0;
  for (const one of left) {
    while (from < right.length && (right[from] as Piece).last < one.first) from += 1;
    for (let index = from; index < right.length && (right[index] as Piece).first <= one.last; index += 1)
      yield [one, right[index] as Piece];
  }
}

const networkOf = (config: AgentConfig, piece: Piece): Subnet | undefined =>
  config.networks[piece.pool.sharedNetwork]?.subnets.find(({ network }) => contains(network, ipv4(piece.first)));

function* comparePiece(here: AgentConfig, there: AgentConfig, one: Piece, other: Piece, seen: Set<string>): Iterable<Difference> {
  const where = `pool of ${span(Math.max(one.first, other.first), Math.min(one.last, other.last))}`;
  const differs = (message: string, left: string, right: string): Difference[] =>
    left === right
      ? []
      : [
          {
            about: "pool",
            message: `${where}: ${message}`,
            here: { value: left, location: one.location },
            there: { value: right, location: other.location },
            matters: true,
          },
        ];
  yield* differs("allow", permitsOf(one.pool.permit), permitsOf(other.pool.permit));
  yield* differs("deny", permitsOf(one.pool.prohibit), permitsOf(other.pool.prohibit));
  yield* differs("dynamic-bootp", String(one.dynamicBootp), String(other.dynamicBootp));
  const left = networkOf(here, one);
  const right = networkOf(there, other);
  if (left === undefined || right === undefined) return;
  yield* differs("netmask", formatIpv4(left.network.mask), formatIpv4(right.network.mask));
  yield* differs("authoritative", String(left.scope.authoritative), String(right.scope.authoritative));
  const chains = [meaningsOf(scopesForAddress(left, one.pool)), meaningsOf(scopesForAddress(right, other.pool))] as const;
  for (const each of differingMeanings(...chains)) {
    // What stands around many pools is told once, at the first of them.
    const key = `${each.name} ${place(each.here)} ${place(each.there)}`;
    if (seen.has(key)) continue;
    seen.add(key);
    yield settingDiffers("option", where, each);
  }
}

const permitsOf = (permits: Pool["permit"]): string => [...new Set(permits.map(permitText))].sort().join(", ") || "(none)";

const place = (meaning: Meaning | undefined): string => (meaning === undefined ? "" : formatLocation(meaning.location));
