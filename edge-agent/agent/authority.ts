import type { Pool } from "../config/agent-config.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { PoolAuthority } from "../server/pool-authority.ts";
import { standaloneAuthority } from "../server/standalone-authority.ts";
import type { Failover } from "./failover.ts";
import { FailoverAuthority } from "./failover-authority.ts";

/** Asks for each pool the relationship that shares it; a pool without one is our own. One for each event. */
export function failoverAuthority(failover: Failover, view: LeaseView): PoolAuthority {
  const made = new Map<string, PoolAuthority>();
  const of = (pool: Pool): PoolAuthority => {
    const name = pool.failoverPeer;
    if (name === undefined) return standaloneAuthority;
    const known = made.get(name);
    if (known !== undefined) return known;
    const relationship = failover.relationships.get(name);
    const authority = relationship === undefined ? standaloneAuthority : new FailoverAuthority(relationship, view);
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
  };
}
