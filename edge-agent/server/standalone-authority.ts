import { earliest } from "../values/time.ts";
import type { PoolAuthority } from "./pool-authority.ts";

const GRANTED = { ok: true } as const;
const OWN = { statuses: ["FREE", "BACKUP"], order: "ascending" } as const;

/**
 * What a server may do with a pool that it shares with nobody: everything. Addresses that a partner once held in BACKUP
 * count as FREE.
 */
export const standaloneAuthority: PoolAuthority = {
  answers: () => GRANTED,
  allocatable: () => OWN,
  mayAllocate: () => true,
  grantable: (_pool, _lease, desired) => desired,
  changed: (_pool, _before, after) => after,
  ended: (_pool, lease, _cause, at) => ({ ...lease, status: "FREE", ends: earliest(lease.ends, at.now), billingClass: undefined }),
  mayExpire: () => true,
};
