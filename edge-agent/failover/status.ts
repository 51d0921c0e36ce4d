import type { BindingStatus } from "../leases/binding-status.ts";
import type { LeaseView, PoolId } from "../leases/lease-view.ts";
import { type EpochSeconds, type Instant, type Seconds, secondsBetween } from "../values/time.ts";
import { waitedMclt } from "./endpoint/state.ts";
import { endpointDeadline, recoverWaitUntil } from "./endpoint/step.ts";
import { type Service, service } from "./permissions.ts";
import type { Relationship } from "./relationship.ts";
import type { ServerState } from "./wire/codes.ts";

/** One relationship as operators see it. Times are on the lease clock. */
export interface RelationshipStatus {
  readonly name: string;
  readonly role: "primary" | "secondary";
  readonly state: ServerState;
  readonly since: EpochSeconds;
  readonly partnerState: ServerState;
  readonly partnerSince: EpochSeconds;
  /** "up": messages flow and the partner's state is known; "connecting": a connection is being set up; else "down". */
  readonly link: "up" | "connecting" | "down";
  /** Why the last attempt to connect came to nothing. */
  readonly refusal: string | undefined;
  readonly partnerVendorClass: string | undefined;
  /** Partner's clock minus ours when the connection was last set up; seconds. */
  readonly skew: number | undefined;
  readonly service: Service;
  /** Why clients are not served, as dhcpd's log lines end; empty if they are. */
  readonly silence: string;
  readonly mclt: Seconds;
  readonly hba: Uint8Array | undefined;
  /** Updates sent and not acknowledged; waiting to be sent; refused by the partner. */
  readonly unacked: number;
  readonly owed: number;
  readonly refused: number;
  readonly pools: readonly { readonly id: PoolId; readonly counts: Readonly<Record<BindingStatus, number>> }[];
  /** What will happen by itself, and in how many seconds. */
  readonly countdowns: readonly { readonly what: Countdown; readonly seconds: Seconds }[];
}

export type Countdown = "startup-ends" | "recover-wait-ends" | "auto-partner-down" | "partners-free-usable" | "next-balance";

/** A snapshot for the control command, omshell and metrics. Nothing is changed. */
export function relationshipStatus(relationship: Relationship, view: LeaseView, at: Instant): RelationshipStatus {
  const { endpoint, link, updates, config } = relationship;
  return {
    name: config.peer.name,
    role: config.peer.role,
    state: endpoint.startupUntil === undefined ? endpoint.state : "STARTUP",
    since: endpoint.since,
    partnerState: endpoint.partner,
    partnerSince: endpoint.partnerSince,
    link: link.up !== undefined && endpoint.communicating ? "up" : link.connections.size > 0 ? "connecting" : "down",
    refusal: link.refusal,
    partnerVendorClass: link.partnerVendorClass,
    skew: link.skew,
    ...service(relationship),
    mclt: endpoint.mclt,
    hba: endpoint.hba,
    unacked: updates.unacked.size,
    owed: updates.waiting.size,
    refused: updates.refused.size,
    pools: config.pools.map(({ id }) => ({ id, counts: { ...view.counts(id) } })),
    countdowns: countdowns(relationship, at),
  };
}

function countdowns(relationship: Relationship, at: Instant): RelationshipStatus["countdowns"] {
  const { endpoint, balance } = relationship;
  const found: { what: Countdown; seconds: Seconds }[] = [];
  const add = (what: Countdown, time: EpochSeconds | undefined) => {
    if (time !== undefined && time > at.now) found.push({ what, seconds: secondsBetween(at.now, time) });
  };
  if (endpoint.startupUntil !== undefined) add("startup-ends", endpointDeadline(relationship));
  else if (endpoint.state === "RECOVER-WAIT") add("recover-wait-ends", recoverWaitUntil(relationship));
  else if (endpoint.state === "PARTNER-DOWN")
    add("partners-free-usable", (endpoint.partnerLastAlive + waitedMclt(endpoint)) as EpochSeconds);
  add("auto-partner-down", endpoint.autoPartnerDownAt);
  if (endpoint.state === "NORMAL") add("next-balance", balance.nextRunAt);
  return found;
}
