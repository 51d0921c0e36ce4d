import type { Turn } from "../failover/turn.ts";
import { serverStateOf } from "../failover/wire/codes.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import { type Exchange, openExchange } from "../server/exchange.ts";
import { expireLeases } from "../server/expire.ts";
import { nameResult, probeResult, serve } from "../server/serve.ts";
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
import { hasLedger, ledgerNext } from "./ledger.ts";
import { LedgerTurn } from "./ledger-turn.ts";
import { followNames, onDnsAnswer } from "./names.ts";
import { omapiDeclared, omapiReconfigured, onOmapiEvent } from "./omapi.ts";
import type { OmapiEvent } from "./service-events.ts";
import { type AgentState, type ExpirySchedule, isUndone, recovered } from "./state.ts";

/** Seconds between looks at leases that are due but wait for the partner's word. */
const HELD_LOOK_SECONDS = 5;
/** For how long an address that the ledger refused is not tried for anybody. */
const REFUSED_SECONDS = 60;

/**
 * One event: what the agent remembers afterwards, what is to be stored, and what is to be done once it is. The view already
 * shows the writes of earlier events. An earlier state may be stepped again once the writes of its successors were undone.
 */
export function step(before: AgentState, event: AgentEvent, view: LeaseView): Step<AgentState, StoreWrite, AgentEffect> {
  const state = recovered(before, view);
  const { failover } = state;
  const partners = hasPartners(failover);
  const ledger = partners && hasLedger(state.ledger) ? new LedgerTurn(state.ledger, failover, event.at) : undefined;
  const exchange = openExchange(state.server, view, partners ? failoverAuthority(failover, view, ledger) : standaloneAuthority, event.at);
  const turn = partners || event.kind === "config" ? openTurn(exchange) : undefined;
  if (turn !== undefined) startFailover(failover, turn);
  if (event.kind !== "datagram" || event.at.wallOffset !== state.ledger.wallOffset) ledger?.open();
  const { server, expiry, effects } = handle({ state, exchange, turn, ledger }, event);
  if (ledger !== undefined && turn !== undefined) settleLedger(ledger, exchange, turn);
  const done = turn === undefined ? exchange : closeTurn(failover, turn, exchange);
  ledger?.record(exchange);
  const witnessed = ledger?.close();
  followLeases(exchange);
  followNames(state.names, exchange);
  const queries = state.names.drain();
  state.progress.reached += 1;
  const after = { ...state, server, expiry, ledger: witnessed?.ledger ?? state.ledger, sequence: state.progress.reached, at: event.at };
  const more = [...queries, ...(effects ?? []), ...(witnessed?.effects ?? [])];
  const writes = witnessed === undefined || witnessed.writes.length === 0 ? done.writes : [...done.writes, ...witnessed.writes];
  return { state: after, writes, effects: more.length === 0 ? done.effects : [...done.effects, ...more] };
}

interface Handled extends Pick<AgentState, "server" | "expiry"> {
  /** What comes after all else that the event did. */
  readonly effects?: readonly AgentEffect[];
}

/** What one event is handled with. */
interface Handling {
  readonly state: AgentState;
  readonly exchange: Exchange;
  readonly turn: Turn | undefined;
  readonly ledger: LedgerTurn | undefined;
}

function handle({ state, exchange, turn, ledger }: Handling, event: AgentEvent): Handled {
  switch (event.kind) {
    case "datagram":
      serve(exchange, event);
      return state;
    case "control-request": {
      const { effect, order } = onControlRequest(event, exchange, state.failover, ledger);
      if (order !== undefined && turn !== undefined) failoverEvent(state.failover, turn, order);
      return { server: state.server, expiry: state.expiry, effects: effect === undefined ? [] : [effect] };
    }
    case "omapi-opened":
    case "omapi-bytes":
    case "omapi-closed":
      return { server: state.server, expiry: state.expiry, effects: omapi({ state, exchange, turn, ledger }, event) };
    case "ledger-answer":
      if (turn !== undefined) ledger?.onAnswer(event.relationship, event.answer, exchange, turn);
      return state;
    case "ledger-stop":
      ledger?.stop();
      return state;
    case "ledger-settings":
      ledger?.reconfigure(event.settings);
      return state;
    case "dns-answer":
      onDnsAnswer(state.names, event, exchange);
      return state;
    case "probe-result":
      probeResult(exchange, event.address, event.answered);
      return state;
    case "name-result":
      nameResult(exchange, event.id, event.name);
      return state;
    case "tick":
      if (turn !== undefined) failoverTick(state.failover, turn);
      return { server: state.server, expiry: tick(state.expiry, exchange) };
    case "config":
      if (turn !== undefined) reconfigureFailover(state.failover, turn, event.config);
      omapiReconfigured(state.omapi);
      return { server: reconfigured(state.server, event.config, exchange.view), expiry: { held: 0, nextLook: undefined } };
    case "hosts": {
      const config = { ...state.server.config, hosts: event.hosts };
      state.failover.config = config;
      omapiDeclared(state.omapi, event.name);
      return { server: { ...state.server, config }, expiry: state.expiry };
    }
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

/** Serves what waited for the ledger's word, and starts whatever is due to be asked. Addresses that were refused are left alone for a while. */
function settleLedger(ledger: LedgerTurn, exchange: Exchange, turn: Turn): void {
  const { again, refused } = ledger.takeAgain();
  const until = (exchange.at.now + REFUSED_SECONDS) as EpochSeconds;
  for (const address of refused) {
    const nobody = { hardware: { htype: 0, bytes: new Uint8Array(0) }, via: "ledger", hostname: undefined };
    exchange.state.offers.add({ ...nobody, address, client: `ledger ${address}`, until }, exchange.at.now);
  }
  for (const datagram of again) serve(exchange, datagram);
  ledger.settle(turn);
}

function omapi({ state, exchange, turn, ledger }: Handling, event: OmapiEvent): readonly AgentEffect[] {
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
    if (wanted === "PARTNER-DOWN" && ledger?.site(change.name) !== undefined) {
      ledger.ask(change.name, undefined);
      continue;
    }
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
  const { changes, effects } = exchange;
  let from = 0;
  // in a transfer there are many of one kind
  for (let index = 1; index <= changes.length; index += 1) {
    const { cause } = changes[from]!;
    if (changes[index]?.cause === cause) continue;
    effects.push({ kind: "count", metric: "lease_changes", labels: LABELS[cause], by: index - from });
    from = index;
  }
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
  // after writes were undone the partners' states speak of what never happened, till a step starts them anew
  if (isUndone(state)) return state.at?.monotonic ?? monotonicMillis(0);
  const due = state.expiry.nextLook ?? view.nextDue();
  const failover = failoverNext(state.failover, state.at);
  const asking = ledgerNext(state.ledger, state.failover);
  const partners = failover === undefined || (asking !== undefined && asking < failover) ? asking : failover;
  if (due === undefined) return partners;
  const leases = monotonicMillis(state.at === undefined ? 0 : state.at.monotonic + Math.max(0, due - state.at.now) * 1_000);
  return partners === undefined || leases < partners ? leases : partners;
}
