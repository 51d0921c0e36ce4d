import type { AgentConfig } from "../config/agent-config.ts";
import { insertedCodes, PartialEvaluation } from "../config/evaluate/partial-evaluation.ts";
import { isSet, sharedPart } from "../config/evaluate/settled-evaluation.ts";
import type { Evaluation } from "../config/evaluation.ts";
import { MINIMUM_MESSAGE, writeHeader, writeUint32 } from "../dhcp/wire/encode.ts";
import { decodeFqdn } from "../dhcp/wire/fqdn.ts";
import { BOOTREPLY, type DhcpMessage } from "../dhcp/wire/message.ts";
import { FILE_OFFSET, HEADER_SIZE, MAGIC_COOKIE, MESSAGE_TYPE, OPTION, OPTIONS_OFFSET, SNAME_OFFSET } from "../dhcp/wire/option-codes.ts";
import { echoOf, withOthers } from "../dhcp/wire/relay-agent.ts";
import { shortLivedBytes } from "../values/byte-slab.ts";
import { type Ipv4Address, ipv4, ipv4FromBytes } from "../values/ipv4.ts";
import { agentLength, type Layout, layOut, type ReplyOption, type Room } from "./reply-layout.ts";
import { replyOrder } from "./reply-order.ts";
import { isTemplate, type LayoutQuestion, patch, templateFor } from "./reply-templates.ts";
import { replyValue } from "./reply-values.ts";

/** A reply to be built: header fields that are not the request's, and options the server decides itself. */
export interface ReplyPlan {
  readonly request: DhcpMessage;
  readonly ciaddr: Ipv4Address;
  readonly yiaddr: Ipv4Address;
  readonly siaddr: Ipv4Address;
  readonly giaddr: Ipv4Address;
  readonly flags: number;
  /** `filename` and `server-name`; an empty one leaves its field free for options. */
  readonly file: Uint8Array;
  readonly sname: Uint8Array;
  /** Options that hold whatever the configuration says: 53, 54, 51, 61 (RFC 6842), 81, … but not 82. */
  readonly forced: readonly ReplyOption[];
  /** Options for want of a configured one: subnet mask, host name from the declaration, … */
  readonly fallback: readonly ReplyOption[];
  /** Option 82 as it came, to be echoed (RFC 3046 §2.2). */
  readonly agentOptions: Uint8Array | undefined;
  /** What the configuration gives; undefined for a DHCPNAK, which carries `forced` alone. */
  readonly evaluation: Evaluation | undefined;
  readonly config: AgentConfig;
  /** Everything is sent, whatever was asked for. */
  readonly everything?: boolean;
}

const NO_BYTES = new Uint8Array();
/** IP and UDP headers and the fixed DHCP header: what a maximum message size (option 57) counts besides options. */
const FIXED_SIZE = 28 + HEADER_SIZE;
const SMALLEST_SIZE = 576;
const LARGEST_SIZE = 1500;
const BOOTP_AREA = 64;

/** The header fields of a reply that come from the configuration: `next-server`, `filename` and `server-name`. */
export function bootFields(evaluation: Evaluation): {
  readonly siaddr: Ipv4Address;
  readonly file: Uint8Array;
  readonly sname: Uint8Array;
} {
  const nextServer = evaluation.bytes("next-server");
  return {
    siaddr: nextServer !== undefined && nextServer.length >= 4 ? ipv4FromBytes(nextServer) : ipv4(0),
    file: evaluation.bytes("filename") ?? NO_BYTES,
    sname: evaluation.bytes("server-name") ?? NO_BYTES,
  };
}

/**
 * The datagram of a reply to a DHCP client: options in the order the client asks for them, within the size it takes, the rest
 * left out (RFC 2131 §4.1, §4.3.1; RFC 3396).
 */
export function buildReply(plan: ReplyPlan): Uint8Array {
  const size = plan.request.options.get(OPTION.maximumMessageSize) ?? plan.evaluation?.option("dhcp", OPTION.maximumMessageSize);
  // dhcpd puts no options of an answer to DHCPINFORM into the fields for names
  return compose(plan, areaFor(size), plan.request.options.get(OPTION.messageType)?.[0] !== MESSAGE_TYPE.DHCPINFORM);
}

/**
 * The datagram of a reply to a BOOTP client (RFC 951, RFC 1534). As in dhcpd, an address from a pool is told with options,
 * which may overload fields; one `fixed` by a host declaration without overloading, and if the request had no RFC 1048 cookie
 * its vendor area goes back as it came, unless `always-reply-rfc1048` is set.
 */
export function buildBootpReply(plan: ReplyPlan, fixed: boolean): Uint8Array {
  const { request } = plan;
  if (!fixed || request.hasCookie || plan.evaluation?.flag("always-reply-rfc1048") === true) {
    const told = request.options.get(OPTION.maximumMessageSize) ?? (fixed ? undefined : plan.evaluation?.option("dhcp", 57));
    const area = Math.min(LARGEST_SIZE - FIXED_SIZE, Math.max(BOOTP_AREA, request.bytes.length - HEADER_SIZE));
    // dhcpd heeds neither a request list nor the relay's options when it answers for a fixed address
    const answer = fixed ? { ...plan, everything: true, agentOptions: undefined } : plan;
    return compose(answer, told?.length === 2 ? areaFor(told) : area, !fixed);
  }
  const bytes = new Uint8Array(Math.max(MINIMUM_MESSAGE, Math.min(request.bytes.length, LARGEST_SIZE - FIXED_SIZE + HEADER_SIZE)));
  bytes.set(request.bytes.subarray(HEADER_SIZE, bytes.length), HEADER_SIZE);
  writeFields(bytes, plan, plan.file, plan.sname);
  return bytes;
}

/** Bytes of the option area, cookie included, for a client that takes messages of this size; RFC 2132 §9.10 wants at least 576. */
function areaFor(maximumMessageSize: Uint8Array | undefined): number {
  const told = maximumMessageSize?.length === 2 ? (maximumMessageSize[0]! << 8) | maximumMessageSize[1]! : SMALLEST_SIZE;
  return Math.min(LARGEST_SIZE, Math.max(SMALLEST_SIZE, told)) - FIXED_SIZE;
}

function compose(plan: ReplyPlan, area: number, mayOverload: boolean): Uint8Array {
  const shared = plan.evaluation === undefined ? undefined : sharedPart(plan.evaluation);
  letSeeDecided(plan);
  const agentOptions = agentOptionsOf(plan);
  const agentSize = agentLength(agentOptions);
  const room: Room = {
    area: Math.min(area + agentSize, LARGEST_SIZE - FIXED_SIZE) - 4,
    file: mayOverload && plan.evaluation !== undefined && plan.file.length === 0,
    sname: mayOverload && plan.evaluation !== undefined && plan.sname.length === 0,
    agentOptions,
  };
  const question = questionOf(plan, room);
  const layout = shared?.reusable === true ? templateFor(shared, question, () => fresh(plan, room)) : fresh(plan, room).layout;
  const bytes = shortLivedBytes(Math.max(MINIMUM_MESSAGE, OPTIONS_OFFSET + layout.area.length));
  writeFields(bytes, plan, layout.file === undefined ? plan.file : NO_BYTES, layout.sname === undefined ? plan.sname : NO_BYTES);
  if (layout.file !== undefined) bytes.set(layout.file, FILE_OFFSET);
  if (layout.sname !== undefined) bytes.set(layout.sname, SNAME_OFFSET);
  writeUint32(bytes, HEADER_SIZE, MAGIC_COOKIE);
  bytes.set(layout.area, OPTIONS_OFFSET);
  if (isTemplate(layout)) patch(bytes, OPTIONS_OFFSET, layout, question);
  return bytes;
}

/** The relay's options as they came, but where the configuration sets one of them itself. */
function agentOptionsOf({ agentOptions, evaluation, config }: ReplyPlan): Uint8Array | undefined {
  const echoed = agentOptions === undefined ? undefined : echoOf(agentOptions);
  if (evaluation === undefined) return echoed;
  if (echoed === undefined) return replyValue(OPTION.relayAgentInformation, evaluation, config);
  if (!evaluation.spaces.includes("agent")) return echoed;
  const own = new Map<number, Uint8Array>();
  for (const code of insertedCodes(evaluation, "agent")) own.set(code, evaluation.option("agent", code) ?? NO_BYTES);
  return withOthers(echoed, own);
}

/** `config-option` sees what this answer has besides configured options. A reusable evaluation asks for none of it. */
function letSeeDecided({ evaluation, forced, fallback, agentOptions }: ReplyPlan): void {
  if (evaluation === undefined) return;
  const [whole, hidden] = evaluation instanceof PartialEvaluation ? [evaluation.whole, evaluation.hidden] : [evaluation, undefined];
  const shared = sharedPart(whole);
  if (shared?.reusable === false) shared.environment.decided = { forced, fallback, hidden, echoesAgent: agentOptions !== undefined };
}

function writeFields(bytes: Uint8Array, plan: ReplyPlan, file: Uint8Array, sname: Uint8Array): void {
  const { request } = plan;
  writeHeader(bytes, {
    op: BOOTREPLY,
    htype: request.htype,
    hlen: request.hlen,
    hops: request.hops,
    xid: request.xid,
    secs: request.secs,
    flags: plan.flags,
    ciaddr: plan.ciaddr,
    yiaddr: plan.yiaddr,
    siaddr: plan.siaddr,
    giaddr: plan.giaddr,
    chaddr: request.chaddr,
    file,
    sname,
  });
}

function questionOf(plan: ReplyPlan, room: Room): LayoutQuestion {
  const { options } = plan.request;
  const fqdn = options.get(OPTION.fqdn);
  return {
    room,
    list: options.get(OPTION.parameterRequestList),
    traits:
      (endsInNul(options.get(OPTION.hostName)) ? 1 : 0) |
      (fqdn !== undefined && decodeFqdn(fqdn) !== undefined ? 2 : 0) |
      (plan.everything === true ? 1 << 10 : 0) |
      ((options.get(OPTION.messageType)?.[0] ?? 0) << 2),
    forced: plan.forced,
    fallback: plan.fallback,
  };
}

function fresh(plan: ReplyPlan, room: Room): { readonly layout: Layout; readonly sent: ReadonlySet<number> } {
  const { request, evaluation, config } = plan;
  const own = [...plan.forced, ...plan.fallback].map(({ code }) => code);
  const requestList = evaluation?.option("dhcp", OPTION.parameterRequestList) ?? request.options.get(OPTION.parameterRequestList);
  const heeded = evaluation === undefined || plan.everything === true ? undefined : requestList;
  // dhcpd does not heed it in an answer to DHCPINFORM
  const isInform = request.options.get(OPTION.messageType)?.[0] === MESSAGE_TYPE.DHCPINFORM;
  const echoes = !isInform && evaluation?.flag("echo-client-id") === true;
  const order = replyOrder({ request, requestList: heeded, evaluation, config, own, echoes });
  const terminated = endsInNul(request.options.get(OPTION.hostName));
  const options: ReplyOption[] = [];
  for (const code of order) {
    const forced = plan.forced.find((option) => option.code === code)?.value;
    const value =
      forced ??
      (evaluation === undefined ? undefined : configured(code, plan, evaluation)) ??
      (evaluation !== undefined && isSet(evaluation, "dhcp", code)
        ? undefined
        : plan.fallback.find((option) => option.code === code)?.value);
    if (value === undefined || value.length === 0) continue;
    const text = terminated && isText(code, config);
    options.push({ code, value: text ? Uint8Array.of(...value, 0) : value });
  }
  return { layout: layOut(options, room, order.at(-1)), sent: new Set(options.map(({ code }) => code)) };
}

/** A renewal or rebinding time that is not within the lease (or the rebinding time) is not sent. */
function configured(code: number, plan: ReplyPlan, evaluation: Evaluation): Uint8Array | undefined {
  const value = replyValue(code, evaluation, plan.config);
  if (value === undefined || (code !== OPTION.renewalTime && code !== OPTION.rebindingTime)) return value;
  const lease = plan.forced.find((option) => option.code === OPTION.leaseTime)?.value;
  if (lease === undefined) return value;
  const rebinding = code === OPTION.renewalTime ? configured(OPTION.rebindingTime, plan, evaluation) : undefined;
  return seconds(value) < seconds(rebinding ?? lease) ? value : undefined;
}

const seconds = (value: Uint8Array): number => ipv4FromBytes(value);

/** A client that ends its host name in NUL is one that wants text that way (RFC 2132 §2). */
const endsInNul = (hostName: Uint8Array | undefined): boolean => hostName !== undefined && hostName.at(-1) === 0;

function isText(code: number, config: AgentConfig): boolean {
  return (
    config.optionDefinitions
      .get("dhcp")
      ?.get(code)
      ?.fields.some(({ kind }) => kind === "text" || kind === "domain-name") ?? false
  );
}
