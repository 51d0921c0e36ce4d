import type { Pool } from "../config/agent-config.ts";
import type { DhcpMessage } from "../dhcp/wire/message.ts";
import { waitedMclt } from "../failover/endpoint/state.ts";
import { agreedHorizon } from "../failover/lease-times.ts";
import { partnersFree, type Relationship } from "../failover/relationship.ts";
import type { Lease } from "../leases/lease.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import { clientName } from "../ledger/binding-event.ts";
import type { Service } from "../ledger/serving-lease.ts";
import type { PoolAuthority, RequestKind, Wanted } from "../server/pool-authority.ts";
import { UNSPECIFIED } from "../values/ipv4.ts";
import { after, type Instant, NEVER, NO_TIME, type Seconds, seconds, secondsBetween } from "../values/time.ts";
import { askedFor, isHolder } from "./failover-authority.ts";
import type { SiteAgent } from "./ledger.ts";
import { type ClaimVerdict, isTaken, mayClaim, needsClaim } from "./ledger-claims.ts";
import { isClearPending } from "./ledger-link.ts";

type Answer = ReturnType<PoolAuthority["answers"]>;
const no = (reason: string): Answer => ({ ok: false, reason });

/** What a {@link WitnessedAuthority} asks of the site it speaks for. */
export interface SiteRights {
  readonly site: SiteAgent;
  /** What the serving lease allows at this moment. */
  readonly service: Service;
  claim(wanted: Wanted & { readonly client: string }, pool: Pool): ClaimVerdict;
}

/** The ledger's word over what failover allows: whom we may serve at all, and which addresses we must ask for first. */
export class WitnessedAuthority implements PoolAuthority {
  readonly #inner: PoolAuthority;
  readonly #relationship: Relationship;
  readonly #view: LeaseView;
  readonly #rights: () => SiteRights;

  constructor(inner: PoolAuthority, relationship: Relationship, view: LeaseView, rights: () => SiteRights) {
    this.#inner = inner;
    this.#relationship = relationship;
    this.#view = view;
    this.#rights = rights;
  }

  answers(pool: Pool, kind: RequestKind, message: DhcpMessage, at: Instant): Answer {
    const { service, site } = this.#rights();
    if (service === "none") return no(`not responding (${silenceOf(site)})`);
    if (service === "run-down" && !this.#mayRunDown(kind, message, at))
      return no("not responding (neither partner nor ledger in reach: known clients only)");
    return this.#inner.answers(pool, kind, message, at);
  }

  /** A known client for its known address, while the partner's acknowledgement still covers it. */
  #mayRunDown(kind: RequestKind, message: DhcpMessage, at: Instant): boolean {
    if (kind === "release" || kind === "decline") return true;
    if (kind !== "init-reboot" && kind !== "renewing" && kind !== "rebinding") return false;
    const address = askedFor(message);
    const lease = address === UNSPECIFIED ? undefined : this.#view.get(address);
    return lease?.status === "ACTIVE" && isHolder(lease, message) && this.#coveredUntil(lease) > at.now;
  }

  /** Until then no partner may give the address to anybody else: acknowledged potential expiry + MCLT. */
  #coveredUntil(lease: Lease | undefined) {
    const agreed = lease === undefined ? NO_TIME : agreedHorizon(lease);
    return agreed === NO_TIME || agreed === NEVER ? agreed : after(agreed, this.#relationship.endpoint.mclt);
  }

  allocatable(pool: Pool, at: Instant): ReturnType<PoolAuthority["allocatable"]> {
    const { service, site } = this.#rights();
    const { statuses, order } = this.#inner.allocatable(pool, at);
    if (service !== "full" || isResting(site, at)) return { statuses: [], order };
    const theirs = partnersFree(this.#relationship);
    if (!statuses.includes(theirs) || mayClaim(site, undefined, waitedMclt(this.#relationship.endpoint), at)) return { statuses, order };
    return { statuses: statuses.filter((status) => status !== theirs), order };
  }

  mayAllocate(pool: Pool, lease: Lease | undefined, at: Instant): boolean {
    const { service, site } = this.#rights();
    if (service !== "full" || isResting(site, at) || !this.#inner.mayAllocate(pool, lease, at)) return false;
    if (!needsClaim(this.#relationship, lease)) return true;
    if (lease !== undefined && isTaken(site, lease.address, at)) return false;
    if (isClearPending(site, this.#relationship)) return false;
    // an abandoned address of the primary's own share is its own to try again
    if (lease?.status === "ABANDONED" && site.core.standing.mode === "PAIR") return true;
    return mayClaim(site, lease, waitedMclt(this.#relationship.endpoint), at);
  }

  claim(pool: Pool, wanted: Wanted, _at: Instant): ClaimVerdict {
    const { site, claim } = this.#rights();
    const { endpoint } = this.#relationship;
    const apart = site.core.standing.mode === "SOLE" || endpoint.state === "PARTNER-DOWN";
    if (!apart || !needsClaim(this.#relationship, wanted.lease)) return "granted";
    if (isClearPending(site, this.#relationship)) return "refused";
    const client = clientName({ clientId: wanted.clientId, hardware: wanted.hardware });
    return claim({ ...wanted, client }, pool);
  }

  grantable(pool: Pool, lease: Lease | undefined, desired: Seconds, at: Instant): Seconds {
    const granted = this.#inner.grantable(pool, lease, desired, at);
    if (this.#rights().service !== "run-down") return granted;
    const covered = secondsBetween(at.now, this.#coveredUntil(lease));
    return seconds(Math.min(covered, granted));
  }

  changed(pool: Pool, before: Lease | undefined, lease: Lease, desired: Seconds | undefined, at: Instant): Lease {
    return this.#inner.changed(pool, before, lease, desired, at);
  }
  ended(pool: Pool, lease: Lease, cause: "expired" | "released", at: Instant): Lease {
    return this.#inner.ended(pool, lease, cause, at);
  }
  mayExpire(pool: Pool, lease: Lease, at: Instant): boolean {
    return this.#inner.mayExpire(pool, lease, at);
  }
}

const isResting = ({ allocatesFrom }: SiteAgent, at: Instant): boolean => allocatesFrom !== undefined && at.now < allocatesFrom;

/** What is to be done about a store that lacks what the ledger knows. */
export const HOW_TO_RESTORE = "they come back from the partner or, if that is gone too, by `tandem restore --from-ledger`";

/** Why nobody is served. */
export function silenceOf({ core, lost }: SiteAgent): string {
  if (lost) return `its leases are lost: ${HOW_TO_RESTORE}`;
  if (core.standing.mode === "DOWN") return "the ledger has the partner serve alone";
  return core.lease.revoked ? "another process serves in this server's name" : "neither partner nor ledger in reach";
}
