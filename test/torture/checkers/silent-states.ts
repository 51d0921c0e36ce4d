import type { Role } from "../../support/failover-config.ts";
import type { Plan } from "../plan.ts";
import type { HistoryChecker } from "./checker.ts";

/** States in which a server gives nothing to anybody (failover-12 §9). */
const SILENT = new Set(["startup", "potential-conflict", "recover", "recover-wait", "paused", "shutdown"]);

/** A server that may not know what is true serves nobody: in its log no offer and no ACK stands behind its entry into such a state. */
export function silentStatesAreSilent(): HistoryChecker {
  const states = new Map<Role, string>();
  let plan: Plan | undefined;
  return {
    name: "a server that cannot know serves nobody",
    take(entry) {
      if (entry.kind === "run") plan = entry.plan;
      if (entry.kind === "ended") states.set(entry.who, "startup");
      if (entry.kind !== "log") return undefined;
      const moved = /failover peer lab: I move from \S+ to ([a-z-]+)/.exec(entry.text)?.[1];
      if (moved !== undefined) states.set(entry.who, moved);
      if (!/DHCP(ACK|OFFER) on 10\./.test(entry.text) || plan?.programs[entry.who] !== "tandem") return undefined;
      const state = states.get(entry.who) ?? "startup";
      return SILENT.has(state) ? `${entry.who} answers in ${state}: ${entry.text}` : undefined;
    },
  };
}

/** PARTNER-DOWN is one server's at most. */
export function oneServesAlone(): HistoryChecker {
  const states = new Map<Role, string>();
  let rash = false;
  return {
    name: "at most one server serves alone",
    take(entry) {
      if (entry.kind === "run") ({ rash } = entry.plan);
      if (entry.kind !== "log") return undefined;
      const moved = /failover peer lab: I move from \S+ to ([a-z-]+)/.exec(entry.text)?.[1];
      if (moved === undefined) return undefined;
      states.set(entry.who, moved);
      const both = states.get("primary") === "partner-down" && states.get("secondary") === "partner-down";
      return both && !rash ? "both servers are in partner-down" : undefined;
    },
  };
}
