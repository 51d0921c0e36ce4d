import type { Lease } from "../leases/lease.ts";
import { type EpochSeconds, type MonotonicMillis, seconds } from "../values/time.ts";
import { onBindingAck } from "./binding/acknowledge.ts";
import { hasYetToAsk } from "./binding/forgetful.ts";
import { updatesHeldUntil } from "./binding/hear-first.ts";
import { balancePools, scheduleBalance } from "./binding/pool.ts";
import { queueUpdate } from "./binding/queue.ts";
import { onBindingUpdate } from "./binding/receive.ts";
import { noteEnded, reclaimDue } from "./binding/reclaiming.ts";
import { sendUpdates } from "./binding/send.ts";
import { askStalledAgain, stalledAt } from "./binding/stalled.ts";
import { beginTransfer } from "./binding/transfer.ts";
import { onCommand } from "./command.ts";
import { onMarks } from "./endpoint/old-store.ts";
import { printed, waitedMclt } from "./endpoint/state.ts";
import { endpointDeadline, onEndpointTick, onPartnerState, onUpdateDone, recordEndpoint, sendState } from "./endpoint/step.ts";
import type { FailoverEvent } from "./event.ts";
import { connectionGone, dropConnection, redialLater } from "./link/connections.ts";
import { onConnect, onConnectAck, ownReceiveTimer, sendConnect } from "./link/handshake.ts";
import { sendContact, sendNew, sendReply } from "./link/send.ts";
import { type Connection, contactAt, LARGEST_SKEW, setUpDeadline, silenceAt } from "./link/state.ts";
import { isPrimary, monotonicOf, nameOf, noteReserved, type Relationship } from "./relationship.ts";
import type { Turn } from "./turn.ts";
import { fromWireTime, STARTUP_FLAG, serverStateOf, wallClock } from "./wire/codes.ts";
import { EMPTY_STREAM, takeFrames } from "./wire/frame.ts";
import { decodeMessage, type FailoverMessage } from "./wire/message.ts";
import { decodePrivateData, encodePrivateData } from "./wire/private-data.ts";
import { rejectText } from "./wire/reject-reason.ts";

/** One happening of one relationship. */
export function onFailoverEvent(turn: Turn, relationship: Relationship, event: FailoverEvent): void {
  const { link } = relationship;
  switch (event.kind) {
    case "failover-link-opened":
      onOpened(turn, relationship, event);
      break;
    case "failover-link-closed":
      connectionGone(turn, relationship, event.link, event.reason);
      break;
    case "failover-dial-failed":
      link.dialling = false;
      if (link.up === undefined) redialLater(turn, relationship);
      break;
    case "failover-bytes":
      onBytes(turn, relationship, event);
      break;
    case "failover-command":
      onCommand(turn, relationship, event.command);
      break;
  }
  forgetFormerMclt(turn, relationship);
  dropIfUnbearable(turn, relationship);
  sendUpdates(turn, relationship);
}

/** Ends the connection on which our state must not be told. */
function dropIfUnbearable(turn: Turn, relationship: Relationship): void {
  const { link, endpoint } = relationship;
  if (!link.unbearable) return;
  link.unbearable = false;
  if (link.up !== undefined)
    drop(turn, relationship, link.up, `a partner in ${printed(endpoint.partner)} must not hear of ${printed(endpoint.state)}`);
}

function onOpened(turn: Turn, relationship: Relationship, event: FailoverEvent & { kind: "failover-link-opened" }): void {
  const { monotonic } = turn.at;
  const connection: Connection = {
    id: event.link,
    direction: event.direction,
    phase: isPrimary(relationship) ? "connectack-awaited" : "connect-awaited",
    openedAt: monotonic,
    lastSent: monotonic,
    lastReceived: monotonic,
    rest: EMPTY_STREAM,
    nextXid: 0,
  };
  if (event.direction === "dialled") relationship.link.dialling = false;
  relationship.link.connections.set(event.link, connection);
  if (isPrimary(relationship)) sendConnect(turn, relationship, connection);
}

function onBytes(turn: Turn, relationship: Relationship, event: FailoverEvent & { kind: "failover-bytes" }): void {
  const connection = relationship.link.connections.get(event.link);
  if (connection === undefined) return;
  const { frames, rest, fault } = takeFrames(connection.rest, event.bytes);
  connection.rest = rest;
  for (const frame of frames) {
    // an earlier message may have ended the connection
    if (!relationship.link.connections.has(connection.id)) return;
    const message = decodeMessage(frame);
    if (message.ok) {
      onMessage(turn, relationship, connection, message.value);
      dropIfUnbearable(turn, relationship);
    } else if (message.error.kind === "malformed") drop(turn, relationship, connection, message.error.reason);
    else if (message.error.hasOptions) drop(turn, relationship, connection, `invalid message type ${message.error.type}`);
  }
  if (fault !== undefined) drop(turn, relationship, connection, fault);
}

function drop(turn: Turn, relationship: Relationship, connection: Connection, reason: string): void {
  turn.warn(`failover peer ${nameOf(relationship)}: connection closed: ${reason}`);
  dropConnection(turn, relationship, connection, reason);
}

function onMessage(turn: Turn, relationship: Relationship, connection: Connection, message: FailoverMessage): void {
  connection.lastReceived = turn.at.monotonic;
  if (connection.phase === "up") onLinkedMessage(turn, relationship, connection, message);
  else if (message.type === "CONNECT") onConnect(turn, relationship, connection, message);
  else if (message.type === "CONNECTACK" && connection.phase === "connectack-awaited")
    onConnectAck(turn, relationship, connection, message);
  else if (message.type === "DISCONNECT") onDisconnect(turn, relationship, connection, message);
  else drop(turn, relationship, connection, `${message.type} before the connection was set up`);
}

function onDisconnect(turn: Turn, relationship: Relationship, connection: Connection, { options }: FailoverMessage): void {
  const text = rejectText(options.rejectReason ?? 254, options.message);
  relationship.link.refusal = text;
  drop(turn, relationship, connection, `DISCONNECT: ${text}`);
}

function onLinkedMessage(turn: Turn, relationship: Relationship, connection: Connection, message: FailoverMessage): void {
  const { options, xid, time } = message;
  const skew = time - wallClock(turn.at);
  if (Math.abs(skew) > LARGEST_SKEW) {
    // Somebody set a clock: the times in this message are not what they seem, and the next CONNECT will be refused for it
    relationship.link.skew = skew;
    drop(turn, relationship, connection, `time offset too large (${skew} seconds)`);
    return;
  }
  switch (message.type) {
    case "STATE":
      onState(turn, relationship, message);
      break;
    case "BNDUPD":
      relationship.link.toldAt = turn.at.monotonic;
      onBindingUpdate(turn, relationship, connection, message);
      break;
    case "BNDACK":
      onBindingAck(turn, relationship, message);
      break;
    case "UPDREQ":
    case "UPDREQALL":
      beginTransfer(turn, relationship, xid, message.type === "UPDREQALL");
      break;
    case "UPDDONE":
      onUpdateDone(turn, relationship, xid);
      break;
    case "POOLREQ": {
      const { given } = balancePools(turn, relationship);
      sendReply(turn, connection, { type: "POOLRESP", xid, options: { addressesTransferred: given } });
      break;
    }
    case "POOLRESP":
      turn.log(`pool response: ${options.addressesTransferred ?? 0} leases`);
      break;
    case "CONTACT":
      onContact(turn, relationship, connection, message);
      break;
    case "DISCONNECT":
      onDisconnect(turn, relationship, connection, message);
      break;
    case "CONNECT":
    case "CONNECTACK":
      drop(turn, relationship, connection, `${message.type} on a connection that is set up`);
      break;
  }
}

function onState(turn: Turn, relationship: Relationship, { options }: FailoverMessage): void {
  const state = serverStateOf(options.serverState ?? 0);
  if (state === undefined) {
    turn.warn(`failover peer ${nameOf(relationship)}: unknown state ${options.serverState}`);
    return;
  }
  const starting = ((options.serverFlags ?? 0) & STARTUP_FLAG) !== 0;
  onPartnerState(turn, relationship, { state, starting, since: fromWireTime(options.startTimeOfState ?? 0, turn.at) });
}

/** CONTACT has done its work by coming; one of our own kind may ask for an answer, or give one. */
function onContact(turn: Turn, relationship: Relationship, connection: Connection, message: FailoverMessage): void {
  const { link, endpoint } = relationship;
  if (!endpoint.partnerIsTandem) return;
  const said = decodePrivateData(message.options.vendorSpecificOptions);
  if (said.echo !== undefined) {
    const sentAt = link.asked.get(said.echo);
    link.asked.delete(said.echo);
    if (sentAt !== undefined && (link.answeredAt === undefined || sentAt > link.answeredAt)) link.answeredAt = sentAt;
  }
  if (said.mark !== undefined && said.seen !== undefined) onMarks(turn, relationship, { mark: said.mark, seen: said.seen });
  link.partnersEpoch = Math.max(link.partnersEpoch, said.epoch ?? 0);
  if (said.ask === true && link.answers) {
    link.gaveAnswerAt = turn.at.monotonic;
    const answer = { echo: message.xid, epoch: link.ownEpoch === 0 ? undefined : link.ownEpoch };
    sendNew(turn, connection, "CONTACT", { vendorSpecificOptions: encodePrivateData(answer) });
  }
}

/** Leases that serving clients has changed: those that are owed to the partner are told, when there is room. */
export function onLeaseChanged(turn: Turn, relationship: Relationship, lease: Lease): void {
  if (lease.failover?.owed === true) queueUpdate(relationship.updates, lease.address);
  noteEnded(relationship, lease);
  noteReserved(relationship, lease);
  if (lease.status === "FREE" || lease.status === "BACKUP") scheduleBalance(turn, relationship);
}

/** After {@link onLeaseChanged}: sends what there is room for. */
export const sendWaiting = sendUpdates;

/** Whatever is due. */
export function onFailoverTick(turn: Turn, relationship: Relationship): void {
  const { link, balance } = relationship;
  const { monotonic, now } = turn.at;
  onEndpointTick(turn, relationship);
  if (link.up !== undefined && link.stateHeldUntil !== undefined && link.stateHeldUntil <= monotonic) sendState(turn, relationship);
  for (const connection of [...link.connections.values()]) {
    if (connection !== link.up && setUpDeadline(connection) <= monotonic) drop(turn, relationship, connection, "link startup timeout");
  }
  const { up } = link;
  if (up !== undefined && silenceAt(up, ownReceiveTimer(relationship)) <= monotonic) {
    turn.warn(`timeout waiting for failover peer ${nameOf(relationship)}`);
    dropConnection(turn, relationship, up, "no traffic within sufficient time");
  } else if (up !== undefined && contactAt(link, up) <= monotonic) sendContact(turn, relationship, up);
  if (link.up === undefined && !link.dialling && link.dialAt !== undefined && link.dialAt <= monotonic) {
    link.dialling = true;
    link.dialAt = undefined;
    turn.effect({ kind: "failover-dial", peer: nameOf(relationship) });
  }
  if (balance.nextRunAt !== undefined && balance.nextRunAt <= now) {
    balance.nextRunAt = undefined;
    const { wants } = balancePools(turn, relationship);
    if (wants && link.up !== undefined) sendNew(turn, link.up, "POOLREQ", {});
  }
  forgetFormerMclt(turn, relationship);
  askStalledAgain(turn, relationship);
  reclaimDue(turn, relationship);
  dropIfUnbearable(turn, relationship);
  sendUpdates(turn, relationship);
}

/** Connected in NORMAL for as long as the longer MCLT, the two have told each other what they promised by it. */
function forgetFormerMclt(turn: Turn, relationship: Relationship): void {
  const { endpoint, link } = relationship;
  if (endpoint.formerMclt === 0 || link.up === undefined || endpoint.state !== "NORMAL" || !endpoint.communicating) return;
  if (turn.at.monotonic - link.up.openedAt < waitedMclt(endpoint) * 1000) return;
  endpoint.formerMclt = seconds(0);
  recordEndpoint(turn, relationship);
}

/** When {@link onFailoverTick} next has something to do; undefined if only input can change anything. */
export function failoverDeadline(
  relationship: Relationship,
  at: { now: EpochSeconds; monotonic: MonotonicMillis },
): MonotonicMillis | undefined {
  const { link, balance, transfer, endpoint, updates } = relationship;
  const times: (MonotonicMillis | undefined)[] = [];
  for (const time of [
    endpointDeadline(relationship),
    balance.nextRunAt,
    endpoint.state === "PARTNER-DOWN" ? relationship.reclaim.first : undefined,
  ]) {
    if (time !== undefined) times.push(monotonicOf(time, at));
  }
  if (link.up === undefined && !link.dialling) times.push(link.dialAt);
  for (const connection of link.connections.values()) if (connection !== link.up) times.push(setUpDeadline(connection));
  if (link.up !== undefined) {
    times.push(contactAt(link, link.up), silenceAt(link.up, ownReceiveTimer(relationship)), link.stateHeldUntil, stalledAt(relationship));
    // a transfer goes on at once when one step was not enough
    const isMore = transfer?.cursor !== undefined || updates.waiting.size > 0;
    const mayGoOn =
      endpoint.communicating && !endpoint.isOld && !hasYetToAsk(relationship) && updates.unacked.size < link.partnerMaxUnacked;
    if (isMore && mayGoOn) times.push(latestOf(updatesHeldUntil(relationship), at.monotonic));
  }
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : (Math.min(...known) as MonotonicMillis);
}

const latestOf = (held: MonotonicMillis | undefined, now: MonotonicMillis): MonotonicMillis =>
  held !== undefined && held > now ? held : now;
