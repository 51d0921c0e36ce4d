import type { Entry } from "../history.ts";
import { LARGEST_STEP, type Plan } from "../plan.ts";

/** One thing that must hold in every history. It hears the entries in order; a complaint says what is wrong. */
export interface HistoryChecker {
  readonly name: string;
  take(entry: Entry): string | undefined;
}

/** Milliseconds by which leases may seem to overlap: whole seconds, and what the servers' clocks may differ from each other and from the true time. */
export function slackOf(plan: Plan): number {
  const steps = plan.faults.clockStep > 0 ? 2 * LARGEST_STEP : 0;
  const { primary, secondary } = plan.skew;
  return 1500 + 1000 * Math.max(steps, Math.abs(primary - secondary), Math.abs(primary), Math.abs(secondary));
}

export const addressOf = { "10.77.0.2": "primary", "10.77.0.3": "secondary" } as const;
export const serverAt = (address: string): "primary" | "secondary" | undefined => addressOf[address as keyof typeof addressOf];
