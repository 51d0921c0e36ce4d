import { type AddressCells, CHUNK_SIZE, NO_RECORD, STATUS_CODES, type StatusCode } from "./address-cells.ts";
import { AddressHeap } from "./address-heap.ts";
import { BINDING_STATUSES, type BindingStatus } from "./binding-status.ts";
import type { NeverUsedOrder } from "./lease-view.ts";
import type { NeverUsedPlaces } from "./never-used-places.ts";

/** Addresses of one status that no client used (no end time): how many, and places outside which there are none. */
interface Unused {
  count: number;
  lowest: number;
  highest: number;
}

/** Is an address with this status and end time as good as never used? An active one never is. */
export const isUnused = (status: StatusCode, ends: number): boolean => ends === 0 && status !== STATUS_CODES.ACTIVE;

/** The addresses of one pool by status: how many there are, and which have been unused longest. */
export class PoolIndex {
  readonly #cells: AddressCells;
  readonly #order: NeverUsedPlaces;
  readonly #size: number;
  /** By status code: how many records. */
  readonly #records = new Uint32Array(BINDING_STATUSES.length + 1);
  /** What {@link counts} gave last; undefined once it is out of date. */
  #counts: Readonly<Record<BindingStatus, number>> | undefined;
  readonly #queues: (AddressHeap | undefined)[] = [];
  readonly #unused: (Unused | undefined)[] = [];

  /** `order` holds the pool's addresses. At first none has a record. */
  constructor(cells: AddressCells, order: NeverUsedPlaces) {
    this.#cells = cells;
    this.#order = order;
    this.#size = this.#order.size;
    this.#unused[STATUS_CODES.FREE] = { count: this.#size, lowest: 0, highest: this.#size - 1 };
  }

  /** The address takes this status; its former one must have been taken away. NO_RECORD makes it never used again. */
  enter(address: number, status: StatusCode, ends: number): void {
    this.#count(address, status, ends);
    if (status !== STATUS_CODES.ACTIVE && ends !== 0) this.#queue(status).add(address, ends);
  }

  /** As {@link enter}, for many: {@link heapify} must follow. */
  load(address: number, status: StatusCode, ends: number): void {
    this.#count(address, status, ends);
    if (status !== STATUS_CODES.ACTIVE && ends !== 0) this.#queue(status).append(address, ends);
  }

  heapify(): void {
    for (const queue of this.#queues) queue?.heapify();
  }

  leave(address: number, status: StatusCode, ends: number): void {
    this.#counts = undefined;
    if (status !== NO_RECORD) this.#records[status]! -= 1;
    if (isUnused(status, ends)) this.#unused[status === NO_RECORD ? STATUS_CODES.FREE : status]!.count -= 1;
    else this.#queues[status]?.remove(address);
  }

  counts(): Readonly<Record<BindingStatus, number>> {
    if (this.#counts !== undefined) return this.#counts;
    const counts = {} as Record<BindingStatus, number>;
    let recorded = 0;
    for (const status of BINDING_STATUSES) {
      counts[status] = this.#records[STATUS_CODES[status]]!;
      recorded += counts[status];
    }
    counts.FREE += this.#size - recorded;
    this.#counts = counts;
    return counts;
  }

  /** Never-used ones in dhcpd's order or against it, then by end time and address. */
  *oldest(status: StatusCode, order: NeverUsedOrder): Iterable<number> {
    const unused = this.#unused[status];
    if (unused !== undefined) {
      let left = unused.count;
      let address = left > 0 ? this.#firstUnused(status, unused, order) : -1;
      while (address >= 0) {
        yield address;
        left -= 1;
        if (left <= 0) break;
        const place = this.#order.placeOf(address);
        address = order === "ascending" ? this.#unusedFrom(status, place + 1) : this.#unusedDownFrom(status, place - 1);
      }
    }
    for (const { address } of this.#queues[status]?.inOrder() ?? []) yield address;
  }

  #firstUnused(status: StatusCode, unused: Unused, order: NeverUsedOrder): number {
    if (order === "ascending") {
      const found = this.#unusedFrom(status, unused.lowest);
      if (found >= 0) unused.lowest = this.#order.placeOf(found);
      return found;
    }
    const found = this.#unusedDownFrom(status, unused.highest);
    if (found >= 0) unused.highest = this.#order.placeOf(found);
    return found;
  }

  #count(address: number, status: StatusCode, ends: number): void {
    this.#counts = undefined;
    if (status !== NO_RECORD) this.#records[status]! += 1;
    if (!isUnused(status, ends)) return;
    const code = status === NO_RECORD ? STATUS_CODES.FREE : status;
    const unused = this.#unused[code];
    const place = this.#order.placeOf(address);
    if (unused === undefined) this.#unused[code] = { count: 1, lowest: place, highest: place };
    else {
      unused.count += 1;
      if (place < unused.lowest) unused.lowest = place;
      if (place > unused.highest) unused.highest = place;
    }
  }

  #queue(status: StatusCode): AddressHeap {
    let queue = this.#queues[status];
    if (queue === undefined) {
      queue = new AddressHeap(this.#cells, 0);
      this.#queues[status] = queue;
    }
    return queue;
  }

  /** The first never-used address of `status` at or after a place; -1 if there is none. */
  #unusedFrom(status: StatusCode, from: number): number {
    for (const run of this.#order.runs) {
      const last = run.first + run.size - 1;
      if (run.place + run.size <= from) continue;
      let address = run.first + Math.max(0, from - run.place);
      while (address <= last) {
        const chunk = this.#cells.find(address);
        const next = address - (address % CHUNK_SIZE) + CHUNK_SIZE;
        if (chunk === undefined && status === STATUS_CODES.FREE) return address;
        if (chunk !== undefined && chunk.used < CHUNK_SIZE)
          for (const end = Math.min(last, next - 1); address <= end; address += 1) if (this.#holds(address, status)) return address;
        address = next;
      }
    }
    return -1;
  }

  /** The last never-used address of `status` at or before a place; -1 if there is none. */
  #unusedDownFrom(status: StatusCode, from: number): number {
    const { runs } = this.#order;
    for (let index = runs.length - 1; index >= 0; index -= 1) {
      const run = runs[index]!;
      if (run.place > from) continue;
      let address = run.first + Math.min(run.size - 1, from - run.place);
      while (address >= run.first) {
        const chunk = this.#cells.find(address);
        const next = address - (address % CHUNK_SIZE) - 1;
        if (chunk === undefined && status === STATUS_CODES.FREE) return address;
        if (chunk !== undefined && chunk.used < CHUNK_SIZE)
          for (const end = Math.max(run.first, next + 1); address >= end; address -= 1) if (this.#holds(address, status)) return address;
        address = next;
      }
    }
    return -1;
  }

  /** Is `address` (in a chunk that exists) never used, and of `status`? */
  #holds(address: number, status: StatusCode): boolean {
    const chunk = this.#cells.find(address)!;
    const own = chunk.status[address & 255]!;
    return chunk.ends[address & 255] === 0 && (own === status || (own === NO_RECORD && status === STATUS_CODES.FREE));
  }
}
