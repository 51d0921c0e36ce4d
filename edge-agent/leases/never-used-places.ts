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
 * In which order a pool's addresses are given out while nobody has had them. dhcpd goes by the remainder of the address divided by
 * the size of its table: for most pools that is ascending order; a pool whose addresses pass a multiple of it begins after that, and
 * of several subnets the one with the lowest remainders comes first. Places count from 0 without gaps.
 */
export class NeverUsedPlaces {
  readonly runs: readonly Run[];
  readonly size: number;
  readonly #byAddress: readonly Run[];

  /** `ranges` are disjoint. */
  constructor(ranges: readonly Ipv4Range[]) {
    const pieces = ranges
      .flatMap(pieceByPiece)
      .sort((left, right) => (left.first % TABLE_SIZE) - (right.first % TABLE_SIZE) || left.first - right.first);
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
