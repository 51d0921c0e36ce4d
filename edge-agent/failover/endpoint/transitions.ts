import type { ServerState } from "../wire/codes.ts";
import type { RecordedState } from "./state.ts";

/**
 * What a partner's state makes of ours: another state, "stay", or "request": stay, and ask for what we lack unless that
 * was asked already.
 */
export type Reaction = RecordedState | "stay" | "request";

const NO = "NORMAL";
const CI = "COMMUNICATIONS-INTERRUPTED";
const PD = "PARTNER-DOWN";
const PC = "POTENTIAL-CONFLICT";
const RE = "RECOVER";

/** Partner's states: the columns of {@link ON_PARTNER_STATE}. */
export const COLUMNS = [
  "NORMAL",
  "COMMUNICATIONS-INTERRUPTED",
  "PARTNER-DOWN",
  "POTENTIAL-CONFLICT",
  "RECOVER",
  "PAUSED",
  "SHUTDOWN",
  "RECOVER-DONE",
  "RESOLUTION-INTERRUPTED",
  "CONFLICT-DONE",
  "RECOVER-WAIT",
] as const satisfies readonly RecordedState[];

type RowOf<Columns extends readonly unknown[]> = { readonly [Index in keyof Columns]: Reaction };
type Row = RowOf<typeof COLUMNS>;

/**
 * [our state][partner's state] → reaction (failover-12 figure 9.2-1, corrected to what dhcpd does). Departures from
 * dhcpd, each towards the draft or towards staying alive, none of which a well-behaved partner notices:
 * - A partner in RECOVER does not push us into PARTNER-DOWN (§9.9.3): nobody asked for that, and it will be back.
 * - NORMAL and COMMUNICATIONS-INTERRUPTED wait for the end of a partner's RECOVER-WAIT (§9.6).
 * - Where dhcpd shuts itself down or exits (a partner resolving a conflict we know nothing of), we resolve with it.
 * - RECOVER lets a partner in NORMAL react to it first: POTENTIAL-CONFLICT would send a stock partner into SHUTDOWN.
 * - RECOVER asks again when the partner is already further on, instead of waiting for ever.
 */
export const ON_PARTNER_STATE: Readonly<Record<RecordedState, Row>> = {
  // partner in:               NORMAL  COMM-INT  P-DOWN   POT-CONF   RECOVER  PAUSED  SHUTDOWN REC-DONE RES-INT    CONF-DONE REC-WAIT
  NORMAL: /*                */ ["stay", "stay", PC, PC, CI, CI, PD, "stay", PC, PC, CI],
  "COMMUNICATIONS-INTERRUPTED": [NO, NO, PC, PC, "stay", "stay", PD, NO, PC, PC, "stay"],
  // a STATE with the STARTUP flag is ignored before this row is asked (§9.4.3)
  "PARTNER-DOWN": /*        */ [PC, PC, PC, PC, "stay", "stay", "stay", NO, PC, PC, "stay"],
  RECOVER: /*               */ ["stay", "request", "request", PC, "request", "stay", PD, "request", PC, PC, "request"],
  "RECOVER-WAIT": /*        */ ["stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay"],
  "RECOVER-DONE": /*        */ [NO, "stay", "stay", PC, "stay", "stay", PD, NO, PC, PC, "stay"],
  "POTENTIAL-CONFLICT": /*  */ ["stay", "stay", "stay", "request", RE, "stay", PD, "stay", "request", "request", "stay"],
  "RESOLUTION-INTERRUPTED": [PC, PC, PC, PC, PC, PC, PD, PC, PC, PC, PC],
  "CONFLICT-DONE": /*       */ [NO, PC, PC, "stay", PC, "stay", PD, PC, "stay", PC, "stay"],
  PAUSED: /*                */ ["stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay"],
  SHUTDOWN: /*              */ ["stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay", "stay"],
};

/** The cell for a partner's state; UNKNOWN and STARTUP say nothing. */
export function reactionTo(own: RecordedState, partner: ServerState, starting: boolean): Reaction {
  // a server that was NORMAL when it stopped and finds the partner alone recovers; while running, both may have served (dhcpd)
  if (starting && own === "NORMAL" && partner === "PARTNER-DOWN") return "RECOVER";
  const column = COLUMNS.indexOf(partner as RecordedState);
  return ON_PARTNER_STATE[own][column] ?? "stay";
}

/**
 * With a stock partner, the state to be in instead of what the table says; undefined where the table holds.
 * - CONFLICT-DONE bears NORMAL and a conflict only. A partner that is NORMAL, and has not heard of our conflict yet, bears
 *   anything but a conflict: PARTNER-DOWN makes it recover if it has just started, and resolve with us if it was running.
 * - A dhcpd that comes back into a conflict in RECOVER may have lost all it knew, and in a conflict it would ask for what is owed only:
 *   left to recover it asks for everything, and waits MCLT.
 * - A dhcpd in RECOVER, whose update was cut off, asks again only one that serves or recovers: we recover once more, with it.
 */
export function harmlessReaction(
  own: RecordedState,
  partner: ServerState,
  {
    isHeld,
    isFirst,
  }: { /** It has not heard of our state yet. */ readonly isHeld: boolean /** Its first word. */; readonly isFirst: boolean },
): RecordedState | undefined {
  if (partner === "CONFLICT-DONE" && (own === "RECOVER-WAIT" || own === "PAUSED" || own === "SHUTDOWN")) return PC;
  if (isFirst && partner === RE && (own === "RECOVER-DONE" || own === "RECOVER-WAIT")) return RE;
  if (partner === RE && (own === "RESOLUTION-INTERRUPTED" || own === "CONFLICT-DONE")) return CI;
  const resolving = own === PC || own === "RESOLUTION-INTERRUPTED";
  return isHeld && resolving && partner === NO ? PD : undefined;
}

/**
 * A conflict and RECOVER, told at the same moment, make each server take the other's state, again and again. One that is firm stays with
 * the conflict and says so once more: between our own kind the primary; beside a dhcpd, which never is, whoever has given way on this
 * connection before. The first time a dhcpd that has lost its leases is left to recover.
 */
export const standsFast = (own: RecordedState, partner: ServerState, isFirm: boolean): boolean => isFirm && own === PC && partner === RE;

/**
 * Would a stock partner in this state end, or take itself out of service for good, when it hears of ours? A running dhcpd that is
 * NORMAL is told of no conflict, one that resolves a conflict of no NORMAL, and one in CONFLICT-DONE of little else: to lose the
 * connection does it no harm, and brings it into a state that bears the truth.
 */
export function endures(partner: ServerState, own: RecordedState): boolean {
  const inConflict = own === PC || own === "RESOLUTION-INTERRUPTED" || own === "CONFLICT-DONE";
  if (partner === NO) return !inConflict;
  if (partner === PC) return own !== NO;
  if (partner === "CONFLICT-DONE") return own === NO || own === PC || own === "RESOLUTION-INTERRUPTED";
  return true;
}

/** The connection in use is gone (failover-12 §9.8.4, §9.10.3). STARTUP waits for its own timer, whose end does the same. */
export const ON_LINK_LOST: Readonly<Record<RecordedState, RecordedState | "stay">> = {
  NORMAL: "COMMUNICATIONS-INTERRUPTED",
  "COMMUNICATIONS-INTERRUPTED": "stay",
  "PARTNER-DOWN": "stay",
  "POTENTIAL-CONFLICT": "RESOLUTION-INTERRUPTED",
  RECOVER: "stay",
  "RECOVER-WAIT": "stay",
  "RECOVER-DONE": "stay",
  "RESOLUTION-INTERRUPTED": "stay",
  "CONFLICT-DONE": "stay",
  PAUSED: "stay",
  SHUTDOWN: "stay",
};

/** The partner has sent us all that it owed (UPDDONE): where that leads; the rest is for `step` (roles, waits). */
export const ON_UPDATE_DONE: Readonly<Record<RecordedState, "recovered" | "resolved" | "stay">> = {
  NORMAL: "stay",
  "COMMUNICATIONS-INTERRUPTED": "stay",
  "PARTNER-DOWN": "stay",
  "POTENTIAL-CONFLICT": "resolved",
  RECOVER: "recovered",
  "RECOVER-WAIT": "stay",
  "RECOVER-DONE": "stay",
  "RESOLUTION-INTERRUPTED": "stay",
  "CONFLICT-DONE": "stay",
  PAUSED: "stay",
  SHUTDOWN: "stay",
};

/** May an operator declare the partner down here? "linked": only while the partner is out of reach. */
export const MAY_DECLARE_PARTNER_DOWN: Readonly<Record<RecordedState, "yes" | "linked" | "already">> = {
  NORMAL: "linked",
  "COMMUNICATIONS-INTERRUPTED": "linked",
  "PARTNER-DOWN": "already",
  "POTENTIAL-CONFLICT": "linked",
  RECOVER: "linked",
  "RECOVER-WAIT": "linked",
  "RECOVER-DONE": "linked",
  "RESOLUTION-INTERRUPTED": "linked",
  "CONFLICT-DONE": "linked",
  PAUSED: "yes",
  SHUTDOWN: "yes",
};
