import { replyDestination } from "../dhcp/reply-destination.ts";
import { MESSAGE_TYPE, OPTION } from "../dhcp/wire/option-codes.ts";
import type { Lease } from "../leases/lease.ts";
import { hexPairs } from "../values/hardware-address.ts";
import { formatIpv4, type Ipv4Address, ipv4, ipv4ToBytes, UNSPECIFIED } from "../values/ipv4.ts";
import { INFINITE, type Seconds, seconds, secondsBetween } from "../values/time.ts";
import type { Caller } from "./caller.ts";
import { answerChain, policy, runScopes } from "./evaluate-for.ts";
import { type Exchange, leaseAt, poolOf, say } from "./exchange.ts";
import type { ReplyOption } from "./reply-layout.ts";
import { buildReply } from "./response-options.ts";
import { serverIdentifier } from "./server-id.ts";

const CLIENT_LAST_TRANSACTION_TIME = 91;
const NO_BYTES = new Uint8Array(0);
const MAX_ASSOCIATED = 63;

/** What a query found. */
interface Found {
  readonly type: 11 | 12 | 13;
  readonly lease: Lease | undefined;
  readonly others: readonly Ipv4Address[];
}

const NAMES = { 11: "DHCPLEASEUNASSIGNED", 12: "DHCPLEASEUNKNOWN", 13: "DHCPLEASEACTIVE" } as const;

/** DHCPLEASEQUERY (RFC 4388): what a relay asks about an address or a client; answered only where `leasequery` is allowed. */
export function leaseQuery(exchange: Exchange, caller: Caller): void {
  const { client } = caller;
  const { message } = client;
  if (message.giaddr === UNSPECIFIED) {
    say(exchange, `DHCPLEASEQUERY from ${client.hardwareText}: missing giaddr, ciaddr is ${formatIpv4(message.ciaddr)}, no reply sent`);
    return;
  }
  const text = `DHCPLEASEQUERY from ${formatIpv4(message.giaddr)}`;
  const subnet = exchange.state.networks.subnetOf(message.giaddr);
  const where = subnet ?? caller.network?.subnets[0];
  const found = look(exchange, caller);
  const evaluation =
    where &&
    runScopes(exchange, answerChain(exchange, caller, where, undefined, undefined), {
      client,
      classNames: caller.classes.map(({ className }) => className),
      known: false,
      lease: undefined,
      // as in dhcpd, where option values know the address that nobody has
      address: found.type === MESSAGE_TYPE.DHCPLEASEUNASSIGNED ? message.ciaddr : undefined,
      leaseSeconds: undefined,
      host: undefined,
    });
  if (evaluation === undefined || policy(evaluation, "leasequery") !== "allow") {
    say(exchange, `${text}: LEASEQUERY not allowed, query ignored`);
    return;
  }
  say(exchange, `${text} for ${subjectOf(caller)}`);
  const identity = serverIdentifier(evaluation, client);
  const { lease } = found;
  // dhcpd does not look at what the query asks for
  const asked = { ...message, options: new Map(message.options) };
  asked.options.delete(OPTION.parameterRequestList);
  const request = lease === undefined ? asked : { ...asked, ...hardwareFields(lease) };
  const bytes = buildReply({
    request,
    ciaddr: lease?.address ?? message.ciaddr,
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    giaddr: message.giaddr,
    flags: message.flags,
    file: NO_BYTES,
    sname: NO_BYTES,
    forced: options(exchange, found, identity),
    fallback: [],
    agentOptions: lease?.agentOptions,
    // dhcpd tells what the configuration has where it has no lease to tell of.
    evaluation: lease === undefined ? evaluation : undefined,
    config: exchange.state.config,
  });
  say(exchange, `${NAMES[found.type]} to ${formatIpv4(message.giaddr)} for ${subjectOf(caller)} (${found.others.length} associated IPs)`);
  const { serverPort, clientPort } = exchange.state.options;
  const destination = replyDestination({
    ...{ kind: "ack", giaddr: message.giaddr, ciaddr: message.ciaddr, yiaddr: UNSPECIFIED, htype: message.htype, hlen: message.hlen },
    ...{ chaddr: message.chaddr, flags: message.flags, hasServerId: false, isLocal: false, clientSource: client.datagram.source },
    ...{ source: identity, serverPort, clientPort },
  });
  exchange.effects.push({ kind: "send", interfaceName: client.datagram.interfaceName, destination, bytes });
}

/** By address if ciaddr has one, else by client identifier, else by hardware. */
function look(exchange: Exchange, { client }: Caller): Found {
  const { ciaddr } = client.message;
  if (ciaddr !== UNSPECIFIED) {
    if (poolOf(exchange, ciaddr) === undefined) return { type: MESSAGE_TYPE.DHCPLEASEUNKNOWN, lease: undefined, others: [] };
    const lease = leaseAt(exchange, ciaddr);
    if (lease?.status === "ACTIVE") return { type: MESSAGE_TYPE.DHCPLEASEACTIVE, lease, others: [] };
    return { type: MESSAGE_TYPE.DHCPLEASEUNASSIGNED, lease: undefined, others: [] };
  }
  const { view } = exchange;
  const addresses = client.clientId === undefined ? view.byHardware(client.hardware) : view.byClientId(client.clientId);
  // as dhcpd has them: in the order in which the client got them
  const leases = addresses.toReversed().flatMap((address) => {
    const lease = leaseAt(exchange, address);
    return lease?.status === "ACTIVE" ? [lease] : [];
  });
  const [first, ...more] = leases;
  if (first === undefined) return { type: MESSAGE_TYPE.DHCPLEASEUNKNOWN, lease: undefined, others: [] };
  const newest = more.reduce((best, lease) => (lease.cltt > best.cltt ? lease : best), first);
  const others = leases.filter((lease) => lease !== newest).map(({ address }) => address);
  return { type: MESSAGE_TYPE.DHCPLEASEACTIVE, lease: newest, others: others.slice(0, MAX_ASSOCIATED) };
}

function options(exchange: Exchange, found: Found, identity: Ipv4Address): readonly ReplyOption[] {
  const forced: ReplyOption[] = [
    { code: OPTION.messageType, value: Uint8Array.of(found.type) },
    { code: OPTION.serverIdentifier, value: ipv4ToBytes(identity) },
  ];
  const { lease } = found;
  if (lease === undefined) return forced;
  const left = secondsBetween(exchange.at.now, lease.ends);
  forced.push({ code: OPTION.leaseTime, value: number(left) });
  if (left !== INFINITE) {
    // RFC 4388 §6.4.2: times relative to now, as the lease was given with the usual half and seven eighths
    const length = secondsBetween(lease.starts, lease.ends);
    const age = secondsBetween(lease.starts, exchange.at.now);
    if (length / 2 > age) forced.push({ code: OPTION.renewalTime, value: number(seconds(length / 2 - age)) });
    if ((length * 7) / 8 > age) forced.push({ code: OPTION.rebindingTime, value: number(seconds((length * 7) / 8 - age)) });
  }
  forced.push({ code: CLIENT_LAST_TRANSACTION_TIME, value: number(secondsBetween(lease.cltt, exchange.at.now)) });
  const vendorClass = lease.variables.get("vendor-class-identifier");
  if (vendorClass !== undefined) forced.push({ code: OPTION.vendorClass, value: vendorClass });
  if (lease.clientId !== undefined) forced.push({ code: OPTION.clientIdentifier, value: lease.clientId });
  if (found.others.length > 0) {
    const value = new Uint8Array(4 * found.others.length);
    found.others.forEach((address, index) => {
      value.set(ipv4ToBytes(address), 4 * index);
    });
    forced.push({ code: OPTION.associatedAddress, value });
  }
  return forced;
}

function hardwareFields({ hardware }: Lease) {
  if (hardware === undefined) return {};
  const chaddr = new Uint8Array(16);
  chaddr.set(hardware.bytes.subarray(0, 16));
  return { htype: hardware.htype, hlen: Math.min(hardware.bytes.length, 16), chaddr };
}

function subjectOf({ client }: Caller): string {
  const { ciaddr } = client.message;
  if (ciaddr !== UNSPECIFIED) return `IP ${formatIpv4(ciaddr)}`;
  if (client.clientId !== undefined) return `client-id ${hexPairs(client.clientId)}`;
  return `MAC address ${client.hardwareText}`;
}

const number = (value: Seconds): Uint8Array => ipv4ToBytes(ipv4(value));
