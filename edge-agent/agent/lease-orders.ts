import { type Lease, neverUsed } from "../leases/lease.ts";
import type { OmapiChange } from "../omapi/change.ts";
import { type Exchange, leaseAt, poolOf, storeLease } from "../server/exchange.ts";
import { abandonSeconds } from "../server/probe-offer.ts";
import { after, seconds } from "../values/time.ts";

/** Carries out what an OMAPI client orders of a lease; what concerns no pool's address changes nothing. */
export function orderLease(exchange: Exchange, change: OmapiChange): void {
  if (change.kind !== "lease-status" && change.kind !== "lease-ends" && change.kind !== "lease-flags" && change.kind !== "lease-variable")
    return;
  const pool = poolOf(exchange, change.address);
  if (pool === undefined) return;
  const before = leaseAt(exchange, change.address);
  const lease = before ?? neverUsed(change.address);
  const { authority, at } = exchange;
  const next = changed(exchange, lease, change);
  const isEnding =
    change.kind === "lease-status" && lease.status === "ACTIVE" && (change.status === "EXPIRED" || change.status === "RELEASED");
  const stored = isEnding
    ? authority.ended(pool, lease, change.status === "EXPIRED" ? "expired" : "released", at)
    : authority.changed(pool, before, next, undefined, at);
  const cause = change.kind === "lease-status" && change.status === "ABANDONED" ? "declined" : isEnding ? "released" : "recovered";
  storeLease(exchange, { cause, pool, before, after: stored, evaluation: undefined, client: undefined });
}

function changed(exchange: Exchange, lease: Lease, change: OmapiChange): Lease {
  const { now } = exchange.at;
  switch (change.kind) {
    case "lease-ends":
      return { ...lease, ends: change.ends };
    case "lease-flags":
      return { ...lease, reserved: change.reserved, bootp: change.bootp };
    case "lease-variable": {
      const variables = new Map(lease.variables);
      if (change.value === undefined) variables.delete(change.name);
      else variables.set(change.name, change.value);
      return { ...lease, variables };
    }
    case "lease-status": {
      // Without a partner there is nobody to settle a reset with: the address is free.
      const isShared = poolOf(exchange, lease.address)?.failoverPeer !== undefined;
      const status = !isShared && change.status !== "ACTIVE" && change.status !== "ABANDONED" ? "FREE" : change.status;
      const ends = status === "ABANDONED" ? after(now, seconds(abandonSeconds(exchange))) : status === "ACTIVE" ? lease.ends : now;
      return { ...lease, status, starts: now, ends };
    }
    default:
      return lease;
  }
}
