import type { Lease } from "../leases/lease.ts";
import { sameHardware } from "../values/hardware-address.ts";
import { formatIpv4 } from "../values/ipv4.ts";
import type { Caller } from "./caller.ts";
import { type Exchange, leaseAt, poolOf, say } from "./exchange.ts";
import { releaseLine } from "./log-lines.ts";
import { releaseLease } from "./release-lease.ts";

/** DHCPRELEASE (RFC 2131 §4.3.4): only from the hardware that holds the lease. */
export function release(exchange: Exchange, caller: Caller): void {
  const { client } = caller;
  const { ciaddr } = client.message;
  if (client.requested !== undefined) say(exchange, `DHCPRELEASE from ${client.hardwareText} specified requested-address.`);
  const lease = heldBy(exchange, caller, leaseAt(exchange, ciaddr));
  const pool = lease && poolOf(exchange, ciaddr);
  const offer = exchange.state.offers.takenUp(client.key, ciaddr, exchange.at.now);
  const text = releaseLine(client, (offer ?? lease)?.hostname, lease !== undefined);
  if (pool !== undefined) {
    const answers = exchange.authority.answers(pool, "release", client.message, exchange.at);
    if (!answers.ok) {
      say(exchange, `${pool.failoverPeer ?? formatIpv4(ciaddr)}: ${answers.reason}`);
      return;
    }
  }
  if (lease !== undefined && lease.ends > exchange.at.now) {
    releaseLease(exchange, lease, client);
    if (offer !== undefined) exchange.state.offers.drop(offer);
  }
  say(exchange, text);
}

function heldBy(exchange: Exchange, { client }: Caller, lease: Lease | undefined): Lease | undefined {
  if (lease === undefined || poolOf(exchange, lease.address) === undefined) return undefined;
  return sameHardware(lease.hardware, client.hardware) ? lease : undefined;
}
