import type { Role } from "../../support/failover-config.ts";
import { longestMclt, type Plan } from "../plan.ts";
import { type HistoryChecker, serverAt, slackOf } from "./checker.ts";

/** A line of a log comes into the history so much later at most, in milliseconds. */
const LOG_DELAY = 1000;

/** A client that gets an address it did not have is given MCLT at most: the partner knows nothing yet (failover-12 §5.2.1). */
export function firstLeaseIsShort(): HistoryChecker {
  const holders = new Map<string, string>();
  const states = new Map<Role, string>();
  /** When a client was first told that an address is its own, by the servers' logs; it may not have heard of it then. */
  const told = new Map<string, { readonly hardware: string; readonly at: number }>();
  /** Until when the partners may have agreed that an address is in use: told at an ACK, and kept with the address when its client goes. */
  const ends = new Map<string, number>();
  /** The same, from before its present client came. */
  const horizons = new Map<string, number>();
  let plan: Plan | undefined;
  return {
    name: "a new lease is no longer than MCLT",
    take(entry) {
      if (entry.kind === "run") plan = entry.plan;
      const moved = entry.kind === "log" ? /failover peer lab: I move from \S+ to ([a-z-]+)/.exec(entry.text)?.[1] : undefined;
      if (entry.kind === "log" && moved !== undefined) states.set(entry.who, moved);
      const [, address = "", hardware = ""] = (entry.kind === "log" && /DHCPACK on (\S+) to (\S+)/.exec(entry.text)) || [];
      const agreed = (address === "" ? undefined : ends.get(address)) ?? 0;
      if (address !== "" && told.get(address)?.hardware !== hardware) {
        told.set(address, { hardware, at: entry.at });
        horizons.set(address, agreed);
      }
      if (address !== "") ends.set(address, Math.max(agreed, entry.at + 1500 * (plan?.leaseSeconds ?? 0)));
      if (entry.kind !== "bound" || plan === undefined) return undefined;
      const before = holders.get(entry.address);
      holders.set(entry.address, entry.client);
      const earlier = told.get(entry.address);
      if (earlier?.hardware === entry.hardware && earlier.at < entry.at - LOG_DELAY) return undefined;
      const server = serverAt(entry.server);
      if (before === entry.client || server === undefined || plan.programs[server] !== "tandem") return undefined;
      if (states.get("primary") === "partner-down" || states.get("secondary") === "partner-down") return undefined;
      // The ACK of this very lease may come into the history after it
      const earlierEnd = (earlier?.hardware === entry.hardware ? horizons : ends).get(entry.address) ?? 0;
      const seconds = Math.round((entry.until - entry.since - Math.max(0, earlierEnd - entry.since)) / 1000);
      // Its partner's clock, and its rounding, decide when what was agreed before is over
      return seconds * 1000 > longestMclt(plan) * 1000 + slackOf(plan)
        ? `${entry.client} gets ${entry.address}, new to it, for ${seconds} s; MCLT is ${longestMclt(plan)} s at most`
        : undefined;
    },
  };
}
