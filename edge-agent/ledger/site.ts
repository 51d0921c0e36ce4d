import type { MonotonicMillis } from "../values/time.ts";
import type { LedgerAnswer, LedgerCall, ServerRow } from "./calls.ts";
import { allSteps } from "./clock-steps.ts";
import { onSilence, RETRY_FIRST_MILLIS, succeeded } from "./lanes.ts";
import { CALM_BEAT_MILLIS, laterBy, peerLeaseMillis, silenceThatEnds } from "./lengths.ts";
import {
  goesOn,
  incarnationIn,
  inNewGeneration,
  isOfFormerGeneration,
  isOfLostLedger,
  isToBeTold,
  ledgerIsRestored,
  waitsToBeSettled,
} from "./restored.ts";
import { noLease, renewedByLedger, revoked, suspended } from "./serving-lease.ts";
import { type Grant, isForced, laneOf, type SiteState, type Surroundings, standingOf, toldBy, withBoot } from "./site-state.ts";
import { only, type SiteStep } from "./site-step.ts";
import { counterSeen, noEvidence, withdrawn } from "./witness.ts";
import { paceMillis } from "./write-budget.ts";

/** Takes an answer of the ledger. `random(n)` is a whole number below n. */
export function onLedgerAnswer(
  state: SiteState,
  answer: LedgerAnswer,
  around: Pick<Surroundings, "interrupted">,
  random: (below: number) => number,
): SiteStep {
  const lane = laneOf(callOf(answer));
  const call = state.busy[lane];
  const freed: SiteState = { ...state, busy: { ...state.busy, [lane]: undefined } };
  // who has said farewell, or was replaced, does not come back by an answer that was still to come
  if (state.phase === "stopped" && lane !== "control") return only(freed);
  if (lane === "data" && isOfFormerGeneration(freed, call)) return only(freed);
  if (answer.result.outcome === "unanswered") return onSilence(freed, { lane, call, answer }, random);
  const heard = succeeded(freed, lane, answer, around);
  if (answer.result.outcome === "fenced") return onFenced(heard, answer.op, answer.result.row, answer.endedAt);
  switch (answer.op) {
    case "read-self":
      return onOwnRow(heard, answer);
    case "boot":
      return onBooted(heard, answer, call);
    case "heartbeat":
      return onBeat(heard, answer, call);
    case "read-partner":
      return onPartnerRow(heard, answer);
    case "mirror":
      return onMirrored(heard, answer, call);
    case "claim":
      return onClaims(heard, answer);
    case "catch-up":
      return onCaughtUp(heard, answer);
    default:
      return onControlAnswer(heard, answer, call);
  }
}

type Answer<Op extends LedgerAnswer["op"]> = Extract<LedgerAnswer, { readonly op: Op }>;
/** What a row names whose server never ran. */
const NEVER_RAN = "-";
const callOf = (answer: LedgerAnswer): LedgerCall => ({ op: answer.op }) as LedgerCall;

function onOwnRow(state: SiteState, answer: Answer<"read-self">): SiteStep {
  const row = answer.result.outcome === "read" ? answer.result.row : undefined;
  if (row === undefined) {
    const retry = { ...state, notBefore: { ...state.notBefore, beat: laterBy(answer.endedAt, CALM_BEAT_MILLIS) } };
    return only(retry, { kind: "log", level: "error", text: `the ledger knows no site ${state.config.site}: register it first` });
  }
  if (row.epoch < state.standing.epoch) return onOlder(state, row);
  const wasLetIn = state.phase === "restored" || state.phase === "told";
  if (state.phase === "told" && row.boot === state.boot)
    return row.mode === "RESTORED"
      ? only(waitsToBeSettled(state, answer.endedAt))
      : adopt({ ...state, phase: "running" }, row, answer.endedAt);
  if (wasLetIn && !isOfLostLedger(row) && row.boot !== state.boot && !state.boots.includes(row.boot)) return onReplaced(state);
  const lost = incarnationIn(row) !== NEVER_RAN && (state.counted === undefined || row.ack > state.counted);
  const { epoch, mode } = state.standing;
  const call: LedgerCall = {
    op: "boot",
    read: row,
    boot: state.boot,
    lost,
    was: { epoch, mode, leaseMillis: Math.max(state.publishedLeaseMillis, state.config.leaseMillis) },
  };
  // our name is on disk before it is in the ledger, so that the next start knows this incarnation for its own
  const phase = wasLetIn ? "restored" : "booting";
  const booting: SiteState = { ...state, phase, boots: withBoot(state.boots, state.boot), busy: { ...state.busy, beat: call } };
  return { state: booting, calls: [call], happenings: [{ kind: "remember" }] };
}

/** What we know is newer: nothing of it is believed. */
function onOlder(state: SiteState, row: ServerRow): SiteStep {
  const text = `the ledger's epoch ${row.epoch} says nothing new to ours (${state.standing.epoch}): a table was set back; it is not believed`;
  return only({ ...state, reachable: false }, { kind: "log", level: "error", text });
}

function onBooted(state: SiteState, answer: Answer<"boot">, call: LedgerCall | undefined): SiteStep {
  const wasLetIn = state.phase === "restored";
  if (answer.result.outcome !== "booted") return only(wasLetIn ? state : { ...state, phase: "reading" });
  const { row } = answer.result;
  const former = call?.op === "boot" ? incarnationIn(call.read) : NEVER_RAN;
  const isOwn = wasLetIn || former === NEVER_RAN || state.boots.includes(former);
  const restMillis = isOwn || row.mode === "DOWN" ? 0 : silenceThatEnds(row.leaseMillis);
  const running: SiteState = {
    ...state,
    phase: "running",
    counted: Math.max(state.counted ?? 0, row.ack),
    beat: 0,
    ack: row.ack,
    clockSteps: allSteps(row.clockSteps, state.clockSteps),
    evidence: wasLetIn ? state.evidence : noEvidence(answer.endedAt),
    publishedLeaseMillis: wasLetIn ? state.publishedLeaseMillis : 0,
    lease: restMillis === 0 ? state.lease : { ...state.lease, restUntil: laterBy(answer.endedAt, restMillis) },
  };
  const adopted =
    row.mode === "RESTORED"
      ? only(waitsToBeSettled({ ...running, phase: "told" }, answer.endedAt))
      : adopt({ ...running, standing: { ...state.standing, boot: row.boot } }, row, answer.endedAt);
  const text = `this server's name was last used from another machine: nobody is served for ${Math.ceil(restMillis / 1000)} s, until that one's right to serve is over`;
  return {
    ...adopted,
    state: { ...adopted.state, notBefore: { ...adopted.state.notBefore, beat: answer.endedAt } },
    happenings: [...(restMillis === 0 ? [] : [{ kind: "log", level: "warn", text } as const]), ...adopted.happenings],
  };
}

function onBeat(state: SiteState, answer: Answer<"heartbeat">, call: LedgerCall | undefined): SiteStep {
  if (answer.result.outcome !== "beating" || call?.op !== "heartbeat") return only(state);
  const { row } = answer.result;
  const publishedLeaseMillis = call.leaseMillis;
  const renewed = { ...state, publishedLeaseMillis, lease: renewedByLedger(state.lease, answer.begunAt, publishedLeaseMillis) };
  // only a heartbeat that carried none takes evidence back; whether the partner is in touch by now says nothing of that
  const takenBack = row.mode === "PAIR" && call.evidence.partnerHb < 0;
  return adopt(takenBack ? { ...renewed, evidence: withdrawn(renewed.evidence) } : renewed, row, answer.endedAt);
}

/** Our row is not as we believed, or the cursor is not where we left it. */
function onFenced(state: SiteState, op: LedgerAnswer["op"], row: ServerRow, now: MonotonicMillis): SiteStep {
  const isAsBelieved = row.boot === state.boot && row.epoch === state.standing.epoch && row.mode === state.standing.mode;
  if (op !== "mirror" || !isAsBelieved || row.ack >= state.ack) {
    return adopt({ ...state, notBefore: { ...state.notBefore, data: laterBy(now, RETRY_FIRST_MILLIS) } }, row, now);
  }
  const text = `the ledger was set back: its cursor is ${row.ack}, it was ${state.ack}; what it lacks is sent again`;
  return only({ ...state, ack: row.ack }, { kind: "set-back", cursor: row.ack }, { kind: "log", level: "error", text });
}

/**
 * From when on the partner has no right to serve by our answers. That is so already where the evidence was this process's, which answers nobody
 * once it is out; what went out before the disk was lost is known to the ledger only, and the partner was answered since.
 */
function partnerQuietFrom({ evidence, config, partnerLeaseMillis }: SiteState, now: MonotonicMillis): MonotonicMillis {
  const length = peerLeaseMillis(Math.max(config.leaseMillis, partnerLeaseMillis));
  return Math.max(now, laterBy(evidence.peerLeaseGivenAt, silenceThatEnds(length))) as MonotonicMillis;
}

/** Another process with our name has taken our place. */
function onReplaced(state: SiteState): SiteStep {
  const text = "another process with this server's name has taken its place in the ledger: this one serves no more";
  const { mode } = state.standing;
  return only({ ...state, phase: "stopped", lease: revoked(mode) }, { kind: "replaced" }, { kind: "log", level: "error", text });
}

/** Our row as the ledger has it: takes over epoch and mode, and says what that means. */
function adopt(state: SiteState, row: ServerRow, now: MonotonicMillis): SiteStep {
  if (state.phase === "running" && isToBeTold(state, row)) return ledgerIsRestored(state, now);
  // a table from before we first ran names no other process
  if (state.phase === "running" && (isOfLostLedger(row) || row.boot === NEVER_RAN)) return onOlder(state, row);
  if (row.boot !== state.boot && state.phase === "running" && state.boots.includes(row.boot)) {
    const text = "the ledger names an earlier incarnation of this server: it was set back; starting anew with it";
    return only({ ...state, phase: "reading", lease: suspended(state.lease) }, { kind: "log", level: "error", text });
  }
  if (row.boot !== state.boot && state.phase === "running") return onReplaced(state);
  if (row.boot !== state.boot) return only(state.phase === "restored" ? state : { ...state, phase: "reading" });
  const { epoch, mode } = state.standing;
  if (row.epoch < epoch || row.mode === "RESTORED") return only({ ...state, reachable: false });
  const isSettled = row.epoch === epoch && row.mode === mode && (mode !== "SOLE" || state.grant !== undefined);
  if (isSettled) return only(state);
  const standing = standingOf({ ...row, mode: row.mode });
  const remember = { kind: "remember" } as const;
  if (goesOn(state, row)) {
    const known = adopt({ ...inNewGeneration(state, standing), notBefore: { ...state.notBefore, beat: now } }, row, now);
    return { ...known, happenings: [{ kind: "continued", from: epoch, epoch: row.epoch }, remember, ...known.happenings] };
  }
  const fresh: SiteState = { ...state, standing, notBefore: { ...state.notBefore, beat: now }, evidence: noEvidence(now) };
  if (row.mode === "DOWN") {
    return only({ ...fresh, lease: revoked("DOWN"), grant: undefined, claims: [] }, remember, { kind: "fenced", epoch: row.epoch });
  }
  if (row.mode === "SOLE") {
    const grant: Grant = { epoch: row.epoch, learntAt: partnerQuietFrom(state, now), caughtUp: false, basis: "attested" };
    return only({ ...fresh, lease: { ...fresh.lease, mode: "SOLE", revoked: false }, grant }, remember, {
      kind: "granted",
      epoch: row.epoch,
    });
  }
  const wasApart = mode !== "PAIR";
  const lease = wasApart ? { ...noLease("PAIR"), restUntil: fresh.lease.restUntil } : fresh.lease;
  const cleared = { ...fresh, lease, grant: undefined, claims: [] };
  if (wasApart) return only(cleared, remember, { kind: "cleared", epoch: row.epoch });
  return only(cleared, remember, ...(epoch > 0 ? [{ kind: "passed-over", epoch: row.epoch } as const] : []));
}

function onPartnerRow(state: SiteState, answer: Answer<"read-partner">): SiteStep {
  if (answer.result.outcome !== "read" || answer.result.row === undefined) return only(state);
  const { heartbeat, leaseMillis } = answer.result.row;
  // the first look is published at once: whoever asks for a grant hears what he waits for
  const notBefore = state.evidence.counter === undefined ? { ...state.notBefore, beat: answer.endedAt } : state.notBefore;
  const evidence = counterSeen(state.evidence, heartbeat, answer.endedAt);
  return only({ ...state, partnerLeaseMillis: leaseMillis, notBefore, evidence });
}

function onMirrored(state: SiteState, answer: Answer<"mirror">, call: LedgerCall | undefined): SiteStep {
  if (answer.result.outcome !== "mirrored") return only(state);
  const { upTo, conflicts } = answer.result;
  const { config, standing } = state;
  // of a pair each server writes, so each has half
  const budget = standing.mode === "PAIR" && !config.partnerIsForeign ? config.writeBudget / 2 : config.writeBudget;
  const written = call?.op === "mirror" ? call.entries.filter(({ seq }) => seq <= upTo) : [];
  const next = {
    ...state,
    ack: upTo,
    mirrorFrom: laterBy(answer.begunAt, paceMillis(written, budget)),
    conflicts: state.conflicts + conflicts,
    lease: renewedByLedger(state.lease, answer.begunAt, state.publishedLeaseMillis),
  };
  const warning = {
    kind: "log",
    level: "error",
    text: `${conflicts} of our bindings contradict the ledger: conflicts were recorded`,
  } as const;
  return only(next, { kind: "mirrored", upTo }, ...(conflicts > 0 ? [warning] : []));
}

function onClaims(state: SiteState, answer: Answer<"claim">): SiteStep {
  if (answer.result.outcome !== "settled") return only(state);
  const { granted } = answer.result;
  const settled = state.claims.slice(0, granted.length);
  const happenings = settled.map(
    ({ entry: { event } }, index) =>
      ({ kind: "claimed", address: event.address, client: event.client, granted: granted[index] === true }) as const,
  );
  return only({ ...state, claims: state.claims.slice(granted.length) }, ...happenings);
}

function onCaughtUp(state: SiteState, answer: Answer<"catch-up">): SiteStep {
  if (answer.result.outcome !== "read") return only(state);
  if (state.grant === undefined || state.grant.caughtUp) {
    if (!state.compares) return only(state);
    return only({ ...state, compares: false }, { kind: "compared", rows: answer.result.rows }, { kind: "remember" });
  }
  const grant = { ...state.grant, caughtUp: true, basis: answer.result.basis };
  return only({ ...state, grant }, { kind: "caught-up", rows: answer.result.rows });
}

function onControlAnswer(
  state: SiteState,
  answer: Answer<"ask-partner-down" | "ask-clear" | "tell-word">,
  call: LedgerCall | undefined,
): SiteStep {
  const { result, op } = answer;
  const ok = result.outcome === "done";
  const detail = result.outcome === "refused" ? `${result.code}: ${result.detail}` : "";
  const hurried = ok ? { ...state, notBefore: { ...state.notBefore, beat: answer.endedAt } } : state;
  return only(hurried, { kind: "answered", op, ok, detail, heard: true, forced: isForced(call), told: toldBy(call) });
}
