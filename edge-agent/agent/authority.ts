import type { Pool } from "../config/agent-config.ts";
import type { PoolAuthority } from "../server/pool-authority.ts";
import { standaloneAuthority } from "../server/standalone-authority.ts";
import type { Endpoint } from "./state.ts";

/** Asks for each pool the relationship that shares it; a pool without one is our own. */
export function authorityOver(endpoints: ReadonlyMap<string, Endpoint>): PoolAuthority {
  if (endpoints.size === 0) return standaloneAuthority;
  const of = (pool: Pool): PoolAuthority =>
    (pool.failoverPeer === undefined ? undefined : endpoints.get(pool.failoverPeer)?.authority) ?? standaloneAuthority;
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
