import type { Lease } from "../../leases/lease.ts";
import { type EpochSeconds, epochSeconds, NO_TIME } from "../../values/time.ts";
import { waitedMclt } from "../endpoint/state.ts";
import { promisedUntil, timesOf } from "../lease-times.ts";
import type { Relationship } from "../relationship.ts";
import type { ServerState } from "../wire/codes.ts";

/**
 * `lease` as a partner in RECOVER is told of it: in use, by the same client, for as long as the partner may have promised before it
 * lost its memory (MCLT past what we agreed to, and past its last service; failover-12 §5.2.1). Its word that the lease is over
 * would be worth nothing, and both go by ours from here on. `lease` itself if there is nothing to keep.
 */
export function keptForForgetful(relationship: Relationship, lease: Lease, now: EpochSeconds): Lease {
  if ((lease.status !== "ACTIVE" && lease.status !== "EXPIRED") || !hasForgotten(relationship)) return lease;
  const { endpoint } = relationship;
  // it serves nobody in RECOVER
  const lastServed = epochSeconds(Math.min(endpoint.partnerSince, now));
  const until = promisedUntil(lease, lastServed, waitedMclt(endpoint));
  if (until <= now || until <= lease.ends) return lease;
  // nobody knows when that was promised: a client is not told what is left of it, but given a lease anew (dhcp-cache-threshold)
  return { ...lease, status: "ACTIVE", starts: NO_TIME, ends: until, failover: { ...timesOf(lease), atsfp: NO_TIME, owed: true } };
}

/** It lost its memory: one of our own kind asks for everything only then. A dhcpd always does: its first STATE has said it ({@link hasLostItsDisk}). */
const hasForgotten = ({ endpoint, transfer, link }: Relationship): boolean =>
  endpoint.partner === "RECOVER" && (endpoint.partnerIsTandem ? transfer?.everything === true : link.partnerForgot);

const RECOVERING: readonly ServerState[] = ["UNKNOWN", "RECOVER", "RECOVER-WAIT", "RECOVER-DONE"];

/**
 * Has a dhcpd lost its lease file, whose first STATE of a connection this is? One that remembers comes back in the state that it was in, and
 * goes to RECOVER from there with the start time of that state. One that knows nothing is in RECOVER since its start, which is later than
 * all that we know of it; so is one that an operator has told to recover, for which leases are then kept as long, to no harm.
 */
export const hasLostItsDisk = ({ endpoint }: Relationship, heard: { readonly state: ServerState; readonly since: EpochSeconds }): boolean =>
  !endpoint.partnerIsTandem && heard.state === "RECOVER" && !RECOVERING.includes(endpoint.partner) && heard.since > endpoint.partnerSince;

/** A partner of our own kind that comes back asks for what it lacks: until then it is not known whether its word is worth anything. */
export const hasYetToAsk = ({ endpoint, link, transfer }: Relationship): boolean =>
  endpoint.partnerIsTandem &&
  transfer === undefined &&
  (endpoint.partner === "RECOVER" || (endpoint.state === "PARTNER-DOWN" && link.partnerStarting));
