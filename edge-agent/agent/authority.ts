import type { Pool } from "../config/agent-config.ts";
import { nameOf, type Relationship } from "../failover/relationship.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { PoolAuthority, Wanted } from "../server/pool-authority.ts";
import { standaloneAuthority } from "../server/standalone-authority.ts";
import type { Instant } from "../values/time.ts";
import type { Failover } from "./failover.ts";
import { FailoverAuthority } from "./failover-authority.ts";

/**
 * Asks for each pool the relationship that shares it; a pool without one is our own. `witnessed` lays the ledger's word over what
 * failover allows, where there is a ledger. One for each event.
 */
export function failoverAuthority(failover: Failover, view: LeaseView, witness?: Witness): PoolAuthority {
  const made = new Map<string, PoolAuthority>();
  const of = (pool: Pool): PoolAuthority => {
    const name = pool.failoverPeer;
    if (name === undefined) return standaloneAuthority;
    const known = made.get(name);
    if (known !== undefined) return known;
    const relationship = failover.relationships.get(name);
    const authority = relationship === undefined ? standaloneAuthority : authorityOf(relationship, view, witness);
    made.set(name, authority);
    return authority;
  };
  return {
    answers: (pool, kind, message, at) => of(pool).answers(pool, kind, message, at),
    allocatable: (pool, at) => of(pool).allocatable(pool, at),
    mayAllocate: (pool, lease, at) => of(pool).mayAllocate(pool, lease, at),
    grantable: (pool, lease, desired, at) => of(pool).grantable(pool, lease, desired, at),
    changed: (pool, before, after, desired, at) => of(pool).changed(pool, before, after, desired, at),
    ended: (pool, lease, cause, at) => of(pool).ended(pool, lease, cause, at),
    mayExpire: (pool, lease, at) => of(pool).mayExpire(pool, lease, at),
    ...(witness === undefined
      ? {}
      : { claim: (pool: Pool, wanted: Wanted, at: Instant) => of(pool).claim?.(pool, wanted, at) ?? ("granted" as const) }),
  };
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
