import { sameBytes, sameHardware } from "../values/hardware-address.ts";
import { formatIpv4, type Ipv4Address } from "../values/ipv4.ts";
import type { Caller } from "./caller.ts";
import { policy, runScopes, withClasses } from "./evaluate-for.ts";
import { type Exchange, leaseAt, poolOf, say } from "./exchange.ts";
import { declineLine } from "./log-lines.ts";
import { abandon } from "./probe-offer.ts";

/**
 * DHCPDECLINE (RFC 2131 §4.3.3): somebody else uses the address, so nobody gets it for a while. Only the client that has the
 * lease or the offer may say so, and not endlessly; to anybody else the lease is "not found".
 */
export function decline(exchange: Exchange, caller: Caller): void {
  const { client } = caller;
  const address = client.requested;
  if (address === undefined) return;
  const pool = poolOf(exchange, address);
  const lease = leaseAt(exchange, address);
  const text = declineLine(client, address, lease?.hostname);
  const evaluation = evaluate(exchange, caller, address);
  const declines = evaluation === undefined ? undefined : policy(evaluation, "declines");
  if (declines === "deny" || declines === "ignore") {
    if (declines === "deny") say(exchange, `${text}: ignored`);
    return;
  }
  if (pool === undefined || !mayDecline(exchange, caller, address)) {
    say(exchange, `${text}: not found`);
    return;
  }
  const answers = exchange.authority.answers(pool, "decline", client.message, exchange.at);
  if (!answers.ok) {
    say(exchange, `${pool.failoverPeer ?? formatIpv4(address)}: ${answers.reason}`);
    return;
  }
  if (!exchange.state.declines.allows(client.key, exchange.at.now)) {
    say(exchange, `${text}: ignored`);
    return;
  }
  const offer = exchange.state.offers.takenUp(client.key, address, exchange.at.now);
  if (offer !== undefined) exchange.state.offers.drop(offer);
  abandon(exchange, address, "declined.", "declined");
  say(exchange, `${text}: abandoned`);
}

function mayDecline(exchange: Exchange, { client }: Caller, address: Ipv4Address): boolean {
  if (exchange.state.offers.takenUp(client.key, address, exchange.at.now) !== undefined) return true;
  const lease = leaseAt(exchange, address);
  if (lease?.status !== "ACTIVE") return false;
  if (lease.clientId !== undefined && client.clientId !== undefined) return sameBytes(lease.clientId, client.clientId);
  return sameHardware(lease.hardware, client.hardware);
}

function evaluate(exchange: Exchange, caller: Caller, address: Ipv4Address) {
  const { networks } = exchange.state;
  const subnet = networks.subnetOf(address);
  if (subnet === undefined) return undefined;
  return runScopes(exchange, withClasses(exchange, networks.chain(subnet, undefined), caller.classes), {
    client: caller.client,
    classNames: caller.classes.map(({ className }) => className),
    known: false,
    // as in dhcpd: an address that is declined is no lease of the client's any more
    lease: undefined,
    address: undefined,
    leaseSeconds: undefined,
    host: undefined,
  });
}
