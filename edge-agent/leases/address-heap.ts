import type { AddressCells, Lane } from "./address-cells.ts";

/**
 * A binary heap of addresses by (time, address) that also knows where each address sits, so that any can be removed in
 * O(log n). Eight bytes an entry; an address is in at most one heap of each lane.
 */
export class AddressHeap {
  readonly #cells: AddressCells;
  readonly #lane: Lane;
  #times = new Uint32Array(8);
  #addresses = new Uint32Array(8);
  #size = 0;

  constructor(cells: AddressCells, lane: Lane) {
    this.#cells = cells;
    this.#lane = lane;
  }

  get size(): number {
    return this.#size;
  }
  /** The earliest time; undefined when empty. */
  get firstTime(): number | undefined {
    return this.#size === 0 ? undefined : this.#times[0];
  }
  /** The address of the earliest time; undefined when empty. */
  get firstAddress(): number | undefined {
    return this.#size === 0 ? undefined : this.#addresses[0];
  }

  add(address: number, time: number): void {
    this.append(address, time);
    this.#up(this.#size - 1);
  }

  /** Adds without restoring order; {@link heapify} must follow. For loading many at once. */
  append(address: number, time: number): void {
    if (this.#size === this.#times.length) this.#grow();
    this.#put(this.#size++, time, address);
  }

  heapify(): void {
    for (let place = (this.#size >>> 1) - 1; place >= 0; place -= 1) this.#down(place);
  }

  /** The time under which `address` is in the heap; undefined if it is not. */
  timeOf(address: number): number | undefined {
    const place = this.#placeOf(address);
    return place === undefined ? undefined : this.#times[place];
  }

  /** Nothing happens if `address` is not in the heap. */
  remove(address: number): void {
    const place = this.#placeOf(address);
    if (place === undefined) return;
    this.#cells.at(address).places[this.#lane][address & 255] = 0;
    this.#size -= 1;
    if (place === this.#size) return;
    this.#put(place, this.#times[this.#size]!, this.#addresses[this.#size]!);
    this.#up(place);
    this.#down(place);
  }

  /**
   * Addresses by time, then address, without changing the heap: k steps cost O(k log k). Ends early, and promises no
   * order, if the heap is changed meanwhile.
   */
  *inOrder(): Iterable<{ readonly address: number; readonly time: number }> {
    const frontier: number[] = this.#size > 0 ? [0] : [];
    while (frontier.length > 0) {
      const place = this.#takeEarliest(frontier);
      if (place >= this.#size) return;
      yield { address: this.#addresses[place]!, time: this.#times[place]! };
      for (let child = 2 * place + 1; child <= 2 * place + 2 && child < this.#size; child += 1) this.#insert(frontier, child);
    }
  }

  /** Another heap of the lane may have the address, at a place where this one still shows what has left it. */
  #placeOf(address: number): number | undefined {
    const place = (this.#cells.find(address)?.places[this.#lane][address & 255] ?? 0) - 1;
    return this.#addresses[place] === address && place < this.#size ? place : undefined;
  }

  /** The frontier is itself a heap, of places in this one. */
  #takeEarliest(frontier: number[]): number {
    const first = frontier[0]!;
    const last = frontier.pop()!;
    if (frontier.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= frontier.length) break;
      if (child + 1 < frontier.length && this.#before(frontier[child + 1]!, frontier[child]!)) child += 1;
      if (!this.#before(frontier[child]!, last)) break;
      frontier[at] = frontier[child]!;
      at = child;
    }
    frontier[at] = last;
    return first;
  }

  #insert(frontier: number[], place: number): void {
    let at = frontier.length;
    frontier.push(place);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.#before(place, frontier[parent]!)) break;
      frontier[at] = frontier[parent]!;
      at = parent;
    }
    frontier[at] = place;
  }

  #before(left: number, right: number): boolean {
    const difference = this.#times[left]! - this.#times[right]!;
    return difference < 0 || (difference === 0 && this.#addresses[left]! < this.#addresses[right]!);
  }

  #put(place: number, time: number, address: number): void {
    this.#times[place] = time;
    this.#addresses[place] = address;
    this.#cells.at(address).places[this.#lane][address & 255] = place + 1;
  }

  #up(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!this.#before(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #down(from: number): void {
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#size) return;
      if (child + 1 < this.#size && this.#before(child + 1, child)) child += 1;
      if (!this.#before(child, place)) return;
      this.#swap(place, child);
      place = child;
    }
  }

  #swap(left: number, right: number): void {
    const time = this.#times[left]!;
    const address = this.#addresses[left]!;
    this.#put(left, this.#times[right]!, this.#addresses[right]!);
    this.#put(right, time, address);
  }

  #grow(): void {
    const times = new Uint32Array(this.#times.length * 2);
    const addresses = new Uint32Array(this.#times.length * 2);
    times.set(this.#times);
    addresses.set(this.#addresses);
    this.#times = times;
    this.#addresses = addresses;
  }
}
