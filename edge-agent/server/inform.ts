import type { Subnet } from "../config/agent-config.ts";
import { PartialEvaluation } from "../config/evaluate/partial-evaluation.ts";
import type { Evaluation } from "../config/evaluation.ts";
import { BROADCAST_FLAG } from "../dhcp/wire/message.ts";
import { MESSAGE_TYPE, OPTION } from "../dhcp/wire/option-codes.ts";
import { formatIpv4, type Ipv4Address, ipv4FromBytes, ipv4ToBytes, UNSPECIFIED } from "../values/ipv4.ts";
import type { Caller } from "./caller.ts";
import { LINK_SELECTION, subOption } from "./client-message.ts";
import { answerChain, runScopes } from "./evaluate-for.ts";
import { adviseOfSiteSpace, type Exchange, poolOf, say } from "./exchange.ts";
import { hostOfInform } from "./hosts.ts";
import { informLine } from "./log-lines.ts";
import { send, withSelection } from "./reply.ts";
import { bootFields, buildReply } from "./response-options.ts";
import { serverIdentifier } from "./server-id.ts";

const NO_LEASE_OPTIONS = new Set<number>([OPTION.leaseTime, OPTION.renewalTime, OPTION.rebindingTime]);

/** DHCPINFORM (RFC 2131 §4.3.5): configuration for a client that has an address, from an authoritative server; no lease. */
export function inform(exchange: Exchange, caller: Caller): void {
  const { client } = caller;
  const { message, datagram } = client;
  const address = message.ciaddr === UNSPECIFIED ? datagram.source : message.ciaddr;
  const text = informLine(client, address);
  if (address === UNSPECIFIED) {
    say(exchange, `${text}: ignored (null source address).`);
    return;
  }
  const place = placeOf(caller, address);
  if (place === undefined) {
    say(exchange, `${text}: ignored (invalid subnet selection option).`);
    return;
  }
  const subnet = exchange.state.networks.subnetOf(place.address);
  if (subnet === undefined) {
    say(exchange, `${text}: unknown subnet for ${place.kind} address ${formatIpv4(place.address)}`);
    return;
  }
  if (!subnet.scope.authoritative) {
    say(exchange, `${text}: not authoritative for subnet ${formatIpv4(subnet.network.address)}`);
    for (const advice of exchange.state.advice.ofRefusedInform()) say(exchange, advice);
    return;
  }
  acknowledge(exchange, caller, { subnet, address, text });
}

/** Which address tells the client's subnet, and dhcpd's word for it; undefined for a selection that is no address. */
function placeOf({ client }: Caller, address: Ipv4Address): { readonly kind: string; readonly address: Ipv4Address } | undefined {
  const { giaddr, ciaddr, options } = client.message;
  const relayed = giaddr !== UNSPECIFIED && ciaddr === UNSPECIFIED;
  const selection = subOption(client.agentOptions, LINK_SELECTION) ?? options.get(OPTION.subnetSelection);
  if (selection !== undefined) {
    if (selection.length !== 4) return undefined;
    return { kind: relayed ? "relay link select" : "selected", address: ipv4FromBytes(selection) };
  }
  if (relayed) return { kind: "relay", address: giaddr };
  return { kind: ciaddr === UNSPECIFIED ? "source" : "client", address };
}

function acknowledge(
  exchange: Exchange,
  caller: Caller,
  target: { readonly subnet: Subnet; readonly address: Ipv4Address; readonly text: string },
): void {
  const { client } = caller;
  const { message } = client;
  const { subnet, address } = target;
  const host = hostOfInform(exchange.state.config, client, address);
  const pool = poolOf(exchange, address);
  const evaluation = runScopes(exchange, answerChain(exchange, caller, subnet, pool, host), {
    client,
    classNames: caller.classes.map(({ className }) => className),
    // dhcpd looks for no host before it runs these
    known: false,
    lease: undefined,
    address: undefined,
    leaseSeconds: undefined,
    host,
  });
  adviseOfSiteSpace(exchange, evaluation);
  say(exchange, target.text);
  const identity = serverIdentifier(evaluation, client);
  const viaRelay = message.ciaddr === UNSPECIFIED && message.giaddr !== UNSPECIFIED;
  const flags = viaRelay ? message.flags | BROADCAST_FLAG : message.flags;
  const boot = bootFields(evaluation);
  const bytes = buildReply({
    request: message,
    ciaddr: message.ciaddr,
    yiaddr: UNSPECIFIED,
    giaddr: message.giaddr,
    flags,
    ...boot,
    forced: withSelection(
      [
        { code: OPTION.messageType, value: Uint8Array.of(MESSAGE_TYPE.DHCPACK) },
        { code: OPTION.serverIdentifier, value: ipv4ToBytes(identity) },
      ],
      client,
    ),
    fallback: [{ code: OPTION.subnetMask, value: ipv4ToBytes(subnet.network.mask) }],
    agentOptions: client.agentOptions,
    evaluation: withoutLeaseTimes(evaluation),
    config: exchange.state.config,
  });
  const name = client.hardware.htype === 0 || client.hardware.bytes.length === 0 ? "<no client hardware address>" : client.hardwareText;
  const via = viaRelay ? formatIpv4(message.giaddr) : client.datagram.interfaceName;
  say(exchange, `DHCPACK to ${formatIpv4(address)} (${name}) via ${via}`);
  const way = { kind: "inform", ciaddr: message.ciaddr, yiaddr: UNSPECIFIED, flags, source: identity, isLocal: true } as const;
  exchange.effects.push(send(exchange, caller, bytes, way));
}

/** An evaluation without the times of a lease, configured or not: there is no lease (RFC 2131 §4.3.5). */
function withoutLeaseTimes(evaluation: Evaluation): Evaluation {
  const hasTimes = [...NO_LEASE_OPTIONS].some((code) => evaluation.option("dhcp", code) !== undefined);
  return hasTimes ? new PartialEvaluation(evaluation, NO_LEASE_OPTIONS) : evaluation;
}
