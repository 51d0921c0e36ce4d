import type { Pool } from "../config/agent-config.ts";
import type { DhcpMessage } from "../dhcp/wire/message.ts";
import type { Lease } from "../leases/lease.ts";
import type { HardwareAddress } from "../values/hardware-address.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Instant, Seconds } from "../values/time.ts";
import type { DatagramReceived } from "./event.ts";

/** What a client asks for, as far as the right to answer goes. */
export type RequestKind = "discover" | "selecting" | "init-reboot" | "renewing" | "rebinding" | "release" | "decline" | "bootp";

/** An address about to be given to a client that does not have it. */
export interface Wanted {
  readonly address: Ipv4Address;
  readonly lease: Lease | undefined;
  readonly clientId: Uint8Array | undefined;
  readonly hardware: HardwareAddress;
  readonly datagram: DatagramReceived;
}

/** What this server may do with the addresses of a pool at this moment; without a partner, everything. */
export interface PoolAuthority {
  /** May we answer this message for an address of `pool`? The reason goes to the log line. */
  answers(
    pool: Pool,
    kind: RequestKind,
    message: DhcpMessage,
    at: Instant,
  ): { readonly ok: true } | { readonly ok: false; readonly reason: string };
  /** Statuses of available addresses that are ours to give out, best first, and from which end. */
  allocatable(pool: Pool, at: Instant): { readonly statuses: readonly ("FREE" | "BACKUP")[]; readonly order: "ascending" | "descending" };
  /** May this very address go to a client that does not have it? (In PARTNER-DOWN some must wait.) */
  mayAllocate(pool: Pool, lease: Lease | undefined, at: Instant): boolean;
  /**
   * May this address go to this client, which does not have it, at once? "waiting": somebody is being asked, and the message is
   * served again when the answer is there; the address is to be held for the client. Without a witness, always "granted".
   */
  claim?(pool: Pool, wanted: Wanted, at: Instant): "granted" | "waiting" | "refused";
  /** How long the lease may be now, at most `desired` (failover-12 §5.2.1). */
  grantable(pool: Pool, lease: Lease | undefined, desired: Seconds, at: Instant): Seconds;
  /** The record to store for a local change: fills in the failover times and what is owed to the partner. */
  changed(pool: Pool, before: Lease | undefined, after: Lease, desired: Seconds | undefined, at: Instant): Lease;
  /** What becomes of an address whose lease ended or was released: straight to FREE, or by way of EXPIRED/RELEASED through the partner. */
  ended(pool: Pool, lease: Lease, cause: "expired" | "released", at: Instant): Lease;
  /** May this server end an ACTIVE lease whose time is over? (In NORMAL the secondary waits for the primary's word.) */
  mayExpire(pool: Pool, lease: Lease, at: Instant): boolean;
}
