import type { Ipv4Range } from "../values/ipv4.ts";

/** The size of dhcpd's table of leases, by whose places it lists addresses at its start. */
const TABLE_SIZE = 100_003;

/** Addresses one after another, which have places one after another. */
export interface Run {
  readonly first: number;
  readonly size: number;
  /** The place of `first`. */
  readonly place: number;
}

/**
 * In which order a pool's addresses are given out while nobody has had them, as dhcpd does it: places from 0 without gaps. For most
 * pools that is ascending order; {@link neverUsedPlaces} says what makes it another.
 */
export class NeverUsedPlaces {
  readonly runs: readonly Run[];
  readonly size: number;
  readonly #byAddress: readonly Run[];

  /** `pieces` are disjoint, and in order. */
  constructor(pieces: readonly Ipv4Range[]) {
    let place = 0;
    this.runs = pieces.map(({ first, last }) => {
      const run = { first, size: last - first + 1, place };
      place += run.size;
      return run;
    });
    this.size = place;
    this.#byAddress = [...this.runs].sort((left, right) => left.first - right.first);
  }

  /** The place of one of the pool's addresses. */
  placeOf(address: number): number {
    let low = 0;
    let high = this.#byAddress.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#byAddress[middle]!.first <= address) low = middle;
      else high = middle - 1;
    }
    const run = this.#byAddress[low]!;
    return run.place + address - run.first;
  }
}

/**
 * The order of never-used addresses of all pools of a server. dhcpd lists addresses at its start by their remainder (address modulo
 * the size of its table of leases); those of a pool that follow each other in that listing, with no other pool's between them, form
 * a run; a later run is put before an earlier one. So is what lies behind an address of `used`, which somebody had before the start.
 */
export function neverUsedPlaces(
  pools: readonly { readonly id: number; readonly ranges: readonly Ipv4Range[] }[],
  used: readonly Ipv4Range[] = [],
): Map<number, NeverUsedPlaces> {
  const pieces = pools.flatMap(({ id, ranges }) =>
    ranges.flatMap((range) => cut(range, used).flatMap(({ isUsed, part }) => pieceByPiece(part).map((piece) => ({ id, piece, isUsed })))),
  );
  const remainder = ({ first }: Ipv4Range): number => first % TABLE_SIZE;
  pieces.sort((left, right) => remainder(left.piece) - remainder(right.piece) || left.piece.first - right.piece.first);
  const runs = new Map<number, Ipv4Range[][]>(pools.map(({ id }) => [id, []]));
  const had = new Map<number, Ipv4Range[]>(pools.map(({ id }) => [id, []]));
  let previous: number | undefined;
  for (const { id, piece, isUsed } of pieces) {
    const own = runs.get(id)!;
    if (isUsed) had.get(id)!.push(piece);
    else if (id === previous) own.at(-1)!.push(piece);
    else own.push([piece]);
    previous = isUsed ? undefined : id;
  }
  return new Map([...runs].map(([id, own]) => [id, new NeverUsedPlaces([...own.reverse().flat(), ...had.get(id)!])]));
}

/** A range in parts, those within `used` (in order, apart from each other) and those outside. */
function cut({ first, last }: Ipv4Range, used: readonly Ipv4Range[]): { readonly isUsed: boolean; readonly part: Ipv4Range }[] {
  const parts: { readonly isUsed: boolean; readonly part: Ipv4Range }[] = [];
  let low = 0;
  let high = used.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (used[middle]!.last < first) low = middle + 1;
    else high = middle;
  }
  let from: number = first;
  for (let index = low; index < used.length && used[index]!.first <= last; index += 1) {
    const [start, end] = [Math.max(used[index]!.first, first), Math.min(used[index]!.last, last)];
    if (from < start) parts.push({ isUsed: false, part: { first: from, last: start - 1 } as Ipv4Range });
    parts.push({ isUsed: true, part: { first: start, last: end } as Ipv4Range });
    from = end + 1;
  }
  if (from <= last) parts.push({ isUsed: false, part: { first: from, last } as Ipv4Range });
  return parts;
}

/** A range cut where the remainder starts again from 0. */
function pieceByPiece({ first, last }: Ipv4Range): Ipv4Range[] {
  const pieces: Ipv4Range[] = [];
  for (let from = first; from <= last; ) {
    const to = Math.min(last, from - (from % TABLE_SIZE) + TABLE_SIZE - 1);
    pieces.push({ first: from, last: to } as Ipv4Range);
    from = (to + 1) as typeof first;
  }
  return pieces;
}
