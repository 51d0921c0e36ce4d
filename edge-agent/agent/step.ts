import type { Turn } from "../failover/turn.ts";
import { serverStateOf } from "../failover/wire/codes.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import { type Exchange, openExchange } from "../server/exchange.ts";
import { expireLeases } from "../server/expire.ts";
import { probeResult, serve } from "../server/serve.ts";
import { standaloneAuthority } from "../server/standalone-authority.ts";
import { reconfigured } from "../server/state.ts";
import { unreachable } from "../values/assert.ts";
import type { Step } from "../values/step.ts";
import { type EpochSeconds, type MonotonicMillis, monotonicMillis } from "../values/time.ts";
import { failoverAuthority } from "./authority.ts";
import { onControlRequest } from "./control.ts";
import type { AgentEffect } from "./effect.ts";
import type { AgentEvent } from "./event.ts";
import {
  closeTurn,
  failoverEvent,
  failoverNext,
  failoverTick,
  hasPartners,
  openTurn,
  reconfigureFailover,
  startFailover,
} from "./failover.ts";
import { orderLease } from "./lease-orders.ts";
import { followNames, onDnsAnswer } from "./names.ts";
import { omapiReconfigured, onOmapiEvent } from "./omapi.ts";
import type { OmapiEvent } from "./service-events.ts";
import { type AgentState, type ExpirySchedule, recovered } from "./state.ts";

/** Seconds between looks at leases that are due but wait for the partner's word. */
const HELD_LOOK_SECONDS = 5;

/**
 * One event: what the agent remembers afterwards, what is to be stored, and what is to be done once it is. The view already
 * shows the writes of earlier events. An earlier state may be stepped again once the writes of its successors were undone.
 */
export function step(before: AgentState, event: AgentEvent, view: LeaseView): Step<AgentState, StoreWrite, AgentEffect> {
  const state = recovered(before, view);
  const { failover } = state;
  const partners = hasPartners(failover);
  const exchange = openExchange(state.server, view, partners ? failoverAuthority(failover, view) : standaloneAuthority, event.at);
  const turn = partners || event.kind === "config" ? openTurn(exchange) : undefined;
  if (turn !== undefined) startFailover(failover, turn);
  const { server, expiry, effects } = handle(state, event, exchange, turn);
  const done = turn === undefined ? exchange : closeTurn(failover, turn, exchange);
  followLeases(exchange);
  followNames(state.names, exchange);
  const queries = state.names.drain();
  state.progress.reached += 1;
  const after = { ...state, server, expiry, sequence: state.progress.reached, at: event.at };
  const more = [...queries, ...(effects ?? [])];
  return { state: after, writes: done.writes, effects: more.length === 0 ? done.effects : [...done.effects, ...more] };
}

interface Handled extends Pick<AgentState, "server" | "expiry"> {
  /** What comes after all else that the event did. */
  readonly effects?: readonly AgentEffect[];
}

function handle(state: AgentState, event: AgentEvent, exchange: Exchange, turn: Turn | undefined): Handled {
  switch (event.kind) {
    case "datagram":
      serve(exchange, event);
      return state;
    case "control-request": {
      const { effect, order } = onControlRequest(event, exchange, state.failover);
      if (order !== undefined && turn !== undefined) failoverEvent(state.failover, turn, order);
      return { server: state.server, expiry: state.expiry, effects: [effect] };
    }
    case "omapi-opened":
    case "omapi-bytes":
    case "omapi-closed":
      return { server: state.server, expiry: state.expiry, effects: omapi(state, event, exchange, turn) };
    case "dns-answer":
      onDnsAnswer(state.names, event, exchange);
      return state;
    case "probe-result":
      probeResult(exchange, event.address, event.answered);
      return state;
    case "tick":
      if (turn !== undefined) failoverTick(state.failover, turn);
      return { server: state.server, expiry: tick(state.expiry, exchange) };
    case "config":
      if (turn !== undefined) reconfigureFailover(state.failover, turn, event.config);
      omapiReconfigured(state.omapi);
      return { server: reconfigured(state.server, event.config, exchange.view), expiry: { held: 0, nextLook: undefined } };
    case "failover-link-opened":
    case "failover-link-closed":
    case "failover-dial-failed":
    case "failover-bytes":
    case "failover-command":
      if (turn !== undefined) failoverEvent(state.failover, turn, event);
      return state;
    default:
      return unreachable(event);
  }
}

function omapi(state: AgentState, event: OmapiEvent, exchange: Exchange, turn: Turn | undefined): readonly AgentEffect[] {
  const { effects, changes } = onOmapiEvent(state.omapi, event, exchange, state.failover, (change) => orderLease(exchange, change));
  const more: AgentEffect[] = [];
  for (const change of changes) {
    if (change.kind === "shutdown") {
      for (const peer of state.failover.relationships.keys()) {
        if (turn !== undefined) failoverEvent(state.failover, turn, { kind: "failover-command", peer, command: { verb: "shutdown" } });
      }
      more.push({ kind: "shut-down" });
      continue;
    }
    const wanted = serverStateOf(change.state);
    if (turn === undefined || wanted === undefined || wanted === "UNKNOWN" || wanted === "STARTUP") continue;
    failoverEvent(state.failover, turn, { kind: "failover-command", peer: change.name, command: { verb: "set-state", state: wanted } });
  }
  return [...effects, ...more];
}

function tick(expiry: ExpirySchedule, exchange: Exchange): ExpirySchedule {
  const { now } = exchange.at;
  const { held, more } = expireLeases(exchange, expiry.held);
  if (held === 0) return { held: 0, nextLook: undefined };
  return { held, nextLook: more ? now : ((now + HELD_LOOK_SECONDS) as EpochSeconds) };
}

/** Tells those who follow leases what became of them in this step; `exchange.changes` has it, oldest first. */
function followLeases(exchange: Exchange): void {
  for (const { cause } of exchange.changes) exchange.effects.push({ kind: "count", metric: "lease_changes", labels: LABELS[cause] });
}

const LABELS = {
  granted: { cause: "granted" },
  released: { cause: "released" },
  expired: { cause: "expired" },
  declined: { cause: "declined" },
  pinged: { cause: "pinged" },
  recovered: { cause: "recovered" },
  partner: { cause: "partner" },
} as const;

/** When `step` next wants a "tick"; undefined if only input can change anything. */
export function nextDeadline(state: AgentState, view: LeaseView): MonotonicMillis | undefined {
  const due = state.expiry.nextLook ?? view.nextDue();
  const partners = failoverNext(state.failover, state.at);
  if (due === undefined) return partners;
  const leases = monotonicMillis(state.at === undefined ? 0 : state.at.monotonic + Math.max(0, due - state.at.now) * 1_000);
  return partners === undefined || leases < partners ? leases : partners;
}
