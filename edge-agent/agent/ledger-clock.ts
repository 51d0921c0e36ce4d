import { type ClockStep, setBack, withStep } from "../ledger/clock-steps.ts";
import { doubted } from "../ledger/site-state.ts";
import type { SiteAgent } from "./ledger.ts";
import type { SiteBoard } from "./ledger-board.ts";

/** A wall clock that gains or loses so much on elapsed time was set, or the machine stood still. Seconds. */
const STEP_SECONDS = 2;

/** What a step of the wall clock means for the sites, before anything else of the event. */
export function followClock(board: SiteBoard): void {
  const { ledger, at } = board;
  const change = at.wallOffset - ledger.wallOffset;
  const isFirst = ledger.sites === undefined;
  if (!isFirst && Math.abs(change) < STEP_SECONDS) return;
  // suddenly ahead of elapsed time: set by somebody, or the machine stood still, nobody knows for how long
  const isDoubtful = !isFirst && change > 0;
  if (isDoubtful) board.say("warn", "ledger: the clock jumped ahead: nobody new is served until ledger or partner has answered again");
  for (const [name, site] of board.sites) {
    const step = isFirst ? stepWhileDown(site, board.wallMillis) : stepBack(site, board.wallMillis, change);
    const core = isDoubtful ? doubted(site.core, at.monotonic) : step === undefined ? site.core : withClockStep(site, step, board);
    board.put(name, { ...site, core, clockSince: board.wallMillis });
    if (!isFirst || step !== undefined) board.mark(name);
  }
}

function stepBack(site: SiteAgent, now: number, change: number): ClockStep | undefined {
  return setBack(site.clockSince ?? now, now - change * 1000, now, site.outbox.lastTs);
}

/** A store whose last event is still to come by the clock. */
function stepWhileDown({ core, outbox, clockSince }: SiteAgent, now: number): ClockStep | undefined {
  const { lastTs } = outbox;
  const isKnown = core.clockSteps.some(({ from, to }) => from <= now && now < to);
  return setBack(isKnown ? lastTs : (clockSince ?? lastTs), lastTs, now, lastTs);
}

/** The ledger hears of it at once. */
function withClockStep({ core, setting }: SiteAgent, step: ClockStep, board: SiteBoard): SiteAgent["core"] {
  const ahead = Math.round((step.to - board.wallMillis) / 1000);
  const text = `the clock was ${ahead} s ahead until it was set back: the history says that it is not sure of what this server did meanwhile`;
  board.say("warn", `ledger: site ${setting.site}: ${text}`);
  return { ...core, clockSteps: withStep(core.clockSteps, step), notBefore: { ...core.notBefore, beat: board.at.monotonic } };
}
