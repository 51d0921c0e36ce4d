import type { HardwareAddress } from "../values/hardware-address.ts";
import type { Ipv4Address, Ipv4Network, Ipv4Range } from "../values/ipv4.ts";
import type { EpochSeconds, Seconds } from "../values/time.ts";
import type { Expression, Statement } from "./expression.ts";
import type { Location } from "./location.ts";
import type { OptionDefinition, OptionSpace } from "./option-definition.ts";

/** A dhcpd.conf, resolved and checked: immutable, and all that the cores ever see of it. */
export interface AgentConfig {
  readonly global: Scope;
  /** Every shared network; a subnet outside any has one of its own, named by its subnet ("10.0.0.0/24"). */
  readonly networks: readonly SharedNetwork[];
  /** All subnets, by address. */
  readonly subnets: readonly Subnet[];
  /** All pools; index = PoolId. A range outside a `pool` makes a pool of its own. */
  readonly pools: readonly Pool[];
  readonly hosts: HostTable;
  readonly classes: readonly ClassDeclaration[];
  readonly failoverPeers: readonly FailoverPeer[];
  readonly optionSpaces: ReadonlyMap<string, OptionSpace>;
  /** Definitions by space and code, the standard ones included. */
  readonly optionDefinitions: ReadonlyMap<string, ReadonlyMap<number, OptionDefinition>>;
  readonly functions: ReadonlyMap<string, FunctionDeclaration>;
  readonly keys: readonly Key[];
  readonly zones: readonly Zone[];
  /** Reads statements that were written down before, as those of a lease file's `on expiry`; undefined if they do not fit this configuration. */
  readonly readStatements: (text: string) => readonly Statement[] | undefined;
}

/**
 * One declaration's statements and where it stands. The chain of `parent`s leads to the global scope; statements run
 * outermost scope first, so that inner ones override. A subnet outside any shared network shares its scope with the network
 * made for it; a pool's parent is its network's scope, also when it stands inside a subnet (see scope-chain.ts).
 */
export interface Scope {
  /** Unique within one configuration; caches key by it. */
  readonly id: number;
  readonly kind: "global" | "shared-network" | "subnet" | "pool" | "group" | "class" | "subclass" | "host";
  readonly name: string;
  readonly parent: Scope | undefined;
  readonly statements: readonly Statement[];
  /** Runs the same for every packet: no expression in it looks at packet, lease, host or variables. */
  readonly isStatic: boolean;
  /** `authoritative`, as inherited. */
  readonly authoritative: boolean;
  readonly location: Location;
}

export interface SharedNetwork {
  readonly name: string;
  readonly scope: Scope;
  readonly subnets: readonly Subnet[];
  readonly pools: readonly Pool[];
  /** `interface "eth0";` inside it. */
  readonly interfaceName: string | undefined;
}

export interface Subnet {
  readonly network: Ipv4Network;
  readonly scope: Scope;
  /** Index into {@link AgentConfig.networks}. */
  readonly sharedNetwork: number;
  readonly interfaceName: string | undefined;
}

export interface Pool {
  /** Index into {@link AgentConfig.pools}. */
  readonly id: number;
  readonly scope: Scope;
  readonly sharedNetwork: number;
  readonly ranges: readonly PoolRange[];
  /** Nobody is let in unless one of `permit` says so (when there is any), nor if one of `prohibit` says so. */
  readonly permit: readonly Permit[];
  readonly prohibit: readonly Permit[];
  /** Name of the relationship that shares this pool with a partner. */
  readonly failoverPeer: string | undefined;
}

/** One `range`; addresses of `dynamic-bootp` ranges may go to BOOTP clients. */
export interface PoolRange extends Ipv4Range {
  readonly dynamicBootp: boolean;
  readonly location: Location;
}

export type Permit =
  | {
      readonly kind:
        | "known-clients"
        | "unknown-clients"
        | "authenticated-clients"
        | "unauthenticated-clients"
        | "all-clients"
        | "dynamic-bootp-clients";
    }
  | { readonly kind: "members-of"; readonly className: string }
  | { readonly kind: "after"; readonly time: EpochSeconds };

export interface HostDeclaration {
  readonly name: string;
  readonly scope: Scope;
  readonly hardware: HardwareAddress | undefined;
  /** `option dhcp-client-identifier` in the declaration: matched against option 61. */
  readonly clientId: Uint8Array | undefined;
  /** `host-identifier option`: matched against any option of the packet. */
  readonly identifier: { readonly option: OptionDefinition; readonly value: Uint8Array } | undefined;
  readonly fixedAddresses: Expression | undefined;
  /** `fixed-address` values that are constant: those known while reading the file. */
  readonly addresses: readonly Ipv4Address[];
  readonly dynamic: boolean;
  readonly deleted: boolean;
}

/** Tens of thousands of hosts, found in constant time. Several hosts may share an identity (one for each subnet). */
export interface HostTable {
  readonly all: readonly HostDeclaration[];
  byHardware(hardware: HardwareAddress): readonly HostDeclaration[];
  byClientId(clientId: Uint8Array): readonly HostDeclaration[];
  /** Hosts with `host-identifier option`, tried in order against the packet. */
  readonly byOption: readonly HostDeclaration[];
  byAddress(address: Ipv4Address): readonly HostDeclaration[];
}

export interface ClassDeclaration {
  readonly name: string;
  readonly scope: Scope;
  /** `match if EXPR`: in the class when true. */
  readonly matchIf: Expression | undefined;
  /** `match EXPR` or `spawn with EXPR`: its value picks the subclass. */
  readonly subMatch: Expression | undefined;
  readonly spawning: boolean;
  readonly leaseLimit: number | undefined;
  /** Declared subclasses by the hex of their match value. */
  readonly subclasses: ReadonlyMap<string, SubclassDeclaration>;
}

export interface SubclassDeclaration {
  readonly scope: Scope;
  readonly value: Uint8Array;
  readonly leaseLimit: number | undefined;
}

export interface FunctionDeclaration {
  readonly parameters: readonly string[];
  readonly body: readonly Statement[];
}

export interface Key {
  readonly name: string;
  readonly algorithm: string;
  readonly secret: Uint8Array;
}

export interface Zone {
  /** As written, with its final dot. */
  readonly name: string;
  readonly primaries: readonly string[];
  readonly primaries6: readonly string[];
  readonly key: string | undefined;
}

/** `failover peer "name" { … }` (dhcpd.conf(5)), defaults filled in. */
export interface FailoverPeer {
  readonly name: string;
  readonly role: "primary" | "secondary";
  readonly address: string | undefined;
  readonly port: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly maxResponseDelay: Seconds;
  readonly maxUnackedUpdates: number;
  /** Primary only; the secondary learns it by CONNECT. */
  readonly mclt: Seconds | undefined;
  /** 32 bytes, bit set = bucket is the primary's; from `split` or `hba`. Primary only. */
  readonly hba: Uint8Array | undefined;
  readonly loadBalanceMaxSeconds: number;
  readonly autoPartnerDown: Seconds;
  readonly maxLeaseMisbalance: number;
  readonly maxLeaseOwnership: number;
  readonly minBalance: Seconds;
  readonly maxBalance: Seconds;
  readonly location: Location;
}
