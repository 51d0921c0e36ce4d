import type { Permit, Pool } from "../config/agent-config.ts";
import type { Instant } from "../values/time.ts";
import type { Membership } from "./classes.ts";

/** What permits look at. */
export interface Permitted {
  readonly known: boolean;
  readonly bootp: boolean;
  readonly classes: readonly Membership[];
}

/** May this client have an address of `pool`? `prohibit` wins over `permit` (dhcpd.conf(5)). */
export function permits(pool: Pool, client: Permitted, at: Instant): boolean {
  if (pool.prohibit.length > 0 && matchesAny(pool.prohibit, client, at)) return false;
  return pool.permit.length === 0 || matchesAny(pool.permit, client, at);
}

function matchesAny(list: readonly Permit[], client: Permitted, at: Instant): boolean {
  for (const permit of list) if (matches(permit, client, at)) return true;
  return false;
}

function matches(permit: Permit, client: Permitted, at: Instant): boolean {
  switch (permit.kind) {
    case "known-clients":
      return client.known;
    case "unknown-clients":
      return !client.known;
    case "authenticated-clients":
      return false;
    case "unauthenticated-clients":
    case "all-clients":
      return true;
    case "dynamic-bootp-clients":
      return client.bootp;
    case "members-of":
      return client.classes.some(({ className }) => className === permit.className);
    case "after":
      // The time is the wall clock's: the operator wrote a date.
      return at.now + at.wallOffset > permit.time;
  }
}
