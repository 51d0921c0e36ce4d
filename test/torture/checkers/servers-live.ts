import type { Plan } from "../plan.ts";
import type { HistoryChecker } from "./checker.ts";

/** A server ends when it is told to, and at no other time. */
export function serversLive(): HistoryChecker {
  let plan: Plan | undefined;
  return {
    name: "a server does not end by itself",
    take(entry) {
      if (entry.kind === "run") plan = entry.plan;
      if (entry.kind !== "ended" || entry.expected || plan?.programs[entry.who] !== "tandem") return undefined;
      return `${entry.who} ended with ${entry.status}`;
    },
  };
}

/** What must come about once faults have ended does. */
export function demandsAreMet(): HistoryChecker {
  return {
    name: "after the faults all comes right",
    take(entry) {
      if (entry.kind !== "demand" || entry.met) return undefined;
      return `"${entry.what}" is not met after ${entry.seconds} s: ${entry.detail}`;
    },
  };
}

/** A run in which the torture itself fails proves nothing. */
export function tortureWorks(): HistoryChecker {
  return { name: "the torture works", take: (entry) => (entry.kind === "trouble" ? entry.text : undefined) };
}
