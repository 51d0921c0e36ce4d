import type { Pool } from "../config/agent-config.ts";
import type { Evaluation } from "../config/evaluation.ts";
import type { Lease } from "../leases/lease.ts";
import { sameBytes, sameHardware } from "../values/hardware-address.ts";
import { formatIpv4 } from "../values/ipv4.ts";
import { INFINITE, NEVER } from "../values/time.ts";
import type { ClientMessage } from "./client-message.ts";
import { type Exchange, say } from "./exchange.ts";
import { requestedTime } from "./lease-time.ts";

const DEFAULT_THRESHOLD = 25;

/** Has the lease the identifier and hardware of this client? */
export const isSameClient = (lease: Lease | undefined, client: ClientMessage, clientId: Uint8Array | undefined): boolean =>
  lease !== undefined && sameBytes(lease.clientId, clientId) && sameHardware(lease.hardware, client.hardware);

/**
 * Is the client's present lease so young (dhcp-cache-threshold, percent of its length) that it is to be told what is left of
 * it, with nothing written? Never where a partner shares the addresses: what is not stored is not told, and the partner, to which
 * this client may have released the address meanwhile, would go by the release. Nor the lease that a BOOTP client had by DHCP: it never
 * renews, and the lease would be over while it goes on (RFC 1534 §2).
 */
export function mayReuse(
  exchange: Exchange,
  evaluation: Evaluation,
  lease: Lease,
  change: {
    readonly pool: Pool;
    readonly client: ClientMessage;
    readonly billing: string | undefined;
    readonly hostname: string | undefined;
    readonly sameClient: boolean;
    readonly isBootp: boolean;
  },
): boolean {
  if (change.pool.failoverPeer !== undefined) return false;
  if (change.isBootp && !lease.bootp) return false;
  if (!lease.reserved && requestedTime(change.client) === INFINITE && evaluation.flag("infinite-is-reserved") === true) {
    if (lease.status === "ACTIVE") say(exchange, "Cannot reuse: lease is changing to RESERVED");
    return false;
  }
  if (lease.status !== "ACTIVE" || !change.sameClient || lease.billingClass !== change.billing) return false;
  if (lease.ends <= exchange.at.now) return false;
  if (change.hostname !== undefined && lease.hostname !== change.hostname) return false;
  const configured = evaluation.number("dhcp-cache-threshold") ?? DEFAULT_THRESHOLD;
  const threshold = configured < 100 ? configured : DEFAULT_THRESHOLD;
  if (threshold === 0) return false;
  const age = exchange.at.now - lease.starts;
  if (age < 0 || (lease.ends !== NEVER && age > ((lease.ends - lease.starts) * threshold) / 100)) return false;
  const address = formatIpv4(lease.address);
  say(exchange, `reuse_lease: lease age ${age} (secs) under ${threshold}% threshold, reply with unaltered, existing lease for ${address}`);
  return true;
}
