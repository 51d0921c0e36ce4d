import { latest } from "../values/time.ts";
import { balancePools } from "./binding/pool.ts";
import { startReclaiming } from "./binding/reclaiming.ts";
import { sendUpdates } from "./binding/send.ts";
import { printed, type RecordedState } from "./endpoint/state.ts";
import { enter, recordEndpoint } from "./endpoint/step.ts";
import { MAY_DECLARE_PARTNER_DOWN } from "./endpoint/transitions.ts";
import type { FailoverCommand } from "./event.ts";
import { nameOf, type Relationship } from "./relationship.ts";
import type { Turn } from "./turn.ts";
import { serverStateOf } from "./wire/codes.ts";

/** Why a command is refused, for the operator; undefined if it may be given. Nothing is changed. */
export function commandRefusal(relationship: Relationship, command: FailoverCommand): string | undefined {
  const { endpoint } = relationship;
  const linked = relationship.link.up !== undefined && endpoint.communicating;
  // a stock partner that has just resolved a conflict exits when it hears of most states
  const harmless = command.verb === "rebalance" || (command.verb === "set-state" && endpoint.state === command.state);
  if (linked && !endpoint.partnerIsTandem && endpoint.partner === "CONFLICT-DONE" && !harmless)
    return "the partner is resolving a conflict; wait until it is normal";
  switch (command.verb) {
    case "partner-down": {
      const rule = MAY_DECLARE_PARTNER_DOWN[endpoint.state];
      if (rule === "already") return command.lastAlive === undefined ? "this server is in partner-down already" : undefined;
      return rule === "linked" && linked ? "the partner is connected: stop it first" : undefined;
    }
    case "resume":
      return endpoint.state === "PAUSED" || endpoint.state === "SHUTDOWN" ? undefined : `this server is in ${printed(endpoint.state)}`;
    case "rebalance":
      return endpoint.state === "NORMAL" ? undefined : "addresses are shared out in normal only";
    default:
      return undefined;
  }
}

/** Carries out an operator's order, or logs why not. */
export function onCommand(turn: Turn, relationship: Relationship, command: FailoverCommand): void {
  const refused = commandRefusal(relationship, command);
  if (refused !== undefined) {
    turn.warn(`failover peer ${nameOf(relationship)}: ${command.verb} refused: ${refused}`);
    return;
  }
  switch (command.verb) {
    case "partner-down": {
      const { endpoint } = relationship;
      if (endpoint.state !== "PARTNER-DOWN" || endpoint.startupUntil !== undefined) enter(turn, relationship, "PARTNER-DOWN");
      if (command.lastAlive === undefined) return;
      endpoint.partnerLastAlive = command.lastAlive < turn.at.now ? command.lastAlive : latest(turn.at.now);
      recordEndpoint(turn, relationship);
      startReclaiming(turn, relationship);
      return;
    }
    case "recover":
      relationship.endpoint.storeIntact = false;
      enter(turn, relationship, "RECOVER");
      return;
    case "shutdown":
      enter(turn, relationship, "SHUTDOWN");
      return;
    case "pause":
      enter(turn, relationship, "PAUSED");
      return;
    case "resume":
      enter(turn, relationship, RESUMED[relationship.endpoint.state] ?? "COMMUNICATIONS-INTERRUPTED");
      return;
    case "rebalance":
      balancePools(turn, relationship);
      sendUpdates(turn, relationship);
      return;
    case "set-state":
      enter(turn, relationship, command.state);
      return;
  }
}

/** What omshell's `set local-state = n` orders; undefined for numbers that name no state of ours. */
export function commandForState(number: number): FailoverCommand | undefined {
  const state = serverStateOf(number);
  return state === undefined || state === "UNKNOWN" || state === "STARTUP" ? undefined : { verb: "set-state", state };
}

/** A server that announced its going recovers; one that paused was merely out of touch. */
const RESUMED: { readonly [State in RecordedState]?: RecordedState } = { SHUTDOWN: "RECOVER", PAUSED: "COMMUNICATIONS-INTERRUPTED" };
