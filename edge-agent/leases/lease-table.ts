import { type HardwareAddress, sameBytes, sameHardware, tellsApart } from "../values/hardware-address.ts";
import type { Ipv4Address, Ipv4Range } from "../values/ipv4.ts";
import { type EpochSeconds, NEVER } from "../values/time.ts";
import { AddressCells, NO_RECORD, STATUS_CODES, type StatusCode } from "./address-cells.ts";
import { AddressHeap } from "./address-heap.ts";
import { BINDING_STATUSES, type BindingStatus } from "./binding-status.ts";
import { ClientIndex, hashBytes } from "./client-index.ts";
import type { Lease } from "./lease.ts";
import type { LeaseView, NeverUsedOrder, PoolId, PoolLayout, UnboundStatus } from "./lease-view.ts";
import { neverUsedPlaces } from "./never-used-places.ts";
import { isUnused, PoolIndex } from "./pool-index.ts";
import { PoolRanges } from "./pool-ranges.ts";

/** The records as they are on disk, read synchronously. */
export interface DurableLeases {
  get(address: Ipv4Address): Lease | undefined;
  /** By address, ascending. */
  all(): Iterable<Lease>;
}

/** What the indexes need of a record; a store that reads a million at start gives these without making a {@link Lease} of each. */
export interface IndexedFields {
  readonly address: Ipv4Address;
  readonly status: BindingStatus;
  readonly ends: EpochSeconds;
  readonly clientId: Uint8Array | undefined;
  readonly hardware: HardwareAddress | undefined;
}

/** In so many pieces, what was used before the start has no say in what is given out next. */
const MOST_PIECES = 20_000;

/** Places for decoded durable records kept at hand, found by the last bits of the address: pools are dense. A power of two. */
const CACHE_PLACES = 65_536;
const NO_ADDRESSES: readonly Ipv4Address[] = [];
const NO_COUNTS = Object.fromEntries(BINDING_STATUSES.map((status) => [status, 0])) as Readonly<Record<BindingStatus, number>>;

/**
 * The indexes behind {@link LeaseView}, about 70 bytes a lease. Records stay with `durable`; those applied but not yet
 * durable are held here, so that {@link rollBack} can return to the last durable state.
 *
 * A store calls `load…`, `loaded`, `layout`; then `apply`, and `seal` for each commit it starts, and for each that
 * succeeds, in order, `settle` (after which `durable` must answer with the new records); `rollBack` if one fails.
 */
export class LeaseTable implements LeaseView {
  readonly #durable: DurableLeases;
  readonly #seed: number;
  readonly #cells = new AddressCells();
  readonly #due = new AddressHeap(this.#cells, 1);
  readonly #byClientId = new ClientIndex();
  readonly #byHardware = new ClientIndex();
  #ranges = new PoolRanges([]);
  #pools = new Map<PoolId, PoolIndex>();
  /** Applied, not yet durable. */
  readonly #pending = new Map<Ipv4Address, { readonly lease: Lease; readonly generation: number }>();
  #generation = 0;
  #touched: Ipv4Address[] = [];
  readonly #sealed: { readonly generation: number; readonly touched: readonly Ipv4Address[] }[] = [];
  readonly #cache: (Lease | undefined)[] = new Array<Lease | undefined>(CACHE_PLACES).fill(undefined);

  /** `seed` is any 32-bit number, best a random one. */
  constructor(durable: DurableLeases, seed: number) {
    this.#durable = durable;
    this.#seed = seed;
  }

  get(address: Ipv4Address): Lease | undefined {
    const pending = this.#pending.get(address);
    if (pending !== undefined) return pending.lease;
    const chunk = this.#cells.find(address);
    if (chunk === undefined || chunk.status[address & 255] === NO_RECORD) return undefined;
    const cached = this.#cache[address % CACHE_PLACES];
    if (cached?.address === address) return cached;
    const lease = this.#durable.get(address);
    if (lease !== undefined) this.#remember(lease);
    return lease;
  }

  poolOf(address: Ipv4Address): PoolId | undefined {
    return this.#ranges.poolOf(address);
  }

  byClientId(clientId: Uint8Array): readonly Ipv4Address[] {
    const candidates = this.#byClientId.candidates(hashBytes(clientId, this.#seed)) as Ipv4Address[];
    if (candidates.length === 1) return sameBytes(this.get(candidates[0]!)?.clientId, clientId) ? candidates : NO_ADDRESSES;
    return candidates.length === 0 ? NO_ADDRESSES : candidates.filter((address) => sameBytes(this.get(address)?.clientId, clientId));
  }

  byHardware(hardware: HardwareAddress): readonly Ipv4Address[] {
    if (!tellsApart(hardware)) return NO_ADDRESSES;
    const candidates = this.#byHardware.candidates(this.#hardwareHash(hardware)) as Ipv4Address[];
    if (candidates.length === 1) return sameHardware(this.get(candidates[0]!)?.hardware, hardware) ? candidates : NO_ADDRESSES;
    return candidates.length === 0 ? NO_ADDRESSES : candidates.filter((address) => sameHardware(this.get(address)?.hardware, hardware));
  }

  oldest(pool: PoolId, status: UnboundStatus, order: NeverUsedOrder): Iterable<Ipv4Address> {
    return (this.#pools.get(pool)?.oldest(STATUS_CODES[status], order) ?? []) as Iterable<Ipv4Address>;
  }

  counts(pool: PoolId): Readonly<Record<BindingStatus, number>> {
    return this.#pools.get(pool)?.counts() ?? NO_COUNTS;
  }

  due(now: EpochSeconds, limit: number): readonly Ipv4Address[] {
    const found: Ipv4Address[] = [];
    const first = this.#due.firstTime;
    if (first === undefined || first > now || limit <= 0) return found;
    for (const { address, time } of this.#due.inOrder()) {
      if (time > now) break;
      found.push(address as Ipv4Address);
      if (found.length >= limit) break;
    }
    return found;
  }

  nextDue(): EpochSeconds | undefined {
    return this.#due.firstTime as EpochSeconds | undefined;
  }

  *all(): Iterable<Lease> {
    const pending = [...this.#pending.values()].map(({ lease }) => lease).sort((left, right) => left.address - right.address);
    let next = 0;
    for (const lease of this.#durable.all()) {
      while (next < pending.length && pending[next]!.address < lease.address) yield pending[next++]!;
      if (pending[next]?.address === lease.address) yield pending[next++]!;
      else yield lease;
    }
    while (next < pending.length) yield pending[next++]!;
  }

  /** Indexes a durable record at start; each address once. */
  load(record: IndexedFields): void {
    const { address, ends } = record;
    const chunk = this.#cells.at(address);
    const status = STATUS_CODES[record.status];
    chunk.status[address & 255] = status;
    chunk.ends[address & 255] = ends;
    if (!isUnused(status, ends)) chunk.used += 1;
    if (fallsDue(status, ends)) this.#due.append(address, ends);
    if (record.clientId !== undefined) this.#byClientId.add(hashBytes(record.clientId, this.#seed), address);
    if (record.hardware !== undefined) this.#byHardware.add(this.#hardwareHash(record.hardware), address);
  }

  /** Ends loading. */
  loaded(): void {
    this.#due.heapify();
  }

  /** Which addresses belong to which pool, from here on. */
  layout(pools: readonly PoolLayout[]): void {
    this.#ranges = new PoolRanges(pools);
    const places = neverUsedPlaces(
      [...this.#ranges.all()].map(([id, ranges]) => ({ id, ranges })),
      this.#used(),
    );
    this.#pools = new Map([...places].map(([id, order]) => [id, new PoolIndex(this.#cells, order)]));
    for (const [base, chunk] of this.#cells.chunks()) {
      chunk.places[0].fill(0);
      for (let index = 0; index < chunk.status.length; index += 1) {
        const status = chunk.status[index]!;
        if (status === NO_RECORD) continue;
        const pool = this.#poolAt(base + index);
        pool?.leave(base + index, NO_RECORD, 0);
        pool?.load(base + index, status, chunk.ends[index]!);
      }
    }
    for (const pool of this.#pools.values()) pool.heapify();
  }

  /** The addresses that somebody had, as ranges; none if they are in too many pieces to matter. */
  #used(): readonly Ipv4Range[] {
    const ranges: { first: number; last: number }[] = [];
    for (const [base, chunk] of [...this.#cells.chunks()].sort(([left], [right]) => left - right)) {
      for (let index = 0; index < chunk.status.length; index += 1) {
        const status = chunk.status[index]!;
        if (status === NO_RECORD || isUnused(status, chunk.ends[index]!)) continue;
        const range = ranges.at(-1);
        if (range?.last === base + index - 1) range.last += 1;
        else if (ranges.push({ first: base + index, last: base + index }) > MOST_PIECES) return [];
      }
    }
    return ranges as unknown as readonly Ipv4Range[];
  }

  /** Seen by every reader at once; undone by {@link rollBack} until its generation is settled. */
  apply(lease: Lease): void {
    const old = this.get(lease.address);
    this.#pending.set(lease.address, { lease, generation: this.#generation });
    this.#touched.push(lease.address);
    this.#replace(lease.address, old, lease);
  }

  /** Closes the set of writes that one commit makes durable. */
  seal(): void {
    this.#sealed.push({ generation: this.#generation, touched: this.#touched });
    this.#generation += 1;
    this.#touched = [];
  }

  /** The oldest sealed set is durable. */
  settle(): void {
    const set = this.#sealed.shift();
    for (const address of set?.touched ?? []) {
      const pending = this.#pending.get(address);
      if (pending === undefined || pending.generation > set!.generation) {
        this.#forget(address);
        continue;
      }
      this.#pending.delete(address);
      this.#remember(pending.lease);
    }
  }

  /** Forgets everything that is not settled. */
  rollBack(): void {
    const lost = [...this.#pending];
    this.#pending.clear();
    this.#sealed.length = 0;
    this.#touched = [];
    for (const [address, { lease }] of lost) {
      this.#forget(address);
      this.#replace(address, lease, this.#durable.get(address));
    }
  }

  #remember(lease: Lease): void {
    this.#cache[lease.address % CACHE_PLACES] = lease;
  }

  #forget(address: Ipv4Address): void {
    const place = address % CACHE_PLACES;
    if (this.#cache[place]?.address === address) this.#cache[place] = undefined;
  }

  #hardwareHash(hardware: HardwareAddress): number {
    return hashBytes(hardware.bytes, this.#seed ^ hardware.htype);
  }

  #poolAt(address: number): PoolIndex | undefined {
    const pool = this.#ranges.poolOf(address);
    return pool === undefined ? undefined : this.#pools.get(pool);
  }

  #replace(address: Ipv4Address, old: Lease | undefined, lease: Lease | undefined): void {
    this.#place(address, lease === undefined ? NO_RECORD : STATUS_CODES[lease.status], lease?.ends ?? 0);
    if (!sameBytes(old?.clientId, lease?.clientId)) {
      if (old?.clientId !== undefined) this.#byClientId.remove(hashBytes(old.clientId, this.#seed), address);
      if (lease?.clientId !== undefined) this.#byClientId.add(hashBytes(lease.clientId, this.#seed), address);
    }
    if (!sameHardware(old?.hardware, lease?.hardware)) {
      if (old?.hardware !== undefined) this.#byHardware.remove(this.#hardwareHash(old.hardware), address);
      if (lease?.hardware !== undefined) this.#byHardware.add(this.#hardwareHash(lease.hardware), address);
    }
  }

  #place(address: number, status: StatusCode, ends: number): void {
    const chunk = this.#cells.at(address);
    const index = address & 255;
    const oldStatus = chunk.status[index]!;
    const oldEnds = chunk.ends[index]!;
    if (status === oldStatus && ends === oldEnds) return;
    const pool = this.#poolAt(address);
    pool?.leave(address, oldStatus, oldEnds);
    if (fallsDue(oldStatus, oldEnds)) this.#due.remove(address);
    chunk.used += Number(!isUnused(status, ends)) - Number(!isUnused(oldStatus, oldEnds));
    chunk.status[index] = status;
    chunk.ends[index] = ends;
    pool?.enter(address, status, ends);
    if (fallsDue(status, ends)) this.#due.add(address, ends);
  }
}

/** A lease that ends, or an abandoned address whose quarantine does. */
function fallsDue(status: StatusCode, ends: number): boolean {
  return (status === STATUS_CODES.ACTIVE || status === STATUS_CODES.ABANDONED) && ends !== NEVER;
}
