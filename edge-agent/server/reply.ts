import type { Subnet } from "../config/agent-config.ts";
import type { Evaluation } from "../config/evaluation.ts";
import { replyDestination } from "../dhcp/reply-destination.ts";
import { BROADCAST_FLAG } from "../dhcp/wire/message.ts";
import { MESSAGE_TYPE, OPTION } from "../dhcp/wire/option-codes.ts";
import { type Ipv4Address, ipv4, ipv4ToBytes, UNSPECIFIED } from "../values/ipv4.ts";
import type { Caller } from "./caller.ts";
import type { ClientMessage } from "./client-message.ts";
import type { SendDatagram } from "./effect.ts";
import { type Exchange, say } from "./exchange.ts";
import { nakLine } from "./log-lines.ts";
import type { ReplyOption } from "./reply-layout.ts";
import { bootFields, buildBootpReply, buildReply, type ReplyPlan } from "./response-options.ts";
import { evaluateWithoutLease, ownAddress, serverIdentifier } from "./server-id.ts";

const NO_BYTES = new Uint8Array(0);
const NO_OPTIONS: readonly ReplyOption[] = [];

/** What a client is given. */
export interface Answer {
  readonly kind: "offer" | "ack" | "bootp";
  readonly address: Ipv4Address;
  readonly subnet: Subnet;
  readonly evaluation: Evaluation;
  /** Seconds that option 51 says. */
  readonly leaseSeconds: number;
  /** Name that DNS has for the address, for want of any other (`get-lease-hostnames`). */
  readonly foundName?: string | undefined;
  /** Name of the host declaration, if there is one. */
  readonly hostName: string | undefined;
  /** The address is fixed by a declaration. */
  readonly isStatic: boolean;
  /** Option 81, for a client that sent one. */
  readonly fqdn: ReplyOption | undefined;
}

/** The datagram that gives a client its address: DHCPOFFER, DHCPACK or BOOTREPLY. */
export function answerDatagram(exchange: Exchange, caller: Caller, answer: Answer): SendDatagram {
  const { client } = caller;
  const { message } = client;
  const { evaluation } = answer;
  const boot = bootFields(evaluation);
  const identity = serverIdentifier(evaluation, client);
  const staticBootp = answer.kind === "bootp" && answer.isStatic;
  const plan: ReplyPlan = {
    request: message,
    ciaddr: message.ciaddr,
    yiaddr: answer.address,
    siaddr: staticBootp && boot.siaddr === UNSPECIFIED ? ownAddress(client) : boot.siaddr,
    giaddr: message.giaddr,
    flags: evaluation.flag("always-broadcast") === true ? message.flags | BROADCAST_FLAG : message.flags,
    file: staticBootp && boot.file.length === 0 ? message.file : boot.file,
    sname: boot.sname,
    forced: answer.kind === "bootp" ? NO_OPTIONS : forcedOptions(client, answer, identity),
    fallback: fallbackOptions(answer),
    agentOptions: client.stashed ? undefined : client.agentOptions,
    evaluation,
    config: exchange.state.config,
  };
  const bytes = answer.kind === "bootp" ? buildBootpReply(plan, answer.isStatic) : buildReply(plan);
  return send(exchange, caller, bytes, {
    kind: answer.kind,
    ciaddr: message.ciaddr,
    yiaddr: answer.address,
    flags: plan.flags,
    source: answer.kind === "bootp" ? ownAddress(client) : identity,
    isLocal: caller.wire !== undefined && caller.wire === exchange.state.networks.networkOf(answer.subnet),
  });
}

/** What differs between replies when their way is chosen. */
interface Way {
  readonly kind: "offer" | "ack" | "nak" | "inform" | "bootp";
  readonly ciaddr: Ipv4Address;
  readonly yiaddr: Ipv4Address;
  readonly flags: number;
  readonly source: Ipv4Address;
  readonly isLocal: boolean;
}

/** Addresses a reply. Frames carry the address of the interface: a configured identity may not be one of ours. */
export function send(exchange: Exchange, caller: Caller, bytes: Uint8Array, way: Way): SendDatagram {
  const { datagram, message, serverId } = caller.client;
  const { serverPort, clientPort } = exchange.state.options;
  const { giaddr, htype, hlen, chaddr } = message;
  const destination = replyDestination({
    ...way,
    giaddr,
    htype,
    hlen,
    chaddr: chaddr.subarray(0, hlen),
    hasServerId: serverId !== undefined,
    clientSource: datagram.source,
    serverPort,
    clientPort,
  });
  return { kind: "send", interfaceName: datagram.interfaceName, destination, bytes };
}

/** DHCPNAK (RFC 2131 §4.3.2): to the relay or broadcast, with nothing but who says so and why. */
export function refuse(exchange: Exchange, caller: Caller, address: Ipv4Address, why: string): void {
  const { client } = caller;
  const { message } = client;
  const { classes } = caller;
  // Classes count for `echo-client-id`, but not for the server identifier; every statement logs once, the outermost for each class.
  const ofNetwork = evaluateWithoutLease(classes.length === 0 ? exchange : { ...exchange, effects: [] }, caller);
  const ofClasses = classes.length === 0 ? ofNetwork : evaluateWithoutLease(exchange, caller, classes);
  const identity = serverIdentifier(ofNetwork, client);
  const forced: ReplyOption[] = [
    { code: OPTION.messageType, value: Uint8Array.of(MESSAGE_TYPE.DHCPNAK) },
    { code: OPTION.serverIdentifier, value: ipv4ToBytes(identity) },
    { code: OPTION.message, value: textBytes(why) },
  ];
  if (client.clientId !== undefined && ofClasses?.flag("echo-client-id") === true) {
    forced.push({ code: OPTION.clientIdentifier, value: client.clientId });
  }
  const flags = message.flags | BROADCAST_FLAG;
  const bytes = buildReply({
    request: message,
    ciaddr: UNSPECIFIED,
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    giaddr: message.giaddr,
    flags,
    file: NO_BYTES,
    sname: NO_BYTES,
    forced,
    fallback: NO_OPTIONS,
    agentOptions: client.stashed ? undefined : client.agentOptions,
    evaluation: undefined,
    config: exchange.state.config,
  });
  say(exchange, nakLine(client, address));
  const way = { kind: "nak", ciaddr: UNSPECIFIED, yiaddr: UNSPECIFIED, flags, source: identity, isLocal: true } as const;
  exchange.effects.push(send(exchange, caller, bytes, way));
}

/** Options that both an ACK of INFORM and one of REQUEST carry by themselves, and those of a lease. */
function forcedOptions(client: ClientMessage, answer: Answer, identity: Ipv4Address): readonly ReplyOption[] {
  const type = answer.kind === "offer" ? MESSAGE_TYPE.DHCPOFFER : MESSAGE_TYPE.DHCPACK;
  const forced: ReplyOption[] = [
    { code: OPTION.messageType, value: type === MESSAGE_TYPE.DHCPOFFER ? OFFER_TYPE : ACK_TYPE },
    { code: OPTION.serverIdentifier, value: ipv4ToBytes(identity) },
    { code: OPTION.leaseTime, value: secondsBytes(answer.leaseSeconds) },
  ];
  if (answer.fqdn !== undefined) forced.push(answer.fqdn);
  if (client.clientId !== undefined && answer.evaluation.flag("echo-client-id") === true) {
    forced.push({ code: OPTION.clientIdentifier, value: client.clientId }); // RFC 6842
  }
  return withSelection(forced, client);
}

/** Adds the subnet selection of the client, which it gets back (RFC 3011). */
export function withSelection(forced: ReplyOption[], client: ClientMessage): readonly ReplyOption[] {
  const selection = client.message.options.get(OPTION.subnetSelection);
  if (selection !== undefined) forced.push({ code: OPTION.subnetSelection, value: selection });
  return forced;
}

function fallbackOptions(answer: Answer): readonly ReplyOption[] {
  const { evaluation, subnet, hostName, foundName } = answer;
  const staticBootp = answer.kind === "bootp" && answer.isStatic;
  const fallback: ReplyOption[] = [{ code: OPTION.subnetMask, value: ipv4ToBytes(subnet.network.mask) }];
  if (hostName !== undefined && evaluation.flag("use-host-decl-names") === true) {
    fallback.push({ code: OPTION.hostName, value: textBytes(hostName) });
  } else if (foundName !== undefined) fallback.push({ code: OPTION.hostName, value: textBytes(foundName) });
  if (!staticBootp && evaluation.flag("use-lease-addr-for-default-route") === true) {
    fallback.push({ code: ROUTERS, value: ipv4ToBytes(answer.address) });
  }
  return fallback;
}

const ROUTERS = 3;
const OFFER_TYPE = Uint8Array.of(MESSAGE_TYPE.DHCPOFFER);
const ACK_TYPE = Uint8Array.of(MESSAGE_TYPE.DHCPACK);

/** Text as bytes, a byte a character. */
export function textBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

const secondsBytes = (value: number): Uint8Array => ipv4ToBytes(ipv4(value));
