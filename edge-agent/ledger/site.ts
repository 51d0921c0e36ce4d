import type { MonotonicMillis } from "../values/time.ts";
import type { LedgerAnswer, LedgerCall, ServerRow } from "./calls.ts";
import { allSteps } from "./clock-steps.ts";
import { BUSY_BEAT_MILLIS, CALM_BEAT_MILLIS, laterBy, peerLeaseMillis, silenceThatEnds } from "./lengths.ts";
import { noLease, renewedByLedger, revoked, suspended } from "./serving-lease.ts";
import {
  type Grant,
  isForced,
  type Lane,
  laneOf,
  MAX_BATCH,
  type SiteState,
  type Surroundings,
  standingOf,
  toldBy,
  withBoot,
} from "./site-state.ts";
import type { SiteHappening, SiteStep } from "./site-step.ts";
import { counterSeen, noEvidence, withdrawn } from "./witness.ts";
import { paceMillis } from "./write-budget.ts";

const RETRY_FIRST_MILLIS = 1000;
const RETRY_LONGEST_MILLIS = 30_000;
/** Changes that come within this time go into one batch. */
const GATHER_MILLIS = 20;

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
const only = (state: SiteState, ...happenings: readonly SiteHappening[]): SiteStep => ({ state, calls: [], happenings });
const callOf = (answer: LedgerAnswer): LedgerCall => ({ op: answer.op }) as LedgerCall;

interface Unanswered {
  readonly lane: Lane;
  readonly call: LedgerCall | undefined;
  readonly answer: LedgerAnswer;
}

function onSilence(state: SiteState, { lane, call, answer }: Unanswered, random: (below: number) => number): SiteStep {
  const failures = state.failures[lane] + 1;
  const reason = "reason" in answer.result ? answer.result.reason : "no answer";
  const longest = Math.min(RETRY_LONGEST_MILLIS, RETRY_FIRST_MILLIS * 2 ** Math.min(failures, 10));
  const pause = Math.floor(longest / 2) + random(Math.max(1, Math.floor(longest / 2)));
  const next: SiteState = {
    ...state,
    reachable: lane === "beat" ? false : state.reachable,
    failures: { ...state.failures, [lane]: failures },
    troubles: { ...state.troubles, [lane]: reason },
    notBefore: { ...state.notBefore, [lane]: laterBy(answer.endedAt, pause) },
    batchLimit: lane === "data" ? Math.max(1, Math.floor(state.batchLimit / 2)) : state.batchLimit,
    claims: state.claims.map((claim) => ({ ...claim, asked: false })),
  };
  const first = lane === "beat" && failures === 1;
  if (answer.op === "ask-partner-down" || answer.op === "ask-clear") {
    return only(next, {
      kind: "answered",
      op: answer.op,
      ok: false,
      detail: `no answer: ${reason}`,
      heard: false,
      forced: isForced(call),
      told: toldBy(call),
    });
  }
  return only(next, ...(first ? [{ kind: "log", level: "warn", text: `ledger out of reach: ${reason}` } as const] : []));
}

function succeeded(state: SiteState, lane: Lane, answer: LedgerAnswer, around: Pick<Surroundings, "interrupted">): SiteState {
  const pause = lane === "beat" ? beatPause(state, around) : lane === "partner" ? BUSY_BEAT_MILLIS : lane === "data" ? GATHER_MILLIS : 0;
  // what waits since the ledger was last out of reach need not wait any longer
  const hurried = state.reachable ? state.notBefore : { ...state.notBefore, data: answer.endedAt, control: answer.endedAt };
  return {
    ...state,
    reachable: true,
    lastSuccessAt: answer.endedAt,
    failures: { ...state.failures, [lane]: 0 },
    troubles: state.troubles[lane] === undefined ? state.troubles : { ...state.troubles, [lane]: undefined },
    notBefore: { ...hurried, [lane]: laterBy(answer.endedAt, pause) },
    batchLimit: lane === "data" ? Math.min(MAX_BATCH, state.batchLimit + 8) : state.batchLimit,
  };
}

/** A lease must be renewed well within its length, however long it is asked to last. */
function beatPause({ config, standing }: SiteState, around: Pick<Surroundings, "interrupted">): number {
  return Math.min(around.interrupted || standing.mode !== "PAIR" ? BUSY_BEAT_MILLIS : CALM_BEAT_MILLIS, Math.floor(config.leaseMillis / 3));
}

function onOwnRow(state: SiteState, answer: Answer<"read-self">): SiteStep {
  const row = answer.result.outcome === "read" ? answer.result.row : undefined;
  if (row === undefined) {
    const retry = { ...state, notBefore: { ...state.notBefore, beat: laterBy(answer.endedAt, CALM_BEAT_MILLIS) } };
    return only(retry, { kind: "log", level: "error", text: `the ledger knows no site ${state.config.site}: register it first` });
  }
  if (row.epoch < state.standing.epoch) {
    const text = `the ledger's epoch ${row.epoch} is older than ours (${state.standing.epoch}): a table was set back; it is not believed`;
    return only({ ...state, reachable: false }, { kind: "log", level: "error", text });
  }
  const lost = row.boot !== NEVER_RAN && (state.counted === undefined || row.ack > state.counted);
  const call: LedgerCall = { op: "boot", read: row, boot: state.boot, lost };
  // our name is on disk before it is in the ledger, so that the next start knows this incarnation for its own
  const booting: SiteState = { ...state, phase: "booting", boots: withBoot(state.boots, state.boot), busy: { ...state.busy, beat: call } };
  return { state: booting, calls: [call], happenings: [{ kind: "remember" }] };
}

function onBooted(state: SiteState, answer: Answer<"boot">, call: LedgerCall | undefined): SiteStep {
  if (answer.result.outcome !== "booted") return only({ ...state, phase: "reading" });
  const { row } = answer.result;
  const former = call?.op === "boot" ? call.read.boot : NEVER_RAN;
  const restMillis = former === NEVER_RAN || state.boots.includes(former) || row.mode === "DOWN" ? 0 : silenceThatEnds(row.leaseMillis);
  const running: SiteState = {
    ...state,
    phase: "running",
    counted: Math.max(state.counted ?? 0, row.ack),
    beat: 0,
    ack: row.ack,
    clockSteps: allSteps(row.clockSteps, state.clockSteps),
    evidence: noEvidence(answer.endedAt),
    publishedLeaseMillis: 0,
    lease: restMillis === 0 ? state.lease : { ...state.lease, restUntil: laterBy(answer.endedAt, restMillis) },
  };
  const adopted = adopt({ ...running, standing: { ...state.standing, boot: row.boot } }, row, answer.endedAt);
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

/** Our row as the ledger has it: takes over epoch and mode, and says what that means. */
function adopt(state: SiteState, row: ServerRow, now: MonotonicMillis): SiteStep {
  if (row.boot !== state.boot && state.phase === "running" && state.boots.includes(row.boot)) {
    const text = "the ledger names an earlier incarnation of this server: it was set back; starting anew with it";
    return only({ ...state, phase: "reading", lease: suspended(state.lease) }, { kind: "log", level: "error", text });
  }
  if (row.boot !== state.boot && state.phase === "running") {
    const text = "another process with this server's name has taken its place in the ledger: this one serves no more";
    return only({ ...state, phase: "stopped", lease: revoked(row.mode) }, { kind: "replaced" }, { kind: "log", level: "error", text });
  }
  if (row.boot !== state.boot) return only({ ...state, phase: "reading" });
  const { epoch, mode } = state.standing;
  if (row.epoch < epoch) return only({ ...state, reachable: false });
  const isSettled = row.epoch === epoch && row.mode === mode && (mode !== "SOLE" || state.grant !== undefined);
  if (isSettled) return only(state);
  const standing = standingOf(row);
  const remember = { kind: "remember" } as const;
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
  if (answer.result.outcome !== "read" || state.grant === undefined) return only(state);
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
