import type { AgentConfig, HostDeclaration, SharedNetwork, Subnet } from "../config/agent-config.ts";
import type { Expression } from "../config/expression.ts";
import type { Lease } from "../leases/lease.ts";
import { sameBytes } from "../values/hardware-address.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { ClientMessage } from "./client-message.ts";
import type { NetworkIndex } from "./network-index.ts";

/** The address that a host declaration fixes on one shared network. */
export interface FixedAddress {
  readonly host: HostDeclaration;
  readonly address: Ipv4Address;
  readonly subnet: Subnet;
}

/** Host declarations that name a client, found by client identifier, else by hardware, else by an option of the packet. */
export interface HostMatch {
  readonly hosts: readonly HostDeclaration[];
  readonly fixed: FixedAddress | undefined;
}

const NOBODY: HostMatch = { hosts: [], fixed: undefined };
const NO_HOSTS: readonly HostDeclaration[] = [];

/** Evaluates a data expression against the packet alone. */
export type ReadFromPacket = (expression: Expression) => Uint8Array | undefined;

/** Who the client is by declaration, and its fixed address on `network`; `hosts` is empty for an unknown client. */
export function matchHosts(
  config: AgentConfig,
  networks: NetworkIndex,
  client: ClientMessage,
  network: SharedNetwork | undefined,
  read: ReadFromPacket,
): HostMatch {
  const { hosts } = config;
  if (hosts.all.length === 0) return NOBODY;
  if (client.clientId !== undefined) {
    const byId = alive(hosts.byClientId(client.clientId));
    if (byId.length > 0) return { hosts: byId, fixed: fixedOn(byId, networks, network) };
  }
  const byHardware = alive(hosts.byHardware(client.hardware));
  if (byHardware.length > 0) return { hosts: byHardware, fixed: fixedOn(byHardware, networks, network) };
  const byOption = hostsByOption(config, read);
  return byOption.length > 0 ? { hosts: byOption, fixed: fixedOn(byOption, networks, network) } : NOBODY;
}

/** The first declaration for this client without a fixed address: its statements go with a dynamic lease. */
export function hostOfDynamicLease(config: AgentConfig, client: ClientMessage, read: ReadFromPacket): HostDeclaration | undefined {
  const { hosts } = config;
  if (hosts.all.length === 0) return undefined;
  const byId = client.clientId === undefined ? undefined : withoutAddress(hosts.byClientId(client.clientId));
  return byId ?? withoutAddress(hosts.byHardware(client.hardware)) ?? withoutAddress(hostsByOption(config, read));
}

/** The declaration without a fixed address of the client that has a lease. */
export function hostOfLease({ hosts }: AgentConfig, { clientId, hardware }: Lease): HostDeclaration | undefined {
  if (hosts.all.length === 0) return undefined;
  const byId = clientId === undefined ? undefined : withoutAddress(hosts.byClientId(clientId));
  return byId ?? (hardware === undefined ? undefined : withoutAddress(hosts.byHardware(hardware)));
}

/** The declaration whose statements go with an INFORM: one whose fixed address the client has, else one without any. */
export function hostOfInform(config: AgentConfig, client: ClientMessage, address: Ipv4Address): HostDeclaration | undefined {
  const byId = client.clientId === undefined ? NO_HOSTS : alive(config.hosts.byClientId(client.clientId));
  const byHardware = alive(config.hosts.byHardware(client.hardware));
  const holder = byId.find((host) => host.addresses.includes(address)) ?? byHardware.find((host) => host.addresses.includes(address));
  return holder ?? withoutAddress(byId) ?? withoutAddress(byHardware);
}

export const hasFixedAddress = (host: HostDeclaration): boolean => host.fixedAddresses !== undefined || host.addresses.length > 0;

function withoutAddress(hosts: readonly HostDeclaration[]): HostDeclaration | undefined {
  for (const host of hosts) if (!host.deleted && !hasFixedAddress(host)) return host;
  return undefined;
}

function fixedOn(hosts: readonly HostDeclaration[], networks: NetworkIndex, network: SharedNetwork | undefined): FixedAddress | undefined {
  if (network === undefined) return undefined;
  for (const host of hosts) {
    for (const address of host.addresses) {
      const subnet = networks.subnetIn(network, address);
      if (subnet !== undefined) return { host, address, subnet };
    }
  }
  return undefined;
}

function hostsByOption(config: AgentConfig, read: ReadFromPacket): readonly HostDeclaration[] {
  const { byOption } = config.hosts;
  if (byOption.length === 0) return NO_HOSTS;
  const found = byOption.find(({ identifier, deleted, scope }) => {
    if (identifier === undefined || deleted) return false;
    const value = read({ kind: "option", from: "packet", option: identifier.option, location: scope.location });
    return value !== undefined && sameBytes(value, identifier.value);
  });
  return found === undefined ? NO_HOSTS : [found];
}

function alive(hosts: readonly HostDeclaration[]): readonly HostDeclaration[] {
  for (const host of hosts) if (host.deleted) return hosts.filter(({ deleted }) => !deleted);
  return hosts;
}
