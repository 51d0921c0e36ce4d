import { formatIpv4, type Ipv4Address, UNSPECIFIED } from "../values/ipv4.ts";
import type { Caller } from "./caller.ts";
import { nameFor } from "./discover.ts";
import { type Exchange, say } from "./exchange.ts";
import { type Found, findLease } from "./find-lease.ts";
import { grant } from "./grant.ts";
import { requestLine } from "./log-lines.ts";
import type { RequestKind } from "./pool-authority.ts";
import { refuse } from "./reply.ts";
import { isOurs } from "./server-id.ts";

/** DHCPREQUEST (RFC 2131 §4.3.2): SELECTING, INIT-REBOOT, RENEWING and REBINDING. */
export function request(exchange: Exchange, caller: Caller): void {
  const { client } = caller;
  const { networks } = exchange.state;
  const address = client.requested ?? client.message.ciaddr;
  const subnet = networks.subnetOf(address);
  const network = subnet && networks.networkOf(subnet);
  if (client.serverId !== undefined && !isOurs(exchange, caller, client.serverId, address)) {
    retract(exchange, caller, address);
    return;
  }
  const found: Found | undefined = network && findLease(exchange, caller, network, "request");
  const text = requestLine(client, address, nameFor(exchange, found?.candidate));
  if (found?.candidate?.pool !== undefined) {
    const answers = exchange.authority.answers(found.candidate.pool, kindOf(caller), client.message, exchange.at);
    if (!answers.ok) {
      say(exchange, `${text}: ${answers.reason}`);
      return;
    }
  }
  if (!isPlaceRight(exchange, caller, address, text, found)) return;
  if (found?.candidate !== undefined) grant(exchange, { ...caller, known: found.known }, found.candidate, "ack", text);
  else if (found?.ours === true) {
    say(exchange, `${text}: lease ${formatIpv4(address)} unavailable.`);
    refuse(exchange, caller, address, found.refusal);
  } else say(exchange, `${text}: unknown lease ${formatIpv4(address)}.`);
}

/** The client took another server's offer: ours is not needed any more (RFC 2131 §3.1, step 4). */
function retract(exchange: Exchange, caller: Caller, address: Ipv4Address): void {
  const { client } = caller;
  const { offers } = exchange.state;
  const offer = offers.of(client.key, exchange.at.now);
  const text = requestLine(client, address, offer?.hostname);
  for (const each of offers.allOf(client.key, exchange.at.now)) offers.drop(each);
  say(exchange, `${text}: not our server id`);
}

/**
 * Is the address one of the place that the message came from? If not it is refused, by a server that is authoritative
 * there. A message with ciaddr and no relay may have come through a router from anywhere: its place is not known.
 */
function isPlaceRight(exchange: Exchange, caller: Caller, address: Ipv4Address, text: string, found: Found | undefined): boolean {
  const { client, network } = caller;
  const { ciaddr, giaddr } = client.message;
  const { networks } = exchange.state;
  const refusal = found === undefined || found.refusal === "" ? "requested address not available" : found.refusal;
  if (network === undefined) {
    const subnet = networks.subnetOf(address);
    if (subnet?.scope.authoritative === true) {
      say(exchange, `${text}: wrong network.`);
      refuse(exchange, caller, address, refusal);
    } else say(exchange, `${text}: ignored (${subnet === undefined ? "unknown subnet" : "not authoritative"}).`);
    return false;
  }
  const isPlaceKnown = ciaddr === UNSPECIFIED ? client.requested !== undefined : giaddr !== UNSPECIFIED;
  if (!isPlaceKnown || networks.subnetIn(network, address) !== undefined) return true;
  if (network.scope.authoritative) {
    say(exchange, `${text}: wrong network.`);
    refuse(exchange, caller, address, refusal);
  } else say(exchange, `${text}: ignored (not authoritative).`);
  return false;
}

/** Which of the four states of RFC 2131 §4.3.2 the client is in; a broadcast or relayed renewal is a rebinding. */
function kindOf({ client }: Caller): RequestKind {
  const { ciaddr, giaddr } = client.message;
  if (client.serverId !== undefined) return "selecting";
  if (ciaddr === UNSPECIFIED) return "init-reboot";
  const { target } = client.datagram;
  const broadcast = giaddr !== UNSPECIFIED || (target !== undefined && !client.datagram.interfaceAddresses.includes(target));
  return broadcast ? "rebinding" : "renewing";
}
