import type { Pool } from "../config/agent-config.ts";
import type { DhcpMessage } from "../dhcp/wire/message.ts";
import { nameOf, type Relationship } from "../failover/relationship.ts";
import type { Lease } from "../leases/lease.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { PoolAuthority, RequestKind, Wanted } from "../server/pool-authority.ts";
import { standaloneAuthority } from "../server/standalone-authority.ts";
import type { Instant, Seconds } from "../values/time.ts";
import type { Failover } from "./failover.ts";
import { FailoverAuthority } from "./failover-authority.ts";

/**
 * Asks for each pool the relationship that shares it; a pool without one is our own. `witness` lays the ledger's word over what
 * failover allows, where there is a ledger. One for each event.
 */
export const failoverAuthority = (failover: Failover, view: LeaseView, witness?: Witness): PoolAuthority =>
  witness === undefined ? new JoinedAuthority(failover, view, undefined) : new WitnessedJoin(failover, view, witness);

class JoinedAuthority implements PoolAuthority {
  readonly #failover: Failover;
  readonly #view: LeaseView;
  readonly #witness: Witness | undefined;
  /** The relationship that was asked for last. */
  #name: string | undefined;
  #known: PoolAuthority = standaloneAuthority;

  constructor(failover: Failover, view: LeaseView, witness: Witness | undefined) {
    this.#failover = failover;
    this.#view = view;
    this.#witness = witness;
  }

  protected of(pool: Pool): PoolAuthority {
    const name = pool.failoverPeer;
    if (name === undefined) return standaloneAuthority;
    if (name === this.#name) return this.#known;
    this.#known = this.#made(name);
    this.#name = name;
    return this.#known;
  }

  #made(name: string): PoolAuthority {
    const relationship = this.#failover.relationships.get(name);
    return relationship === undefined ? standaloneAuthority : authorityOf(relationship, this.#view, this.#witness);
  }

  answers(pool: Pool, kind: RequestKind, message: DhcpMessage, at: Instant): ReturnType<PoolAuthority["answers"]> {
    return this.of(pool).answers(pool, kind, message, at);
  }
  allocatable(pool: Pool, at: Instant): ReturnType<PoolAuthority["allocatable"]> {
    return this.of(pool).allocatable(pool, at);
  }
  mayAllocate(pool: Pool, lease: Lease | undefined, at: Instant): boolean {
    return this.of(pool).mayAllocate(pool, lease, at);
  }
  grantable(pool: Pool, lease: Lease | undefined, desired: Seconds, at: Instant): Seconds {
    return this.of(pool).grantable(pool, lease, desired, at);
  }
  changed(pool: Pool, before: Lease | undefined, after: Lease, desired: Seconds | undefined, at: Instant): Lease {
    return this.of(pool).changed(pool, before, after, desired, at);
  }
  ended(pool: Pool, lease: Lease, cause: "expired" | "released", at: Instant): Lease {
    return this.of(pool).ended(pool, lease, cause, at);
  }
  mayExpire(pool: Pool, lease: Lease, at: Instant): boolean {
    return this.of(pool).mayExpire(pool, lease, at);
  }
}

/** With a witness, addresses are claimed. */
class WitnessedJoin extends JoinedAuthority {
  claim(pool: Pool, wanted: Wanted, at: Instant): "granted" | "waiting" | "refused" {
    return this.of(pool).claim?.(pool, wanted, at) ?? "granted";
  }
}

/** Lays a witness's word over what failover allows. */
export interface Witness {
  /** Is this server the only one that may serve the relationship? */
  isAlone(name: string): boolean;
  over(relationship: Relationship, authority: PoolAuthority, view: LeaseView): PoolAuthority;
}

function authorityOf(relationship: Relationship, view: LeaseView, witness: Witness | undefined): PoolAuthority {
  if (witness === undefined) return new FailoverAuthority(relationship, view);
  return witness.over(relationship, new FailoverAuthority(relationship, view, witness.isAlone(nameOf(relationship))), view);
}
