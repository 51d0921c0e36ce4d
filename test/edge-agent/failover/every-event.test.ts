import { expect, test } from "vitest";
import { type RecordedState, readEndpoint } from "../../../edge-agent/failover/endpoint/state.ts";
import { enter, onPartnerState, recoverWaitUntil } from "../../../edge-agent/failover/endpoint/step.ts";
import { ON_PARTNER_STATE } from "../../../edge-agent/failover/endpoint/transitions.ts";
import type { FailoverCommand, FailoverEvent } from "../../../edge-agent/failover/event.ts";
import { service } from "../../../edge-agent/failover/permissions.ts";
import { onFailoverEvent, onFailoverTick } from "../../../edge-agent/failover/step.ts";
import { SERVER_STATE_CODES } from "../../../edge-agent/failover/wire/codes.ts";
import { EMPTY_STREAM, takeFrames } from "../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, encodeMessage } from "../../../edge-agent/failover/wire/message.ts";
import type { MessageType, Options } from "../../../edge-agent/failover/wire/options.ts";
import { monotonicMillis, NO_TIME } from "../../../edge-agent/values/time.ts";
import { address, type Node, Pair } from "./pair.ts";

type EventName =
  | Exclude<FailoverEvent["kind"], "failover-bytes" | "failover-command">
  | Exclude<MessageType, "STATE">
  | FailoverCommand["verb"]
  | "garbage"
  | "another connection closed"
  | "timers";
type Next = { readonly [State in RecordedState]?: RecordedState };

const CI = "COMMUNICATIONS-INTERRUPTED";
const ALL = Object.keys(ON_PARTNER_STATE) as RecordedState[];
const each = (next: RecordedState): Next => Object.fromEntries(ALL.map((state) => [state, next]));

/** Where the loss of the connection in use leads, however it is lost. */
const LOST: Next = { NORMAL: CI, "POTENTIAL-CONFLICT": "RESOLUTION-INTERRUPTED" };

/**
 * [event][our state] → the state after it, while the partner's connection is up and it last said NORMAL; a state that is not named
 * stays. Every event there is has a row, and every state is tried with each: the compiler and the loops below see to that.
 */
const AFTER: Readonly<Record<EventName, Next>> = {
  "failover-link-opened": {},
  "failover-link-closed": LOST,
  "another connection closed": {},
  "failover-dial-failed": {},
  // the protocol is broken: the connection ends
  garbage: LOST,
  CONNECT: LOST,
  CONNECTACK: LOST,
  DISCONNECT: LOST,
  BNDUPD: {},
  BNDACK: {},
  UPDREQ: {},
  UPDREQALL: {},
  // answers no request of ours, by its number
  UPDDONE: {},
  POOLREQ: {},
  POOLRESP: {},
  CONTACT: {},
  // refused while the partner is there, but where it has been told that we are away
  "partner-down": { PAUSED: "PARTNER-DOWN", SHUTDOWN: "PARTNER-DOWN" },
  recover: each("RECOVER"),
  shutdown: each("SHUTDOWN"),
  pause: each("PAUSED"),
  // back, and the partner is NORMAL all the while
  resume: { PAUSED: "NORMAL", SHUTDOWN: "RECOVER" },
  rebalance: {},
  "set-state": each("SHUTDOWN"),
  // the wait ends, in NORMAL since the partner is; and silence ends the connection
  timers: { ...LOST, "RECOVER-WAIT": CI },
};

const LINK = 7;

/** The primary of a pair in `state`, with its connection up and a partner that last said NORMAL. */
function serverIn(state: RecordedState): { readonly pair: Pair; readonly node: Node; readonly link: number } {
  const pair = new Pair(4).start();
  pair.pass(40);
  const node = pair.primary;
  expect([node.state, pair.secondary.state]).toEqual(["NORMAL", "NORMAL"]);
  if (state !== "NORMAL") node.turn(pair.at, (turn) => enter(turn, node.live, state));
  node.live.endpoint.partner = "NORMAL";
  // what entering it led to by itself is undone: each state is looked at, also those that a pair passes at once
  node.live.endpoint.state = state;
  node.effects.length = 0;
  return { pair, node, link: node.live.link.up?.id ?? 0 };
}

const MESSAGES: Readonly<Record<Exclude<MessageType, "STATE">, Options>> = {
  POOLREQ: {},
  POOLRESP: { addressesTransferred: 1 },
  BNDUPD: {
    assignedIpAddress: address("10.77.0.100"),
    bindingStatus: 1,
    leaseExpirationTime: 0,
    startTimeOfState: 0,
    potentialExpirationTime: 0,
  },
  BNDACK: { assignedIpAddress: address("10.77.0.100") },
  CONNECT: { relationshipName: Uint8Array.of(1) },
  CONNECTACK: { relationshipName: Uint8Array.of(1) },
  UPDREQ: {},
  UPDREQALL: {},
  UPDDONE: {},
  CONTACT: {},
  DISCONNECT: { rejectReason: 254 },
};
const COMMANDS: Readonly<Record<FailoverCommand["verb"], FailoverCommand>> = {
  "partner-down": { verb: "partner-down" },
  recover: { verb: "recover" },
  shutdown: { verb: "shutdown" },
  pause: { verb: "pause" },
  resume: { verb: "resume" },
  rebalance: { verb: "rebalance" },
  "set-state": { verb: "set-state", state: "SHUTDOWN" },
};

function happen(event: EventName, { pair, node, link }: ReturnType<typeof serverIn>): void {
  const give = (happening: FailoverEvent) => node.turn(pair.at, (turn) => onFailoverEvent(turn, node.live, happening));
  const bytes = (content: Uint8Array) => give({ kind: "failover-bytes", peer: "lab", link, bytes: content });
  if (event in MESSAGES) {
    const type = event as Exclude<MessageType, "STATE">;
    bytes(encodeMessage({ type, xid: 0xfffff0, time: pair.now, options: MESSAGES[type] }));
  } else if (event in COMMANDS) give({ kind: "failover-command", peer: "lab", command: COMMANDS[event as FailoverCommand["verb"]] });
  else if (event === "garbage") bytes(new Uint8Array(40).fill(255));
  else if (event === "failover-link-opened") give({ kind: event, peer: "lab", link: LINK * 100, direction: "accepted" });
  else if (event === "failover-link-closed") give({ kind: event, peer: "lab", link, reason: "reset" });
  else if (event === "another connection closed") give({ kind: "failover-link-closed", peer: "lab", link: LINK * 100, reason: "reset" });
  else if (event === "failover-dial-failed") give({ kind: event, peer: "lab", reason: "refused", local: false });
  else {
    const at = { ...pair.at, now: recoverWaitUntil(node.live), monotonic: monotonicMillis(pair.millis + 3_600_000) };
    node.turn(at, (turn) => onFailoverTick(turn, node.live));
  }
}

/** The states that were told to the partner on the connection in use. */
const told = (node: Node, link: number): readonly number[] =>
  node.effects.flatMap((effect) => {
    if (effect.kind !== "failover-send" || effect.link !== link) return [];
    return takeFrames(EMPTY_STREAM, effect.bytes).frames.flatMap((frame) => {
      const message = decodeMessage(frame);
      return message.ok && message.value.type === "STATE" ? [message.value.options.serverState ?? 0] : [];
    });
  });

const CASES = (Object.keys(AFTER) as EventName[]).flatMap((event) => ALL.map((state) => [state, event] as const));

test.each(CASES)("%s: %s", (state, event) => {
  const server = serverIn(state);
  const { node, link } = server;
  happen(event, server);
  const next = AFTER[event][state] ?? state;
  expect(node.state).toBe(next);
  const stillUp = node.live.link.up?.id === link;
  const isOrder = event in COMMANDS;
  // entered: recorded, and told if there is somebody to tell; the last word is where we are
  if (next !== state) expect(recorded(node)).toBe(next);
  if (stillUp && next !== state) expect(told(node, link).at(-1)).toBe(SERVER_STATE_CODES[next]);
  if (next === state && !isOrder) expect(told(node, link)).toEqual([]);
  expect(stillUp).toBe(AFTER[event] !== LOST && event !== "timers");
  const may = service(node.live).service;
  expect(may === "none").toBe(!MAY_SERVE.has(next));
});

/** With a partner of our own kind. */
const MAY_SERVE: ReadonlySet<RecordedState> = new Set<RecordedState>([
  ...(["NORMAL", CI, "PARTNER-DOWN", "RESOLUTION-INTERRUPTED", "CONFLICT-DONE", "RECOVER-DONE"] as const),
]);

const recorded = (node: Node): RecordedState | undefined => readEndpoint("lab", (key) => node.store.record(key))?.state;

const PARTNERS = Object.keys(SERVER_STATE_CODES) as (keyof typeof SERVER_STATE_CODES)[];
const STATES = ALL.flatMap((own) => PARTNERS.flatMap((partner) => [false, true].map((flag) => [own, partner, flag] as const)));

test.each(STATES)("%s hears %s (STARTUP flag: %s)", (own, partner, starting) => {
  const { pair, node, link } = serverIn(own);
  node.turn(pair.at, (turn) => onPartnerState(turn, node.live, { state: partner, starting, since: NO_TIME }));
  const { state } = node.live.endpoint;
  // nobody serves alone but by a partner that says it goes, and nobody is in step with one that is not
  if (state === "PARTNER-DOWN") expect(own === "PARTNER-DOWN" || partner === "SHUTDOWN").toBe(true);
  if (state === "NORMAL" && own !== "NORMAL") expect(["NORMAL", CI, "RECOVER-DONE"]).toContain(partner);
  if (state === "NORMAL") expect(["PARTNER-DOWN", "POTENTIAL-CONFLICT", "RECOVER", "RECOVER-WAIT"]).not.toContain(partner);
  // a partner that is only starting moves nobody out of PARTNER-DOWN
  if (own === "PARTNER-DOWN" && starting) expect(state).toBe("PARTNER-DOWN");
  // silent on our own account: only the time, the updates or the operator end it
  if (own === "RECOVER-WAIT" || own === "PAUSED" || own === "SHUTDOWN") expect(state).toBe(own);
  if (state !== own) expect(told(node, link).at(-1)).toBe(SERVER_STATE_CODES[state]);
  else expect(told(node, link).filter((code) => code !== SERVER_STATE_CODES[own])).toEqual([]);
});
