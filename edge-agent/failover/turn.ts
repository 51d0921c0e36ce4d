import type { BindingStatus } from "../leases/binding-status.ts";
import { type Lease, neverUsed } from "../leases/lease.ts";
import type { LeaseView, PoolId } from "../leases/lease-view.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import { shortLivedBytes } from "../values/byte-slab.ts";
import { ByteWriter } from "../values/byte-writer.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Instant } from "../values/time.ts";
import type { FailoverEffect } from "./effect.ts";
import type { LinkId } from "./event.ts";

/** Bytes that one event may send on one connection: far more than a window of updates takes. */
const MOST_SENT = 64 * 1024 * 1024;

/** A source of chance: a whole number from 0 to `below` - 1. */
export type Chance = (below: number) => number;

/**
 * One event's work in the making: the leases as they will be after it, what is to be written, what is to be done. One
 * lease is written once however often it changes, and the bytes for one connection leave in one piece.
 */
export class Turn {
  readonly at: Instant;
  readonly view: LeaseView;
  readonly chance: Chance;
  /** Made when first needed: most events change nothing here. */
  #leases: Map<Ipv4Address, Entry> | undefined;
  readonly #others: StoreWrite[] = [];
  readonly #effects: FailoverEffect[] = [];
  readonly #bytes: Outgoing[] = [];
  #shifts: Map<PoolId, Record<BindingStatus, number>> | undefined;
  readonly #promised: (address: Ipv4Address) => boolean;

  constructor(at: Instant, view: LeaseView, chance: Chance, promised: (address: Ipv4Address) => boolean = () => false) {
    this.at = at;
    this.view = view;
    this.chance = chance;
    this.#promised = promised;
  }

  /** Has a client been offered this address? */
  promised(address: Ipv4Address): boolean {
    return this.#promised(address);
  }
  /** A lease as others have changed it in this event; changes from here on are failover's. */
  seed(lease: Lease): void {
    this.put(lease);
    const entry = this.#leases?.get(lease.address);
    if (entry !== undefined) entry.before = lease;
  }
  /** Leases that failover has changed, with what was there before. */
  changes(): Iterable<{ readonly before: Lease | undefined; readonly lease: Lease }> {
    return this.#leases?.values() ?? [];
  }

  /** The record of `address`, this event's changes included; what a never-used address would say if there is none. */
  lease(address: Ipv4Address): Lease {
    return this.#leases?.get(address)?.lease ?? this.view.get(address) ?? neverUsed(address);
  }
  /** Was this lease changed by this event? */
  changed(address: Ipv4Address): boolean {
    return this.#leases?.has(address) === true;
  }
  /** `lazy`: losing this change in a crash costs a repetition and nothing else ({@link StoreWrite}). */
  put(lease: Lease, lazy = false): void {
    this.#leases ??= new Map();
    const entry = this.#leases.get(lease.address);
    const before = entry === undefined ? this.view.get(lease.address) : entry.lease;
    if (entry === undefined) this.#leases.set(lease.address, { kind: "lease", before, lease, lazy });
    else {
      entry.lease = lease;
      entry.lazy &&= lazy;
    }
    const status = before?.status ?? "FREE";
    if (status === lease.status) return;
    const pool = this.view.poolOf(lease.address);
    if (pool === undefined) return;
    this.#shifts ??= new Map();
    const shift = this.#shifts.get(pool) ?? { FREE: 0, ACTIVE: 0, EXPIRED: 0, RELEASED: 0, ABANDONED: 0, RESET: 0, BACKUP: 0 };
    shift[status] -= 1;
    shift[lease.status] += 1;
    this.#shifts.set(pool, shift);
  }
  /** Addresses of `pool` with this status, this event's changes included. */
  count(pool: PoolId, status: BindingStatus): number {
    return this.view.counts(pool)[status] + (this.#shifts?.get(pool)?.[status] ?? 0);
  }
  record(key: string, value: Uint8Array): void {
    this.#others.push({ kind: "record", key, value });
  }
  /** Where to write what is to be sent on a connection. */
  outgoing(link: LinkId): ByteWriter {
    for (const each of this.#bytes) if (each.link === link) return each.bytes;
    const bytes = new ByteWriter(MOST_SENT, shortLivedBytes(256));
    this.#bytes.push({ link, bytes });
    return bytes;
  }
  effect(effect: FailoverEffect): void {
    this.#effects.push(effect);
  }
  log(text: string): void {
    this.#effects.push({ kind: "log", event: "failover", fields: { text } });
  }
  warn(text: string): void {
    this.#effects.push({ kind: "log", event: "failover-trouble", fields: { text } });
  }

  writes(): readonly StoreWrite[] {
    if (this.#leases === undefined) return this.#others;
    return [...this.#others, ...this.#leases.values()];
  }
  /** What was sent first, then all else (a connection is closed after what was sent on it). */
  effects(): readonly FailoverEffect[] {
    if (this.#bytes.length === 0) return this.#effects;
    const sends: FailoverEffect[] = this.#bytes.map(({ link, bytes }) => ({ kind: "failover-send", link, bytes: bytes.release() }));
    return [...sends, ...this.#effects];
  }
}

/** A lease that is to be written, and what it was. */
interface Entry {
  readonly kind: "lease";
  /** As the view has it, or as others changed it in this event. */
  before: Lease | undefined;
  lease: Lease;
  lazy: boolean;
}
interface Outgoing {
  readonly link: LinkId;
  readonly bytes: ByteWriter;
}
