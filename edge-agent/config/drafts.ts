import type { HardwareAddress } from "../values/hardware-address.ts";
import type { Ipv4Network } from "../values/ipv4.ts";
import type { FailoverPeer, Permit, PoolRange, Scope } from "./agent-config.ts";
import type { Expression, Statement } from "./expression.ts";
import type { Location } from "./location.ts";
import type { OptionDefinition } from "./option-definition.ts";

/** A declaration's statements while they are being read. */
export interface ScopeDraft {
  readonly id: number;
  readonly kind: Scope["kind"];
  name: string;
  readonly parent: ScopeDraft | undefined;
  readonly statements: Statement[];
  authoritative: boolean;
  readonly location: Location;
  /** Set on a host by `group NAME;`: that group's statements stand in for those around the host. */
  adopted: ScopeDraft | undefined;
}

export interface NetworkDraft {
  name: string;
  readonly implicit: boolean;
  readonly scope: ScopeDraft;
  readonly subnets: SubnetDraft[];
  readonly pools: PoolDraft[];
  interfaceName: string | undefined;
  failoverPeer: string | undefined;
}

export interface SubnetDraft {
  readonly network: Ipv4Network;
  readonly scope: ScopeDraft;
  readonly sharedNetwork: NetworkDraft;
  interfaceName: string | undefined;
  readonly location: Location;
}

export interface PoolDraft {
  readonly scope: ScopeDraft;
  readonly ranges: PoolRange[];
  readonly permit: Permit[];
  readonly prohibit: Permit[];
  failoverPeer: string | undefined;
  /** Made by a `range` that stands outside any pool. */
  readonly implicit: boolean;
}

export interface HostDraft {
  readonly name: string;
  readonly scope: ScopeDraft;
  hardware: HardwareAddress | undefined;
  clientId: Uint8Array | undefined;
  identifier: { readonly option: OptionDefinition; readonly value: Uint8Array } | undefined;
  fixedAddresses: Expression | undefined;
  /** It has a fixed-address6, which counts as its one address. */
  fixedAddress6: boolean;
  dynamic: boolean;
  deleted: boolean;
}

export interface ClassDraft {
  readonly name: string;
  readonly scope: ScopeDraft;
  matchIf: Expression | undefined;
  subMatch: Expression | undefined;
  spawning: boolean;
  leaseLimit: number | undefined;
  readonly subclasses: Map<string, SubclassDraft>;
}

export interface SubclassDraft {
  scope: ScopeDraft;
  readonly value: Uint8Array;
  leaseLimit: number | undefined;
}

/** A failover relationship as declared, and how many pools name it. */
export interface PeerDraft {
  readonly peer: FailoverPeer;
  poolCount: number;
}
