import type { Plan } from "../plan.ts";
import type { HistoryChecker } from "./checker.ts";

/** A server ends when it is told to, and at no other time, and no dhcpd is driven into shutdown. */
export function serversLive(): HistoryChecker {
  let plan: Plan | undefined;
  return {
    name: "a server does not end by itself",
    take(entry) {
      if (entry.kind === "run") plan = entry.plan;
      if (entry.kind === "ended" && !entry.expected) return `${entry.who} ended with ${entry.status}`;
      if (entry.kind !== "log" || plan?.programs[entry.who] !== "dhcpd") return undefined;
      return /I move from \S+ to shutdown/.test(entry.text) ? `${entry.who} is driven into shutdown: ${entry.text}` : undefined;
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

/** Every message between the partners is one that both can read, and that harms none of them. */
export function wireIsClean(): HistoryChecker {
  return {
    name: "nothing on the failover link harms a partner",
    take: (entry) => (entry.kind === "wire" && entry.faults.length > 0 ? entry.faults.slice(0, 3).join("; ") : undefined),
  };
}

/** A run in which the torture itself fails proves nothing. */
export function tortureWorks(): HistoryChecker {
  return { name: "the torture works", take: (entry) => (entry.kind === "trouble" ? entry.text : undefined) };
}
