import type { Guard } from "./guard.ts";

/** A clock that was set. */
export const CLOCK: readonly Guard[] = [
  {
    name: "a claim goes by the clock, which the history may be ahead of",
    file: "edge-agent/ledger/site-calls.ts",
    find: "waiting.map(({ wallMillis }) => wallMillis)",
    replace: "waiting.map(({ entry }) => entry.event.ts)",
  },
  {
    name: "the history is not sure of a time when the clock was ahead",
    file: "edge-agent/ledger/clock-steps.ts",
    find: "return ahead <= FAR_MILLIS || lastTs < since ?",
    replace: "return ahead <= FAR_MILLIS || lastTs >= 0 ?",
  },
];
