import type { MonotonicMillis } from "../values/time.ts";
import type { LedgerCall, ServerRow, Standing } from "./calls.ts";
import { BUSY_BEAT_MILLIS, laterBy } from "./lengths.ts";
import { isForced, type SiteState, toldBy } from "./site-state.ts";
import { only, type SiteHappening, type SiteStep } from "./site-step.ts";

/**
 * A ledger that was restored from a copy. An operator's act opens a new generation in it: the epoch's millions. Rows in the mode RESTORED say
 * who may serve to nobody: a server that finds its row so tells what it was, and goes on as if the ledger were out of reach until the site is
 * settled.
 */
const EPOCHS_IN_GENERATION = 1_000_000;

/** How many restores an epoch comes after. */
export const generationOf = (epoch: number): number => Math.floor(epoch / EPOCHS_IN_GENERATION);

/** Did nobody of that server see the row since the table was restored? Its name is then that of an incarnation before. */
export const isOfLostLedger = ({ boot }: Pick<ServerRow, "boot">): boolean => boot.length > 1 && boot.startsWith("-");

/** The incarnation that a row names, whichever ledger knew it. */
export const incarnationIn = (row: Pick<ServerRow, "boot">): string => (isOfLostLedger(row) ? row.boot.slice(1) : row.boot);

/** Is the row that of a server which is to tell what it was, by an act that is newer than all that this one knows? */
export const isToBeTold = (state: SiteState, row: ServerRow): boolean =>
  row.epoch > state.standing.epoch && (isOfLostLedger(row) || (row.mode === "RESTORED" && state.boots.includes(row.boot)));

/** Is the settled row's role ours, as of the epoch that we know? Then nothing has changed but the epoch's name. */
export const goesOn = ({ standing }: SiteState, row: ServerRow): boolean =>
  standing.epoch > 0 &&
  row.epoch > standing.epoch &&
  row.epoch % EPOCHS_IN_GENERATION === 1 &&
  row.continues === standing.epoch &&
  row.mode === standing.mode;

/** The same in the settled ledger. What waits to be asked for is asked for there. */
export const inNewGeneration = (state: SiteState, standing: Standing): SiteState => ({
  ...state,
  standing,
  grant: state.grant === undefined ? undefined : { ...state.grant, epoch: standing.epoch },
  claims: state.claims.map(({ entry, ...claim }) => ({
    ...claim,
    entry: { ...entry, event: { ...entry.event, epoch: standing.epoch } },
  })),
});

export const WAITS_TO_BE_SETTLED = "the ledger was restored to an earlier time, and who may serve is to be settled";

/** From here on as if the ledger were out of reach: what its heartbeats count from now on is not what was counted before. */
export function ledgerIsRestored(state: SiteState, now: MonotonicMillis): SiteStep {
  const next: SiteState = {
    ...state,
    phase: "restored",
    reachable: false,
    troubles: { ...state.troubles, beat: WAITS_TO_BE_SETTLED },
    counted: Math.max(state.counted ?? 0, state.ack, state.sentUpTo),
    evidence: { ...state.evidence, counter: undefined },
    claims: state.claims.map((claim) => ({ ...claim, asked: false })),
    notBefore: { ...state.notBefore, beat: now },
    wishes: [],
  };
  // whoever waits to be alone is answered as by a ledger out of reach
  const unasked = state.wishes.flatMap((call): SiteHappening[] => {
    if (call.op !== "ask-partner-down") return [];
    const answer = { ok: false, heard: false, detail: WAITS_TO_BE_SETTLED, forced: isForced(call), told: toldBy(call) };
    return [{ kind: "answered", op: call.op, ...answer }];
  });
  return only(next, ...unasked, {
    kind: "log",
    level: "error",
    text: `${WAITS_TO_BE_SETTLED}: going on as without it, at epoch ${state.standing.epoch}`,
  });
}

/** Our row waits to be settled, and we have told: looked at again soon. */
export const waitsToBeSettled = (state: SiteState, now: MonotonicMillis): SiteState => ({
  ...state,
  reachable: false,
  troubles: { ...state.troubles, beat: WAITS_TO_BE_SETTLED },
  notBefore: { ...state.notBefore, beat: laterBy(now, BUSY_BEAT_MILLIS) },
});

/** An answer about data that was asked for before the ledger was restored says nothing of the one that there is. */
export const isOfFormerGeneration = (state: SiteState, call: LedgerCall | undefined): boolean =>
  state.phase !== "running" ||
  (call !== undefined && "standing" in call && generationOf(call.standing.epoch) !== generationOf(state.standing.epoch));
