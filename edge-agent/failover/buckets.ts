import type { Lease } from "../leases/lease.ts";
import { hashBucket, isPrimarysBucket } from "../leases/load-balance.ts";
import type { HardwareAddress } from "../values/hardware-address.ts";
import { isPrimary, type Relationship } from "./relationship.ts";

/** Whose client is this (RFC 3074)? Unknown without an identity, or before the secondary has been told the buckets. */
export function clientOwner(
  relationship: Relationship,
  clientId: Uint8Array | undefined,
  hardware: HardwareAddress | undefined,
): "ours" | "partners" | "unknown" {
  const bucket = hashBucket(clientId, hardware);
  if (bucket === undefined) return "unknown";
  const { hba } = relationship.endpoint;
  // without buckets a secondary considers nobody its own (dhcpd)
  if (hba === undefined) return "partners";
  return isPrimarysBucket(hba, bucket) === isPrimary(relationship) ? "ours" : "partners";
}

/** Does the client that last had the address hash to the partner? */
export const isPartnersClient = (relationship: Relationship, lease: Lease): boolean =>
  relationship.endpoint.hba !== undefined && clientOwner(relationship, lease.clientId, lease.hardware) === "partners";
