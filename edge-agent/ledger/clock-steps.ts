/**
 * A time of which the history is not sure, because this server's wall clock was ahead and was set back: what happened in it may be
 * recorded as later than it was. Wall-clock milliseconds since 1970, by the clock as it went after that.
 */
export interface ClockStep {
  readonly from: number;
  readonly to: number;
}

/** A clock that is wrong by less does not make the history unsure: partners may differ by as much. Milliseconds. */
export const FAR_MILLIS = 60_000;
/** As many are remembered, here and in the ledger. */
const MOST_STEPS = 8;

/** `steps` and one more; with the last if they touch. */
export function withStep(steps: readonly ClockStep[], step: ClockStep): readonly ClockStep[] {
  const last = steps.at(-1);
  if (last === undefined || last.to < step.from || step.to < last.from) return [...steps, step].slice(-MOST_STEPS);
  return [...steps.slice(0, -1), { from: Math.min(last.from, step.from), to: Math.max(last.to, step.to) }];
}

/** What the ledger has on record, which a lost disk does not know, and what it was never told. */
export const allSteps = (recorded: readonly ClockStep[], known: readonly ClockStep[]): readonly ClockStep[] =>
  [...recorded, ...known].sort((left, right) => left.from - right.from).reduce<readonly ClockStep[]>(withStep, []);

/**
 * The clock was set back from `before` to `now` and had gone as it did since `since`, by itself. `lastTs` is the time of the last event.
 * Undefined: not far enough to matter, or nothing happened.
 */
export function setBack(since: number, before: number, now: number, lastTs: number): ClockStep | undefined {
  const ahead = before - now;
  return ahead <= FAR_MILLIS || lastTs < since ? undefined : { from: Math.min(now, since - ahead), to: Math.max(before, lastTs) };
}
