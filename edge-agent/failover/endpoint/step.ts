import { after, type EpochSeconds, epochSeconds } from "../../values/time.ts";
import { hasLostItsDisk } from "../binding/forgetful.ts";
import { balancePools } from "../binding/pool.ts";
import { endTransfer, queueUpdate, requeueUnacked, voidUnacked } from "../binding/queue.ts";
import { startReclaiming } from "../binding/reclaiming.ts";
import { sendNew } from "../link/send.ts";
import { isPrimary, nameOf, type Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { SERVER_STATE_CODES, type ServerState, STARTUP_FLAG, toWireTime } from "../wire/codes.ts";
import { endpointRecords, printed, type RecordedState, waitedMclt } from "./state.ts";
import { endures, harmlessReaction, ON_LINK_LOST, ON_UPDATE_DONE, reactionTo, standsFast } from "./transitions.ts";

/** Stores what must survive a restart. */
export function recordEndpoint(turn: Turn, relationship: Relationship): void {
  for (const { key, value } of endpointRecords(nameOf(relationship), relationship.endpoint)) turn.record(key, value);
}

/**
 * The one way into a state: written, logged, told to the partner, and its entry actions run (failover-12 §9.2). The
 * record is on disk before STATE leaves, as every effect.
 */
export function enter(turn: Turn, relationship: Relationship, wanted: RecordedState): void {
  const { endpoint, link, updates } = relationship;
  const next = inView(relationship, wanted);
  const before = endpoint.state;
  const wasStarting = endpoint.startupUntil !== undefined;
  turn.log(`failover peer ${nameOf(relationship)}: I move from ${wasStarting ? "startup" : printed(before)} to ${printed(next)}`);
  // one of our own kind answers each; a dhcpd is not waited for
  if (before === "NORMAL" || before === "POTENTIAL-CONFLICT" || before === "PARTNER-DOWN")
    (endpoint.partnerIsTandem ? voidUnacked : requeueUnacked)(updates);
  endpoint.autoPartnerDownAt = undefined;
  endpoint.startupUntil = undefined;
  endpoint.since = startOfState(turn, relationship, { before, next, wasStarting });
  endpoint.state = next;
  if (next === "PARTNER-DOWN" && before !== next) endpoint.partnerLastAlive = endpoint.since;
  if (next !== "RECOVER" && next !== "POTENTIAL-CONFLICT") endpoint.requested = undefined;
  if (before === "PARTNER-DOWN" && next !== before) relationship.reclaim.clear();
  recordEndpoint(turn, relationship);
  if (link.up !== undefined) sendState(turn, relationship);
  onEntry(turn, relationship);
}

/** Now, but RECOVER-WAIT goes on from where RECOVER began, and so does a state resumed after STARTUP (dhcpd). */
function startOfState(
  turn: Turn,
  { endpoint, updates }: Relationship,
  { before, next, wasStarting }: { readonly before: RecordedState; readonly next: RecordedState; readonly wasStarting: boolean },
): EpochSeconds {
  const { now } = turn.at;
  if (next === "RECOVER-WAIT" || wasStarting) return endpoint.since;
  // who announced its going and comes back to a partner that served alone has given nothing away since: no wait
  const nothingOwed = updates.waiting.size + updates.unacked.size === 0;
  if (before === "SHUTDOWN" && next === "RECOVER" && endpoint.partner === "PARTNER-DOWN" && nothingOwed)
    return epochSeconds(now - waitedMclt(endpoint));
  return now;
}

/** STATE (failover-12 §7.10): in STARTUP the stored state with the flag. */
export function sendState(turn: Turn, relationship: Relationship): void {
  const { endpoint, link } = relationship;
  if (link.up === undefined) return;
  link.stateHeldUntil = undefined;
  if (!endpoint.partnerIsTandem && endpoint.communicating && !endures(endpoint.partner, endpoint.state)) {
    link.unbearable = true;
    return;
  }
  tellState(turn, relationship, endpoint.state);
}

function tellState(turn: Turn, { endpoint, link }: Relationship, state: RecordedState): void {
  if (link.up === undefined) return;
  sendNew(turn, link.up, "STATE", {
    serverState: SERVER_STATE_CODES[state],
    serverFlags: endpoint.startupUntil === undefined ? 0 : STARTUP_FLAG,
    startTimeOfState: toWireTime(endpoint.since, turn.at),
  });
}

/** States of one of our own kind in which it does not react to our RECOVER-DONE. */
const STAYING: ReadonlySet<ServerState> = new Set(["NORMAL", "POTENTIAL-CONFLICT", "SHUTDOWN"]);

function onEntry(turn: Turn, relationship: Relationship): void {
  const { endpoint, config, updates } = relationship;
  switch (endpoint.state) {
    case "NORMAL":
      for (const address of [...updates.refused]) queueUpdate(updates, address);
      if (endpoint.partner === "NORMAL") turn.log(`failover peer ${nameOf(relationship)}: Both servers normal`);
      balancePools(turn, relationship);
      return;
    case "COMMUNICATIONS-INTERRUPTED":
      if (config.peer.autoPartnerDown > 0) endpoint.autoPartnerDownAt = after(turn.at.now, config.peer.autoPartnerDown);
      return;
    case "PARTNER-DOWN":
      startReclaiming(turn, relationship);
      return;
    case "RECOVER":
    case "POTENTIAL-CONFLICT":
      requestUpdates(turn, relationship);
      return;
    case "RECOVER-WAIT":
      endRecoverWait(turn, relationship);
      return;
    case "RECOVER-DONE": {
      // a partner that is where it will stay has nothing more to say that would move us
      const next = reactionTo("RECOVER-DONE", endpoint.partner, false);
      const isHeard = endpoint.communicating && (STAYING.has(endpoint.partner) || !endpoint.partnerIsTandem);
      if (isHeard && next !== "stay" && next !== "request") enter(turn, relationship, next);
      return;
    }
    default:
      return;
  }
}

/**
 * Where a state leads at once while the partner is there, which may have said long ago what we would go by and will not say it again:
 * a server back from PAUSED goes by it, and one declared alone resolves with a partner that waits for that.
 */
function inView({ endpoint, link }: Relationship, next: RecordedState): RecordedState {
  if (!endpoint.communicating) return next;
  if (next === "PARTNER-DOWN") {
    // who has recovered says nothing more, and waits for us
    const isRecovered = endpoint.partner === "RECOVER-DONE" && !link.partnerStarting;
    if (isRecovered && (endpoint.storeIntact || !endpoint.partnerIsTandem)) return "NORMAL";
    return isRecovered || endpoint.partner === "POTENTIAL-CONFLICT" ? "POTENTIAL-CONFLICT" : next;
  }
  const reaction = next === "COMMUNICATIONS-INTERRUPTED" ? reactionTo(next, endpoint.partner, false) : "stay";
  return reaction === "stay" || reaction === "request" ? next : reaction;
}

/**
 * Asks for what the partner knows and we do not (failover-12 §9.5.2, §9.10.2), once a connection. A stock partner is
 * always asked for everything, as dhcpd does; one of our own kind for what it owes, when our store is intact.
 */
function requestUpdates(turn: Turn, relationship: Relationship, hasPrimaryAll = relationship.endpoint.partner === "CONFLICT-DONE"): void {
  const { endpoint, link } = relationship;
  if (link.up === undefined || !endpoint.communicating || endpoint.requested !== undefined) return;
  const resolving = endpoint.state === "POTENTIAL-CONFLICT";
  // the primary asks first; the secondary when the primary has got everything
  if (resolving && !isPrimary(relationship) && !hasPrimaryAll && !hasRecoveredAlone(endpoint)) return;
  const type = endpoint.storeIntact && (resolving || endpoint.partnerIsTandem) ? "UPDREQ" : "UPDREQALL";
  turn.log(`failover peer ${nameOf(relationship)}: requesting ${type === "UPDREQ" ? "update" : "full update"} from peer`);
  endpoint.requested = { type, xid: sendNew(turn, link.up, type, {}) };
  link.toldAt = turn.at.monotonic;
  turn.log(`Sent update request ${type === "UPDREQ" ? "" : "all "}message to ${nameOf(relationship)}`);
}

/** A dhcpd in RECOVER-DONE listens to nothing but NORMAL: a conflict with it ends as soon as it has said what it owes. */
const hasRecoveredAlone = ({ state, partner, partnerIsTandem }: Relationship["endpoint"]): boolean =>
  !partnerIsTandem && state === "POTENTIAL-CONFLICT" && partner === "RECOVER-DONE";

/** The partner's STATE has come (failover-12 §8.3, §9): communications are restored with the first of a connection. */
export function onPartnerState(
  turn: Turn,
  relationship: Relationship,
  heard: { state: ServerState; starting: boolean; since: EpochSeconds },
): void {
  const { endpoint, link } = relationship;
  const starting = endpoint.startupUntil !== undefined;
  const wasHeld = link.stateHeldUntil !== undefined;
  const isFirst = !endpoint.communicating;
  // a dhcpd that starts hears nothing new in a state that it knew us in: it is told once more when it has started
  const hasStarted = !endpoint.partnerIsTandem && !isFirst && link.partnerStarting && !heard.starting;
  link.partnerStarting = heard.starting;
  endpoint.communicating = true;
  if (isFirst) link.heardAt = turn.at.monotonic;
  link.partnerForgot = heard.state === "RECOVER" && (link.partnerForgot || (isFirst && hasLostItsDisk(relationship, heard)));
  // but one that would not survive to hear of it is answered like any other
  if (endpoint.state === "PARTNER-DOWN" && heard.starting && (endpoint.partnerIsTandem || endures(heard.state, "PARTNER-DOWN"))) {
    if (starting) {
      // what it was in long ago says nothing any more
      endpoint.partner = heard.state;
      endpoint.partnerSince = heard.since;
      enter(turn, relationship, "PARTNER-DOWN");
    } else if (wasHeld) sendState(turn, relationship);
    return;
  }
  // somebody has put it into NORMAL out of a conflict or a recovery, as only a person does: it asks for nothing more, and we for what it owes
  const wasServing = endpoint.partner === "NORMAL" || endpoint.partner === "COMMUNICATIONS-INTERRUPTED";
  const isOut = endpoint.partnerIsTandem && !isFirst && !wasServing && heard.state === "NORMAL";
  if (endpoint.partner !== heard.state || endpoint.partnerSince !== heard.since) {
    turn.log(`failover peer ${nameOf(relationship)}: peer moves from ${printed(endpoint.partner)} to ${printed(heard.state)}`);
    endpoint.partner = heard.state;
    endpoint.partnerSince = heard.since;
    recordEndpoint(turn, relationship);
    if (endpoint.state === "NORMAL" && heard.state === "NORMAL" && !starting)
      turn.log(`failover peer ${nameOf(relationship)}: Both servers normal`);
  }
  const isFirm = endpoint.partnerIsTandem ? isPrimary(relationship) : link.gaveWay;
  if (!starting && standsFast(endpoint.state, heard.state, isFirm)) {
    sendState(turn, relationship);
    return;
  }
  // a dhcpd that was told of our NORMAL before it recovered does not listen when it is told again
  const deaf = !endpoint.partnerIsTandem && heard.state === "RECOVER-DONE" && (wasHeld || endpoint.state === "NORMAL");
  if (deaf) tellState(turn, relationship, "COMMUNICATIONS-INTERRUPTED");
  const usual =
    (endpoint.partnerIsTandem ? undefined : harmlessReaction(endpoint.state, heard.state, { isHeld: wasHeld, isFirst })) ??
    reactionTo(endpoint.state, heard.state, starting);
  // alone with a store that was never refilled: what the partner has is asked for in a conflict only, from both sides
  const isLacking = endpoint.state === "PARTNER-DOWN" && !endpoint.storeIntact && endpoint.partnerIsTandem;
  const reaction = isLacking && usual === "NORMAL" ? "POTENTIAL-CONFLICT" : usual;
  if (endpoint.state === "POTENTIAL-CONFLICT" && reaction === "RECOVER") link.gaveWay = true;
  const movesOn = reaction !== "stay" && reaction !== "request";
  if (movesOn) enter(turn, relationship, reaction);
  else if (starting) enter(turn, relationship, endpoint.state === "RESOLUTION-INTERRUPTED" ? "POTENTIAL-CONFLICT" : endpoint.state);
  else if (reaction === "request" || (hasStarted && endpoint.state === "RECOVER") || hasRecoveredAlone(endpoint))
    requestUpdates(turn, relationship);
  else if (isOut && endpoint.state === "POTENTIAL-CONFLICT") requestUpdates(turn, relationship, true);
  // whatever became of it, the partner has yet to hear of us
  if (link.stateHeldUntil !== undefined || ((deaf || hasStarted) && !movesOn && !starting && endpoint.state !== "RECOVER"))
    sendState(turn, relationship);
}

/** The connection in use is gone: whatever was under way on it is void. */
export function onLinkLost(turn: Turn, relationship: Relationship): void {
  const { endpoint, updates } = relationship;
  turn.log(`peer ${nameOf(relationship)}: disconnected`);
  endpoint.communicating = false;
  endpoint.requested = undefined;
  endTransfer(updates);
  relationship.transfer = undefined;
  relationship.link.asked.clear();
  relationship.link.gaveWay = false;
  requeueUnacked(updates);
  updates.flying.clear();
  updates.overruled.clear();
  if (endpoint.startupUntil !== undefined) return;
  const next = ON_LINK_LOST[endpoint.state];
  if (next !== "stay") enter(turn, relationship, next);
}

/** UPDDONE (failover-12 §7.5): the partner has told us all. One that answers another request than our last says nothing. */
export function onUpdateDone(turn: Turn, relationship: Relationship, xid: number): void {
  const { endpoint, link } = relationship;
  if (endpoint.requested?.xid !== xid || link.up === undefined) return;
  const { isOld } = endpoint;
  if (endpoint.requested.type === "UPDREQALL" && !endpoint.storeIntact) {
    endpoint.storeIntact = true;
    endpoint.isOld = false;
    recordEndpoint(turn, relationship);
  }
  endpoint.requested = undefined;
  turn.log(`failover peer ${nameOf(relationship)}: peer update completed.`);
  if (endpoint.startupUntil !== undefined) return;
  switch (ON_UPDATE_DONE[endpoint.state]) {
    case "recovered": {
      // a pair that recovers together has nobody who served meanwhile: nothing to wait for (dhcpd), unless one has forgotten that it did
      const together = !isOld && (endpoint.partner === "RECOVER" || endpoint.partner === "RECOVER-DONE");
      enter(turn, relationship, together ? "RECOVER-DONE" : "RECOVER-WAIT");
      return;
    }
    case "resolved":
      // a dhcpd in CONFLICT-DONE, a former primary, bears NORMAL of ours alone
      if (hasRecoveredAlone(endpoint) || (!endpoint.partnerIsTandem && endpoint.partner === "CONFLICT-DONE"))
        enter(turn, relationship, "NORMAL");
      else if (isPrimary(relationship)) enter(turn, relationship, "CONFLICT-DONE");
      // a primary that somebody has put into NORMAL meanwhile says nothing more
      else if (endpoint.partner === "CONFLICT-DONE" || endpoint.partner === "NORMAL") enter(turn, relationship, "NORMAL");
      return;
    default:
      return;
  }
}

/** When RECOVER-WAIT is over: MCLT after its start-time-of-state (failover-12 §9.6; dhcpd's start). */
export const recoverWaitUntil = ({ endpoint }: Relationship): EpochSeconds => after(endpoint.since, waitedMclt(endpoint));

function endRecoverWait(turn: Turn, relationship: Relationship): void {
  if (relationship.endpoint.state === "RECOVER-WAIT" && recoverWaitUntil(relationship) <= turn.at.now)
    enter(turn, relationship, "RECOVER-DONE");
}

/** Timers of states: STARTUP's, RECOVER-WAIT's, auto-partner-down's. */
export function onEndpointTick(turn: Turn, relationship: Relationship): void {
  const { endpoint } = relationship;
  const { now } = turn.at;
  if (endpoint.startupUntil !== undefined) {
    if (endpoint.startupUntil > now) return;
    const next = ON_LINK_LOST[endpoint.state];
    enter(turn, relationship, next === "stay" ? endpoint.state : next);
  }
  endRecoverWait(turn, relationship);
  if (endpoint.autoPartnerDownAt !== undefined && endpoint.autoPartnerDownAt <= now) {
    turn.warn(
      `failover peer ${nameOf(relationship)}: partner is away for ${relationship.config.peer.autoPartnerDown} seconds: partner-down by itself`,
    );
    enter(turn, relationship, "PARTNER-DOWN");
  }
}

/** When {@link onEndpointTick} has something to do; undefined if only input can change anything. */
export function endpointDeadline(relationship: Relationship): EpochSeconds | undefined {
  const { endpoint } = relationship;
  if (endpoint.startupUntil !== undefined) return endpoint.startupUntil;
  if (endpoint.state === "RECOVER-WAIT") return recoverWaitUntil(relationship);
  return endpoint.autoPartnerDownAt;
}
