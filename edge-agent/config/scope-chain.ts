import type { Pool, Scope, Subnet } from "./agent-config.ts";
import type { ScopeChain } from "./evaluation.ts";

/**
 * The scopes that hold for an address, outermost first: everything around its subnet, the subnet, and its pool. A pool's
 * `parent` is its shared network, also when it stands inside a subnet, so the subnet has to be put in between.
 */
export function scopesForAddress(subnet: Subnet, pool: Pool | undefined): ScopeChain {
  const chain: Scope[] = [];
  for (let scope: Scope | undefined = subnet.scope; scope !== undefined; scope = scope.parent) chain.unshift(scope);
  if (pool !== undefined) chain.push(pool.scope);
  return chain;
}

/** The scopes of a host or class that are not in `chain` already, outermost first (groups around a host). */
export function scopesBeyond(scope: Scope, chain: ScopeChain): ScopeChain {
  const beyond: Scope[] = [];
  for (let one: Scope | undefined = scope; one !== undefined && !chain.includes(one); one = one.parent) beyond.unshift(one);
  return beyond;
}
