import { type MonotonicMillis, type Seconds, seconds } from "../../values/time.ts";
import { type Endpoint, takeMclt, waitedMclt } from "../endpoint/state.ts";
import { recordEndpoint, sendState } from "../endpoint/step.ts";
import { endures } from "../endpoint/transitions.ts";
import { isPrimary, nameOf, type Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { wallClock } from "../wire/codes.ts";
import { type StreamRemainder, takeFrames } from "../wire/frame.ts";
import { decodeMessage, type FailoverMessage } from "../wire/message.ts";
import type { Options } from "../wire/options.ts";
import { decodePrivateData, encodePrivateData, isTandem, VENDOR_CLASS } from "../wire/private-data.ts";
import { REJECT_REASONS, type RejectReason, rejectText } from "../wire/reject-reason.ts";
import { dropConnection } from "./connections.ts";
import { marksToTell } from "./marks.ts";
import { sendContact, sendNew, sendReply } from "./send.ts";
import { type Connection, HOLD_STATE_LONG_MILLIS, HOLD_STATE_MILLIS, LARGEST_SKEW, SMALLEST_RECEIVE_TIMER } from "./state.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : new TextDecoder().decode(bytes));

/** Updates that two agents of our own kind leave unacknowledged at least, whatever is configured. */
const TANDEM_WINDOW = 8192;

/** What both sides say of themselves. */
const ownTerms = (relationship: Relationship): Options => ({
  relationshipName: encode(nameOf(relationship)),
  maxUnackedBndupd: relationship.link.ownMaxUnacked,
  receiveTimer: ownReceiveTimer(relationship),
  vendorClassIdentifier: VENDOR_CLASS,
  protocolVersion: 1,
});

/** How long we bear silence. Seconds; never so short that a stock partner would flood us. */
export const ownReceiveTimer = ({ config }: Relationship): number => Math.max(SMALLEST_RECEIVE_TIMER, config.peer.maxResponseDelay);

/** The primary's first word on every connection, whoever opened it. */
export function sendConnect(turn: Turn, relationship: Relationship, connection: Connection): void {
  const { endpoint, config } = relationship;
  sendNew(turn, connection, "CONNECT", {
    ...ownTerms(relationship),
    tlsRequest: 0,
    mclt: config.peer.mclt ?? endpoint.mclt,
    hashBucketAssignment: endpoint.hba ?? new Uint8Array(32),
    ...longestMclt(endpoint, config.peer.mclt ?? endpoint.mclt),
  });
}

/** A partner of our own kind that lost its disk has forgotten by what it promised: it is told, where that was more than `announced`. */
const longestMclt = (endpoint: Endpoint, announced: Seconds): Options =>
  endpoint.partnerIsTandem && waitedMclt(endpoint) > announced
    ? { vendorSpecificOptions: encodePrivateData({ longestMclt: waitedMclt(endpoint) }) }
    : {};

/** A year: nobody promises by more. */
const LONGEST_CREDIBLE = seconds(365 * 86_400);

/** What {@link longestMclt} tells, where it is news: with a store that is whole, we know ourselves. */
function takeLongestMclt(endpoint: Endpoint, options: Options): void {
  const told = endpoint.partnerIsTandem && !endpoint.storeIntact ? decodePrivateData(options.vendorSpecificOptions).longestMclt : undefined;
  if (told === undefined || told <= waitedMclt(endpoint)) return;
  endpoint.formerMclt = seconds(Math.min(told, LONGEST_CREDIBLE));
}

interface Fault {
  readonly reason: RejectReason;
  /** As the partner is told, in dhcpd's words. */
  readonly text: string;
  /** What our log adds. */
  readonly detail: string;
}
const fault = (reason: RejectReason, text: string, detail = ""): Fault => ({ reason, text, detail });

/** The relationship that a CONNECT names, if that is what these bytes begin with. */
export function nameInConnect(rest: StreamRemainder, bytes: Uint8Array): string | undefined {
  const [first] = takeFrames(rest, bytes).frames;
  const message = first === undefined ? undefined : decodeMessage(first);
  return message?.ok === true && message.value.type === "CONNECT" ? decode(message.value.options.relationshipName) : undefined;
}

/** CONNECT (failover-12 §7.8): taken, or refused in dhcpd's order: name, clock, buckets, a connection there already, MCLT. */
export function onConnect(turn: Turn, relationship: Relationship, connection: Connection, message: FailoverMessage): void {
  const { link, endpoint } = relationship;
  const { options, xid } = message;
  const wrong = connectFault(turn, relationship, message);
  if (wrong !== undefined) {
    link.refusal = wrong.text + wrong.detail;
    turn.warn(`Failover CONNECT from ${decode(options.relationshipName) ?? "unknown"}: ${link.refusal}`);
    sendReply(turn, connection, { type: "CONNECTACK", xid, options: refusalTerms(relationship, options, wrong) });
    dropConnection(turn, relationship, connection, link.refusal);
    return;
  }
  if (link.up !== undefined) {
    // if the old connection is dead, asking it something brings that to light; dhcpd too closes without a word
    sendContact(turn, relationship, link.up);
    dropConnection(turn, relationship, connection, REJECT_REASONS[7]);
    return;
  }
  takeMclt(endpoint, seconds(options.mclt ?? 0), false);
  endpoint.hba = options.hashBucketAssignment;
  takePartnersTerms(relationship, options);
  // a stock primary waits for half of what we announce before it acknowledges: never announce more than it sends
  link.ownMaxUnacked = Math.max(
    1,
    Math.min(relationship.config.peer.maxUnackedUpdates, options.maxUnackedBndupd ?? Number.MAX_SAFE_INTEGER),
  );
  sendReply(turn, connection, {
    type: "CONNECTACK",
    xid,
    options: { ...ownTerms(relationship), ...tlsReply(options), ...longestMclt(endpoint, endpoint.mclt) },
  });
  linkUp(turn, relationship, connection);
}

/** Asked for TLS, we say that there is none; nobody has ever insisted. */
const tlsReply = ({ tlsRequest }: Options): Options => (tlsRequest === undefined ? {} : { tlsReply: 0 });

/** A CONNECTACK that refuses: to a stranger without our terms, under the name that it used. */
function refusalTerms(relationship: Relationship, options: Options, { reason, text }: Fault): Options {
  const refusal = { ...tlsReply(options), rejectReason: reason, message: text };
  if (reason !== 8) return { ...ownTerms(relationship), ...refusal };
  const { maxUnackedBndupd: _, receiveTimer: __, relationshipName: ___, ...terms } = ownTerms(relationship);
  return { ...terms, ...(options.relationshipName === undefined ? {} : { relationshipName: options.relationshipName }), ...refusal };
}

function connectFault(turn: Turn, relationship: Relationship, { options, time }: FailoverMessage): Fault | undefined {
  const { link } = relationship;
  if (isPrimary(relationship)) return fault(8, "both servers are primary");
  if (options.relationshipName === undefined) return fault(8, "missing relationship-name");
  if (decode(options.relationshipName) !== nameOf(relationship)) return fault(8, "unknown failover relationship name");
  const skew = time - wallClock(turn.at);
  link.skew = skew;
  if (Math.abs(skew) > LARGEST_SKEW) return fault(4, "time offset too large", ` (${skew} seconds)`);
  if (options.hashBucketAssignment?.length !== 32) return fault(18, "invalid HBA");
  if (link.up === undefined && options.mclt === undefined) return fault(5, "no MCLT provided");
  return undefined;
}

/** CONNECTACK (failover-12 §7.9), at the primary. */
export function onConnectAck(turn: Turn, relationship: Relationship, connection: Connection, message: FailoverMessage): void {
  const { link, config, endpoint } = relationship;
  const { options } = message;
  const wrong = connectAckFault(turn, relationship, message);
  if (wrong !== undefined) {
    link.refusal = wrong.text;
    const isRejection = options.rejectReason !== undefined;
    const name = decode(options.relationshipName) ?? "unknown";
    turn.warn(
      isRejection
        ? `Failover CONNECT to ${nameOf(relationship)} rejected: ${wrong.text}`
        : `Failover CONNECTACK from ${name}: ${wrong.text}`,
    );
    if (!isRejection) sendNew(turn, connection, "DISCONNECT", { rejectReason: wrong.reason, message: wrong.text });
    dropConnection(turn, relationship, connection, wrong.text);
    return;
  }
  // a secondary accepts only when it has no connection: the one that we think is up is dead
  if (link.up !== undefined) dropConnection(turn, relationship, link.up, "superseded by a newer connection");
  // what we announced is known from here on
  endpoint.mclt = config.peer.mclt ?? endpoint.mclt;
  takePartnersTerms(relationship, options);
  const theirs = link.partnerMaxUnacked;
  const isDhcpd = options.vendorClassIdentifier?.startsWith("isc-") === true;
  if (isDhcpd && theirs < link.ownMaxUnacked && theirs < config.peer.maxUnackedUpdates / 2) {
    // it would wait two seconds for each batch: offer it as much as it offers us
    link.ownMaxUnacked = theirs;
    link.dialAt = turn.at.monotonic;
    dropConnection(turn, relationship, connection, `agreeing on ${theirs} unacknowledged updates`);
    return;
  }
  linkUp(turn, relationship, connection);
}

function connectAckFault(turn: Turn, relationship: Relationship, { options, time }: FailoverMessage): Fault | undefined {
  const name = decode(options.relationshipName);
  if (name === undefined) return fault(8, "missing relationship-name");
  const skew = time - wallClock(turn.at);
  relationship.link.skew = skew;
  if (options.rejectReason !== undefined) return fault(6, rejectText(options.rejectReason, options.message));
  if (name !== nameOf(relationship)) return fault(8, `remote failover relationship name ${name} does not match`);
  return Math.abs(skew) > LARGEST_SKEW ? fault(4, "time offset too large") : undefined;
}

function takePartnersTerms({ link, endpoint }: Relationship, options: Options): void {
  if (options.maxUnackedBndupd !== undefined && options.maxUnackedBndupd > 0)
    link.partnerMaxUnacked = Math.min(options.maxUnackedBndupd, 10_000);
  if (options.receiveTimer !== undefined) link.partnerReceiveTimer = options.receiveTimer;
  link.partnerVendorClass = options.vendorClassIdentifier;
  endpoint.partnerIsTandem = isTandem(options.vendorClassIdentifier);
  takeLongestMclt(endpoint, options);
  // a small window makes a stock partner acknowledge often; ours does so at once, and each round costs both a commit
  if (endpoint.partnerIsTandem) link.partnerMaxUnacked = Math.max(link.partnerMaxUnacked, TANDEM_WINDOW);
}

/** CONNECT and CONNECTACK are exchanged; failover states change only with the first STATE (failover-12 §8.3). */
function linkUp(turn: Turn, relationship: Relationship, connection: Connection): void {
  const { link, endpoint } = relationship;
  connection.phase = "up";
  link.up = connection;
  link.refusal = undefined;
  link.dialAt = undefined;
  endpoint.communicating = false;
  endpoint.requested = undefined;
  recordEndpoint(turn, relationship);
  // some states of ours would end a stock partner in some of its own: its STATE, which comes unasked, tells; ours follows that
  if (!endpoint.partnerIsTandem) link.stateHeldUntil = (turn.at.monotonic + holdMillis(relationship)) as MonotonicMillis;
  else {
    sendNew(turn, connection, "CONTACT", { vendorSpecificOptions: encodePrivateData(marksToTell(turn, relationship, false)) });
    sendState(turn, relationship);
  }
}

/** A partner that was last heard of in a state that does not bear ours is given more time to say what it is in. */
const holdMillis = ({ endpoint }: Relationship): number =>
  endures(endpoint.partner, endpoint.state) ? HOLD_STATE_MILLIS : HOLD_STATE_LONG_MILLIS;
