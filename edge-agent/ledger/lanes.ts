import type { LedgerAnswer, LedgerCall } from "./calls.ts";
import { BUSY_BEAT_MILLIS, CALM_BEAT_MILLIS, laterBy } from "./lengths.ts";
import { isForced, type Lane, MAX_BATCH, type SiteState, type Surroundings, toldBy } from "./site-state.ts";
import { only, type SiteStep } from "./site-step.ts";

export const RETRY_FIRST_MILLIS = 1000;
const RETRY_LONGEST_MILLIS = 30_000;
/** Changes that come within this time go into one batch. */
const GATHER_MILLIS = 20;

/** A call of a lane that had no answer. */
export interface Unanswered {
  readonly lane: Lane;
  readonly call: LedgerCall | undefined;
  readonly answer: LedgerAnswer;
}

/** No answer, or one that says nothing: asked again after a pause. */
export function onSilence(state: SiteState, { lane, call, answer }: Unanswered, random: (below: number) => number): SiteStep {
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

/** Somebody answered. */
export function succeeded(state: SiteState, lane: Lane, answer: LedgerAnswer, around: Pick<Surroundings, "interrupted">): SiteState {
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
