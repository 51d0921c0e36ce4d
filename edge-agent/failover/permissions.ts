import type { PoolId } from "../leases/lease-view.ts";
import type { RecordedState } from "./endpoint/state.ts";
import type { Relationship } from "./relationship.ts";

/**
 * What a state may do for clients. "cooperating": each server its own buckets; "everybody": all clients, from our own
 * addresses; "renewals": those that have a lease; "none": nobody.
 */
export type Service = "cooperating" | "everybody" | "renewals" | "none";

interface Permission {
  /** With a stock partner, which counts on our silence wherever dhcpd is silent. */
  readonly withStock: Service;
  /** With a partner of our own kind: what the draft allows (failover-12 §9.7.1, §9.11.2, §9.12.2). */
  readonly withTandem: Service;
  /** Why not, as dhcpd's log line ends. */
  readonly silence: string;
}

/** Each state's permission. */
export const PERMISSIONS: Readonly<Record<RecordedState, Permission>> = {
  NORMAL: { withStock: "cooperating", withTandem: "cooperating", silence: "" },
  "COMMUNICATIONS-INTERRUPTED": { withStock: "everybody", withTandem: "everybody", silence: "" },
  "PARTNER-DOWN": { withStock: "everybody", withTandem: "everybody", silence: "" },
  "POTENTIAL-CONFLICT": { withStock: "none", withTandem: "none", silence: " (potential conflict)" },
  "RESOLUTION-INTERRUPTED": { withStock: "none", withTandem: "everybody", silence: " (resolution interrupted)" },
  "CONFLICT-DONE": { withStock: "none", withTandem: "everybody", silence: " (conflict done)" },
  RECOVER: { withStock: "none", withTandem: "none", silence: " (recovering)" },
  "RECOVER-WAIT": { withStock: "none", withTandem: "none", silence: " (recover wait)" },
  "RECOVER-DONE": { withStock: "none", withTandem: "renewals", silence: " (recover done)" },
  PAUSED: { withStock: "none", withTandem: "none", silence: " (paused)" },
  SHUTDOWN: { withStock: "none", withTandem: "none", silence: " (shut down)" },
};

/**
 * What this server may do for clients at this moment, and if nothing, why. The partner's last known state can silence us
 * too: a stock partner takes our silence for granted while it resolves a conflict; any partner in PARTNER-DOWN hands out
 * our addresses. Our own PARTNER-DOWN outweighs that: somebody knows that the partner has gone since.
 */
export function service({ endpoint }: Relationship): { readonly service: Service; readonly silence: string } {
  if (endpoint.startupUntil !== undefined) return { service: "none", silence: " (startup)" };
  const { withStock, withTandem, silence } = PERMISSIONS[endpoint.state];
  const own = endpoint.partnerIsTandem ? withTandem : withStock;
  if (own === "none" || endpoint.state === "PARTNER-DOWN") return { service: own, silence };
  if (endpoint.partner === "PARTNER-DOWN") return { service: "none", silence: " (peer demands: recovering)" };
  const resolving =
    endpoint.partner === "POTENTIAL-CONFLICT" || endpoint.partner === "CONFLICT-DONE" || endpoint.partner === "RESOLUTION-INTERRUPTED";
  if (resolving && !endpoint.partnerIsTandem) return { service: "none", silence: " (peer demands: resolving conflicts)" };
  return { service: own, silence };
}

/** Has the partner an address left in the shared network of `pool`? If not, its clients are ours to serve. */
export function partnerHasFree(
  relationship: Relationship,
  pool: PoolId,
  countOf: (pool: PoolId, status: "FREE" | "BACKUP") => number,
): boolean {
  const { pools } = relationship.config;
  const network = pools.find(({ id }) => id === pool)?.sharedNetwork;
  const theirs = relationship.config.peer.role === "primary" ? "BACKUP" : "FREE";
  return pools.some((each) => each.sharedNetwork === network && countOf(each.id, theirs) > 0);
}
