import type { HardwareAddress } from "../values/hardware-address.ts";
import type { Ipv4Address, Ipv4Range } from "../values/ipv4.ts";
import type { EpochSeconds } from "../values/time.ts";
import type { BindingStatus } from "./binding-status.ts";
import type { Lease } from "./lease.ts";

/** A pool of the configuration, numbered in order of declaration. */
export type PoolId = number;

/** What the lease table needs to know of the configuration: which addresses are given out dynamically, and from which pool. */
export interface PoolLayout {
  readonly id: PoolId;
  readonly ranges: readonly Ipv4Range[];
}

/** Which end of a pool of never-used addresses is handed out first (dhcpd: primary ascending, secondary descending). */
export type NeverUsedOrder = "ascending" | "descending";

/** The statuses whose addresses are looked for by age: all but ACTIVE. */
export type UnboundStatus = Exclude<BindingStatus, "ACTIVE">;

/**
 * The leases, as the cores see them: synchronous, read-only, and including every write of earlier events, committed or not.
 */
export interface LeaseView {
  /** The record of `address`; undefined if no client ever had it. */
  get(address: Ipv4Address): Lease | undefined;
  /** The pool whose ranges hold `address`. */
  poolOf(address: Ipv4Address): PoolId | undefined;
  /** Addresses whose present or last client sent this option 61, in no order. */
  byClientId(clientId: Uint8Array): readonly Ipv4Address[];
  /** Addresses whose present or last client has this hardware address (with or without a client identifier), in no order; none if it tells nobody apart. */
  byHardware(hardware: HardwareAddress): readonly Ipv4Address[];
  /**
   * Addresses of `pool` with this status, longest unused (`ends`) first, never-used ones (`ends` is NO_TIME) before all
   * and in `order`. Lazy: stop when satisfied, and before writing.
   */
  oldest(pool: PoolId, status: UnboundStatus, order: NeverUsedOrder): Iterable<Ipv4Address>;
  /** How many addresses of `pool` have each status; never-used ones count as FREE. */
  counts(pool: PoolId): Readonly<Record<BindingStatus, number>>;
  /**
   * Addresses whose lease ended (ACTIVE) or whose quarantine did (ABANDONED) at or before `now`, earliest first, at most
   * `limit`. What waits for a partner instead of a time (EXPIRED, RELEASED, RESET) is found by {@link oldest}.
   */
  due(now: EpochSeconds, limit: number): readonly Ipv4Address[];
  /** When the next lease falls due; undefined if none will. */
  nextDue(): EpochSeconds | undefined;
  /** Every stored record, by address; for transfers, imports and listings. */
  all(): Iterable<Lease>;
}
