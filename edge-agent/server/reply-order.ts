import type { AgentConfig } from "../config/agent-config.ts";
import type { Evaluation } from "../config/evaluation.ts";
import { decodeFqdn } from "../dhcp/wire/fqdn.ts";
import type { DhcpMessage } from "../dhcp/wire/message.ts";
import { MESSAGE_TYPE, OPTION } from "../dhcp/wire/option-codes.ts";
import { encapsulatedCodes, lowestSiteCode, orderedCodes } from "./reply-values.ts";

/** Sent first and whether or not they are asked for, if the server has them to send. */
const MANDATORY = [
  OPTION.messageType,
  OPTION.serverIdentifier,
  OPTION.leaseTime,
  OPTION.renewalTime,
  OPTION.rebindingTime,
  OPTION.message,
  OPTION.requestedAddress,
  OPTION.associatedAddress,
];
const ROUTERS = 3;
const DOMAIN_NAME_SERVERS = 6;
/** Longest list of codes dhcpd considers. */
const LIST_LIMIT = 300;

/** What decides which options go back. */
export interface OrderQuestion {
  readonly request: DhcpMessage;
  /** The parameter request list that counts: the configuration's, else the client's. */
  readonly requestList: Uint8Array | undefined;
  readonly evaluation: Evaluation | undefined;
  readonly config: AgentConfig;
  /** Codes the server itself puts in, in addition to what the configuration gives. */
  readonly own: readonly number[];
  /** `echo-client-id` holds: the client's identifier, or for want of one the configured one, goes back whether it is asked for or not. */
  readonly echoes?: boolean;
}

/** Codes of the "dhcp" space in the order of importance in which they are sent, each once. */
export function replyOrder(question: OrderQuestion): readonly number[] {
  const { requestList } = question;
  const order: number[] = [...MANDATORY];
  if (requestList !== undefined && requestList.length > 0) {
    order.push(OPTION.subnetSelection); // the client's own, or a configured one
    if (question.echoes === true) order.push(OPTION.clientIdentifier);
    for (const code of requestList) if (order.length < LIST_LIMIT && code !== OPTION.relayAgentInformation) order.push(code);
    addUnasked(question.request, order);
  } else addEverything(question, order);
  return routersAfterMask(withoutRepeats(order));
}

/** Low in importance, sent if they fit: the answer to a client's option 81, and the mask that clients have come to expect. */
function addUnasked(request: DhcpMessage, order: number[]): void {
  const fqdn = request.options.get(OPTION.fqdn);
  if (fqdn !== undefined && order.length < LIST_LIMIT && decodeFqdn(fqdn) !== undefined) order.push(OPTION.fqdn);
  const type = request.options.get(OPTION.messageType)?.[0];
  const leases = type === MESSAGE_TYPE.DHCPDISCOVER || type === MESSAGE_TYPE.DHCPREQUEST;
  if (leases && order.length < LIST_LIMIT) order.push(OPTION.subnetMask);
}

/** A client that asks for nothing in particular gets all there is. */
function addEverything({ evaluation, config, own }: OrderQuestion, order: number[]): void {
  order.push(OPTION.subnetMask, ROUTERS, DOMAIN_NAME_SERVERS, OPTION.hostName, OPTION.fqdn);
  if (evaluation !== undefined) {
    const site = evaluation.siteOptionSpace;
    const lowest = site === undefined ? 0 : lowestSiteCode(site, config);
    const added = [OPTION.clientIdentifier, OPTION.subnetSelection].filter((code) => own.includes(code));
    if (site !== undefined) order.push(...orderedCodes("dhcp", evaluation, added).filter((code) => code < lowest));
    order.push(...orderedCodes(site ?? "dhcp", evaluation, site === undefined ? added : []).filter((code) => code >= lowest));
    order.push(...encapsulatedCodes(evaluation, config));
  }
  order.push(...own, OPTION.vendorEncapsulated);
}

function withoutRepeats(order: readonly number[]): number[] {
  const seen = new Set<number>([OPTION.relayAgentInformation, OPTION.pad, OPTION.end]);
  return order.filter((code) => {
    if (seen.has(code)) return false;
    seen.add(code);
    return true;
  });
}

/** RFC 2132 §3.3: the mask comes before the routers, whatever the client's list says. */
function routersAfterMask(order: number[]): readonly number[] {
  const mask = order.indexOf(OPTION.subnetMask);
  const routers = order.indexOf(ROUTERS);
  if (routers >= 0 && routers < mask) {
    order[routers] = OPTION.subnetMask;
    order[mask] = ROUTERS;
  }
  return order;
}
