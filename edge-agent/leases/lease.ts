import type { HardwareAddress } from "../values/hardware-address.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import { type EpochSeconds, NO_TIME } from "../values/time.ts";
import type { BindingStatus } from "./binding-status.ts";

/**
 * All that is known of one address (dhcpd.leases(5)). Immutable: a change is a new record, written whole. An address
 * that was never used has no record; {@link neverUsed} is what it would say. Times are on the lease clock.
 */
export interface Lease {
  readonly address: Ipv4Address;
  readonly status: BindingStatus;
  /** When the binding took its present status: "starts" of dhcpd.leases(5), start-time-of-state of a BNDUPD. */
  readonly starts: EpochSeconds;
  /** When the client's lease ends, as told to the client; for a status without a client, when it came free. */
  readonly ends: EpochSeconds;
  /** Client-last-transaction-time (failover-12 §12.6). */
  readonly cltt: EpochSeconds;
  /** Option 61 of the client that has (or last had) the address, type byte included. */
  readonly clientId: Uint8Array | undefined;
  readonly hardware: HardwareAddress | undefined;
  /** Option 12 as the client sent it. */
  readonly hostname: string | undefined;
  /** Option 82 as the relay sent it, sub-options only; kept so that a unicast renewal is judged as by the relay (stash-agent-options). */
  readonly agentOptions: Uint8Array | undefined;
  readonly reserved: boolean;
  readonly bootp: boolean;
  /** Variables of dhcp-eval(5) `set`, by name; names such as "ddns-fwd-name" are the server's own. */
  readonly variables: ReadonlyMap<string, Uint8Array>;
  /** The class whose lease limit counts this lease, by its name; a subclass as NAME/HEX of its match value. */
  readonly billingClass: string | undefined;
  /** `on release` and `on expiry` as the message met them that made the lease; absent where it met none. */
  readonly endings?: LeaseEndings | undefined;
  readonly failover: FailoverTimes | undefined;
}

/** What runs when a lease in use ends: statements, as dhcpd writes them into its lease file; empty if there are none. */
export interface LeaseEndings {
  readonly release: string;
  readonly expiry: string;
}

/** The times that bound what a pair may promise (failover-12 §7.1.5; ISC's names). Only for addresses of a failover pool. */
export interface FailoverTimes {
  /** Time sent to partner: the potential-expiration-time we announced, or owe. */
  readonly tstp: EpochSeconds;
  /** Time sent from partner: the latest horizon the partner agreed to, by its own BNDUPD or by acknowledging ours. */
  readonly tsfp: EpochSeconds;
  /** Actual time sent from partner: as tsfp, but NO_TIME once a local change is owed to the partner. */
  readonly atsfp: EpochSeconds;
  /** The partner has not acknowledged this record. */
  readonly owed: boolean;
  /** The last status the partner may have seen; an unannounced change may be wound back to it. */
  readonly rewindStatus: BindingStatus;
}

/** No variables; shared by the records that have none. */
export const NO_VARIABLES: ReadonlyMap<string, Uint8Array> = new Map();

/** The record of an address that no client ever had. */
export const neverUsed = (address: Ipv4Address): Lease => ({
  address,
  status: "FREE",
  starts: NO_TIME,
  ends: NO_TIME,
  cltt: NO_TIME,
  clientId: undefined,
  hardware: undefined,
  hostname: undefined,
  agentOptions: undefined,
  reserved: false,
  bootp: false,
  variables: NO_VARIABLES,
  billingClass: undefined,
  failover: undefined,
});
