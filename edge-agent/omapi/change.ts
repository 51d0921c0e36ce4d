import type { BindingStatus } from "../leases/binding-status.ts";
import type { HardwareAddress } from "../values/hardware-address.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { EpochSeconds } from "../values/time.ts";

/** A host made over OMAPI (`host NAME { dynamic; … }` in dhcpd.leases(5)): effective at once, and kept. */
export interface DynamicHost {
  readonly name: string;
  readonly hardware: HardwareAddress | undefined;
  readonly clientId: Uint8Array | undefined;
  readonly addresses: readonly Ipv4Address[];
  readonly group: string | undefined;
  /** dhcpd.conf statements, as given. */
  readonly statements: string;
}

/** A group made over OMAPI: statements that its hosts share. */
export interface DynamicGroup {
  readonly name: string;
  readonly statements: string;
}

/** All that OMAPI clients can change. */
export type OmapiChange =
  /** `state` is the number on the failover wire (4 = partner-down); unchecked, as dhcpd takes it: the endpoint may refuse. */
  | { readonly kind: "failover-state"; readonly name: string; readonly state: number }
  | { readonly kind: "lease-status"; readonly address: Ipv4Address; readonly status: BindingStatus }
  | { readonly kind: "lease-ends"; readonly address: Ipv4Address; readonly ends: EpochSeconds }
  | { readonly kind: "lease-flags"; readonly address: Ipv4Address; readonly reserved: boolean; readonly bootp: boolean }
  | { readonly kind: "lease-variable"; readonly address: Ipv4Address; readonly name: string; readonly value: Uint8Array | undefined }
  | { readonly kind: "host"; readonly host: DynamicHost }
  | { readonly kind: "host-removed"; readonly name: string }
  | { readonly kind: "group"; readonly group: DynamicGroup }
  | { readonly kind: "group-removed"; readonly name: string }
  | { readonly kind: "shutdown" };
