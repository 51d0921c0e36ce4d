import type { LedgerCall } from "./calls.ts";
import { revoked } from "./serving-lease.ts";
import type { SiteState } from "./site-state.ts";

/**
 * A clean stop gives the serving lease up: the last heartbeat says so (`leaseMillis` 0), so that the partner may be granted
 * PARTNER-DOWN at once. From here on this process serves nobody. No call if the ledger never let us in.
 */
export function farewell(state: SiteState, around: { readonly failoverState: string; readonly queued: number }) {
  const stopped: SiteState = { ...state, phase: "stopped", lease: revoked(state.standing.mode), beat: state.beat + 1 };
  if (state.phase !== "running") return { state: stopped, call: undefined };
  const call: LedgerCall = {
    op: "heartbeat",
    standing: state.standing,
    beat: stopped.beat,
    leaseMillis: 0,
    evidence: { partnerHb: -1, partnerStillMs: 0, peerLeaseAgoMs: 0 },
    failoverState: around.failoverState,
    queued: around.queued,
    oldestQueuedAt: 0,
    clockSteps: state.clockSteps,
  };
  return { state: stopped, call };
}
