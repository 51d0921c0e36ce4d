import { BINDING_STATUSES, type BindingStatus } from "./binding-status.ts";

/** Addresses a chunk holds: one /24. */
export const CHUNK_SIZE = 256;

/** {@link BindingStatus} as a small number; 0 is an address without a record. */
export type StatusCode = number;
export const NO_RECORD: StatusCode = 0;
export const STATUS_CODES = Object.fromEntries(BINDING_STATUSES.map((status, index) => [status, index + 1])) as Readonly<
  Record<BindingStatus, StatusCode>
>;

/** Which of a cell's two places in a heap is meant: among its pool's addresses of the same status, or among all that fall due. */
export type Lane = 0 | 1;

/** What the indexes keep of 256 neighbouring addresses. */
export interface Chunk {
  readonly status: Uint8Array;
  readonly ends: Uint32Array;
  /** By {@link Lane}: the cell's place in its heap plus one; 0 if it is in none. */
  readonly places: readonly [Uint32Array, Uint32Array];
  /** Cells that cannot be given out as never used: all 256 means a search may skip the chunk. */
  used: number;
}

/** A sparse array over all 2^32 addresses: memory is taken by the /24 as records appear, 13 bytes an address. */
export class AddressCells {
  readonly #chunks = new Map<number, Chunk>();
  #lastKey = -1;
  #last: Chunk | undefined;

  /** The chunk that holds `address`, if any record of its /24 exists. */
  find(address: number): Chunk | undefined {
    const key = address >>> 8;
    if (key !== this.#lastKey) {
      this.#last = this.#chunks.get(key);
      this.#lastKey = key;
    }
    return this.#last;
  }

  /** The chunk that holds `address`, made if need be. */
  at(address: number): Chunk {
    const found = this.find(address);
    if (found !== undefined) return found;
    const made: Chunk = {
      status: new Uint8Array(CHUNK_SIZE),
      ends: new Uint32Array(CHUNK_SIZE),
      places: [new Uint32Array(CHUNK_SIZE), new Uint32Array(CHUNK_SIZE)],
      used: 0,
    };
    this.#chunks.set(address >>> 8, made);
    this.#last = made;
    return made;
  }

  /** Every chunk with its lowest address, in no order. */
  *chunks(): Iterable<readonly [number, Chunk]> {
    for (const [key, chunk] of this.#chunks) yield [key * CHUNK_SIZE, chunk];
  }
}
