import { decodeMessage } from "../dhcp/wire/decode.ts";
import { fqdnFault } from "../dhcp/wire/fqdn.ts";
import { BOOTREQUEST, type DhcpMessage } from "../dhcp/wire/message.ts";
import { HEADER_SIZE, MESSAGE_TYPE, OPTION } from "../dhcp/wire/option-codes.ts";
import { sameBytes, sameHardware } from "../values/hardware-address.ts";
import { UNSPECIFIED } from "../values/ipv4.ts";
import { bootp } from "./bootp.ts";
import { identify } from "./caller.ts";
import { agentFault, type ClientMessage, readClientMessage, withStashedAgentOptions } from "./client-message.ts";
import { decline } from "./decline.ts";
import { discover } from "./discover.ts";
import type { DatagramReceived } from "./event.ts";
import { type Exchange, leaseAt, poolOf, say } from "./exchange.ts";
import { inform } from "./inform.ts";
import { leaseQuery } from "./lease-query.ts";
import { badMessageLine } from "./log-lines.ts";
import { abandon } from "./probe-offer.ts";
import type { Probe } from "./probes.ts";
import { release } from "./release.ts";
import { request } from "./request.ts";

/** Serves one datagram. What is no request, or no message at all, is dropped without an answer. */
export function serve(exchange: Exchange, datagram: DatagramReceived): void {
  const decoded = decodeMessage(datagram.bytes);
  if (!decoded.ok || decoded.value.op !== BOOTREQUEST) {
    exchange.effects.push({ kind: "count", metric: "datagrams_dropped", labels: { reason: decoded.ok ? "not-a-request" : "malformed" } });
    // dhcpd says nothing of what is too short to be BOOTP
    if (!decoded.ok && datagram.bytes.length >= HEADER_SIZE) {
      exchange.effects.push({ kind: "log", event: "dhcp-message", fields: { text: decoded.error } });
    }
    return;
  }
  sayOddities(exchange, decoded.value);
  for (const address of datagram.interfaceAddresses) exchange.state.ownAddresses.add(address);
  const read = readClientMessage(datagram, decoded.value);
  dispatch(exchange, withLeaseOptions(exchange, read));
}

/** Says what is odd about the client's identity, as dhcpd does. */
function sayOddities(exchange: Exchange, { options, hlen }: DhcpMessage): void {
  const fqdn = options.get(OPTION.fqdn);
  const fault = fqdn && fqdnFault(fqdn);
  if (fault !== undefined) say(exchange, fault);
  const agentOptions = options.get(OPTION.relayAgentInformation);
  const cut = agentOptions && agentFault(agentOptions);
  if (cut !== undefined) say(exchange, cut);
  if (options.get(OPTION.hostName)?.length === 0) say(exchange, "Ignoring empty DHO_HOST_NAME option");
  const id = options.get(OPTION.clientIdentifier);
  if (id?.length === 1) say(exchange, ONE_CHARACTER);
  if (hlen > 0 || id !== undefined) return;
  say(exchange, "Received DHCPv4 packet without client-id option and empty hlen field.");
}

/** RFC 2132 §9.14 wants two bytes at least. */
const ONE_CHARACTER = "Accepted DHCPv4 packet with one-character client-id - a future version of ISC DHCP will reject this";

/** Somebody answered, or nobody did, at an address that is about to be offered. */
export function probeResult(exchange: Exchange, address: ClientMessage["message"]["yiaddr"], answered: boolean): void {
  const probe = exchange.state.probes.take(address);
  if (probe === undefined) return;
  const offer = exchange.state.offers.at(address, exchange.at.now);
  const stillOffered = offer?.client === probe.client.key;
  if (!answered) {
    // Meanwhile the client may have taken another server's offer, the address may have gone to one that asked for it, or we may
    // have come into a state in which we answer nobody.
    if (stillOffered && mayStillOffer(exchange, probe)) exchange.effects.push(...probe.whenFree);
    return;
  }
  if (stillOffered) exchange.state.offers.drop(offer);
  if (leaseAt(exchange, address)?.status === "ACTIVE") return;
  abandon(exchange, address, "pinged before offer", "pinged");
  dispatch(exchange, probe.client);
}

function mayStillOffer(exchange: Exchange, { address, client }: Probe): boolean {
  const pool = poolOf(exchange, address);
  return pool === undefined || exchange.authority.answers(pool, "discover", client.message, exchange.at).ok;
}

/** The name of an address is known: the answer that waited for it goes out. */
export function nameResult(exchange: Exchange, id: number, name: string | undefined): void {
  exchange.effects.push(...exchange.state.hostNames.learn(id, name, exchange.at.monotonic));
}

function dispatch(exchange: Exchange, client: ClientMessage): void {
  const caller = identify(exchange, client);
  switch (client.type) {
    case 0:
      bootp(exchange, caller);
      return;
    case MESSAGE_TYPE.DHCPDISCOVER:
      discover(exchange, caller);
      return;
    case MESSAGE_TYPE.DHCPREQUEST:
      request(exchange, caller);
      return;
    case MESSAGE_TYPE.DHCPINFORM:
      inform(exchange, caller);
      return;
    case MESSAGE_TYPE.DHCPLEASEQUERY:
      leaseQuery(exchange, caller);
      return;
    default:
      dispatchLocated(exchange, caller);
  }
}

/** Messages that mean something only from a network that we know. */
function dispatchLocated(exchange: Exchange, caller: ReturnType<typeof identify>): void {
  const { client } = caller;
  if (caller.network === undefined) {
    say(exchange, badMessageLine(client, "unknown network segment"));
    return;
  }
  switch (client.type) {
    case MESSAGE_TYPE.DHCPRELEASE:
      release(exchange, caller);
      return;
    case MESSAGE_TYPE.DHCPDECLINE:
      decline(exchange, caller);
      return;
    case MESSAGE_TYPE.DHCPOFFER:
    case MESSAGE_TYPE.DHCPACK:
    case MESSAGE_TYPE.DHCPNAK:
    case MESSAGE_TYPE.DHCPLEASEUNASSIGNED:
    case MESSAGE_TYPE.DHCPLEASEUNKNOWN:
    case MESSAGE_TYPE.DHCPLEASEACTIVE:
      return;
    default:
      say(exchange, badMessageLine(client, "unknown packet type"));
  }
}

/**
 * A renewal goes straight to the server, past the relay: it is judged with the relay's options that came with the lease
 * (`stash-agent-options`).
 */
function withLeaseOptions(exchange: Exchange, client: ClientMessage): ClientMessage {
  const { ciaddr, giaddr } = client.message;
  if (client.type !== MESSAGE_TYPE.DHCPREQUEST || ciaddr === UNSPECIFIED || giaddr !== UNSPECIFIED) return client;
  if (client.agentOptions !== undefined) return client;
  const { now } = exchange.at;
  const lease = leaseAt(exchange, ciaddr);
  if (lease === undefined || lease.ends < now) return client;
  // the client may have asked anew by the relay since: the offer that it got then knows better (dhcpd)
  const stashed = exchange.state.offers.at(ciaddr, now)?.agentOptions ?? lease.agentOptions;
  const isHolders =
    lease.clientId === undefined ? sameHardware(lease.hardware, client.hardware) : sameBytes(lease.clientId, client.clientId);
  return stashed !== undefined && isHolders ? withStashedAgentOptions(client, stashed) : client;
}
