import type { AgentConfig, HostDeclaration, Pool, PoolRange } from "../config/agent-config.ts";
import { optionIn } from "../config/settings.ts";
import { ETHERNET, hexPairs } from "../values/hardware-address.ts";
import { broadcastOf, contains, formatIpv4, type Ipv4Address, inRange } from "../values/ipv4.ts";
import { addressesOf, prefixOf, subnetOf } from "./facts.ts";
import type { Finding, LintRule } from "./finding.ts";

const OPTION_ROUTERS = 3;
const OPTION_DNS = 6;
const ETHERNET_BYTES = 6;
/** More addresses than any one segment can serve. */
const HUGE_RANGE = 65_536;

const rangeText = (range: PoolRange): string => `${formatIpv4(range.first)} to ${formatIpv4(range.last)}`;

function* ranges(config: AgentConfig): Iterable<{ readonly pool: Pool; readonly range: PoolRange }> {
  for (const pool of config.pools) for (const range of pool.ranges) yield { pool, range };
}

/** Finds the range of an address among thousands quickly: ranges sorted by first address, which do not overlap in sound files. */
function rangeFinder(config: AgentConfig): (address: Ipv4Address) => PoolRange | undefined {
  const sorted = [...ranges(config)].map(({ range }) => range).sort((left, right) => left.first - right.first);
  return (address) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle]?.first ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const range = sorted[low - 1];
    return range !== undefined && inRange(range, address) ? range : undefined;
  };
}

function* overlappingRanges(config: AgentConfig): Iterable<Finding> {
  const sorted = [...ranges(config)].map(({ range }) => range).sort((left, right) => left.first - right.first);
  let widest: PoolRange | undefined;
  for (const range of sorted) {
    if (widest !== undefined && range.first <= widest.last) {
      yield {
        location: range.location,
        message: `range ${rangeText(range)} overlaps ${rangeText(widest)} of line ${widest.location.line}`,
        mend: "give each address to one range only",
      };
    }
    if (widest === undefined || range.last > widest.last) widest = range;
  }
}

function* reservationsInRanges(config: AgentConfig): Iterable<Finding> {
  const find = rangeFinder(config);
  for (const host of config.hosts.all) {
    for (const address of host.addresses) {
      const range = find(address);
      if (range === undefined) continue;
      yield {
        location: host.scope.location,
        message: `host ${host.name} is fixed to ${formatIpv4(address)}, which range ${rangeText(range)} also gives out`,
        mend: "take the address out of the range: a fixed address is not marked as taken while its host is away",
      };
    }
  }
}

function* edgesInRanges(config: AgentConfig): Iterable<Finding> {
  for (const { range } of ranges(config)) {
    const subnet = subnetOf(config, range.first);
    if (subnet === undefined || subnet.network.mask > 0xfffffffc) continue;
    for (const [what, address] of [["network", subnet.network.address] as const, ["broadcast", broadcastOf(subnet.network)] as const]) {
      if (!inRange(range, address)) continue;
      yield {
        location: range.location,
        message: `range ${rangeText(range)} holds ${formatIpv4(address)}, the ${what} address of ${prefixOf(subnet)}`,
        mend: `leave ${formatIpv4(address)} out: no client can use it`,
      };
    }
  }
}

function* infrastructureInRanges(config: AgentConfig): Iterable<Finding> {
  const find = rangeFinder(config);
  const told = new Set<string>();
  for (const subnet of config.subnets) {
    for (const [code, what] of [[OPTION_ROUTERS, "router"] as const, [OPTION_DNS, "name server"] as const]) {
      const option = optionIn(subnet.scope, code);
      if (option === undefined) continue;
      for (const address of addressesOf(option.value)) {
        const range = find(address);
        const key = `${code} ${address}`;
        if (range === undefined || told.has(key)) continue;
        told.add(key);
        yield {
          location: range.location,
          message: `range ${rangeText(range)} holds ${formatIpv4(address)}, which clients are told is a ${what}`,
          mend: "leave it out of the range, or a client may be given that very address",
        };
      }
    }
  }
}

function* hugeRanges(config: AgentConfig): Iterable<Finding> {
  for (const { range } of ranges(config)) {
    const size = range.last - range.first + 1;
    if (size <= HUGE_RANGE) continue;
    yield {
      location: range.location,
      message: `range ${rangeText(range)} has ${size.toLocaleString("en-US")} addresses`,
      mend: "declare what the segment can hold; every address costs memory and failover partners exchange them all",
    };
  }
}

/** Hosts by some value of theirs, where two or more share it. */
function* shared(
  hosts: readonly HostDeclaration[],
  keysOf: (host: HostDeclaration) => readonly string[],
): Iterable<[string, HostDeclaration[]]> {
  const byKey = new Map<string, HostDeclaration[]>();
  for (const host of hosts) {
    for (const key of keysOf(host)) byKey.set(key, [...(byKey.get(key) ?? []), host]);
  }
  for (const entry of byKey) if (entry[1].length > 1) yield entry;
}

function* duplicateFixedAddresses(config: AgentConfig): Iterable<Finding> {
  for (const [address, hosts] of shared(config.hosts.all, (host) => host.addresses.map(formatIpv4))) {
    for (const host of hosts.slice(1)) {
      yield {
        location: host.scope.location,
        message: `host ${host.name} is fixed to ${address}, as is host ${hosts[0]?.name} of line ${hosts[0]?.scope.location.line}`,
        mend: "give each host an address of its own, unless they are interfaces of one machine that are never up together",
      };
    }
  }
}

function* duplicateHardware(config: AgentConfig): Iterable<Finding> {
  const keys = (host: HostDeclaration) => (host.hardware === undefined ? [] : [`${host.hardware.htype} ${hexPairs(host.hardware.bytes)}`]);
  for (const [key, hosts] of shared(config.hosts.all, keys)) {
    const networks = hosts.map((host) => host.addresses.map((address) => subnetOf(config, address)?.sharedNetwork)[0]);
    if (new Set(networks).size === hosts.length) continue;
    const last = hosts[hosts.length - 1];
    if (last === undefined) continue;
    yield {
      location: last.scope.location,
      message: `hosts ${hosts.map(({ name }) => name).join(", ")} have the same hardware address ${key.split(" ")[1]}`,
      mend: "keep one: in a network only the first that fits is used",
    };
  }
}

function* fixedAddressesOutside(config: AgentConfig): Iterable<Finding> {
  // A file of hosts alone is a part that another file includes.
  if (config.subnets.length === 0) return;
  for (const host of config.hosts.all) {
    for (const address of host.addresses) {
      if (subnetOf(config, address) !== undefined) continue;
      yield {
        location: host.scope.location,
        message: `host ${host.name} is fixed to ${formatIpv4(address)}, which is in no declared subnet`,
        mend: "declare the subnet, or correct the address: as it is, the host never gets it",
      };
    }
  }
}

function* hostsWithoutIdentity(config: AgentConfig): Iterable<Finding> {
  for (const host of config.hosts.all) {
    if (host.hardware !== undefined || host.clientId !== undefined || host.identifier !== undefined || host.deleted) continue;
    yield {
      location: host.scope.location,
      message: `host ${host.name} has no "hardware", no dhcp-client-identifier and no host-identifier: no client is ever it`,
      mend: 'add "hardware ethernet …;"',
    };
  }
}

function* oddHardware(config: AgentConfig): Iterable<Finding> {
  for (const host of config.hosts.all) {
    if (host.hardware?.htype !== ETHERNET || host.hardware.bytes.length === ETHERNET_BYTES) continue;
    yield {
      location: host.scope.location,
      message: `host ${host.name} has an Ethernet address of ${host.hardware.bytes.length} bytes`,
      mend: "it has six: 00:16:3e:01:02:03",
    };
  }
}

function* routersOutside(config: AgentConfig): Iterable<Finding> {
  for (const subnet of config.subnets) {
    const routers = optionIn(subnet.scope, OPTION_ROUTERS);
    if (routers === undefined) continue;
    const network = config.networks[subnet.sharedNetwork];
    for (const router of addressesOf(routers.value)) {
      const reachable = (network?.subnets ?? [subnet]).some((each) => contains(each.network, router));
      if (reachable) continue;
      yield {
        location: routers.statement.location,
        message: `clients in ${prefixOf(subnet)} are told of router ${formatIpv4(router)}, which is not in their network`,
        mend: "name the router's address in that subnet: clients cannot reach any other",
      };
    }
  }
}

export const ADDRESS_RULES: readonly LintRule[] = [
  { name: "overlapping-ranges", severity: "warning", about: "two ranges share addresses", check: overlappingRanges },
  { name: "reservation-in-range", severity: "warning", about: "a fixed address lies inside a dynamic range", check: reservationsInRanges },
  { name: "edge-in-range", severity: "warning", about: "a range holds the network's first or last address", check: edgesInRanges },
  { name: "infrastructure-in-range", severity: "warning", about: "a range holds a router or name server", check: infrastructureInRanges },
  { name: "huge-range", severity: "info", about: "a range larger than any segment", check: hugeRanges },
  { name: "duplicate-fixed-address", severity: "warning", about: "two hosts have one fixed address", check: duplicateFixedAddresses },
  {
    name: "duplicate-hardware",
    severity: "warning",
    about: "two hosts of one network have one hardware address",
    check: duplicateHardware,
  },
  { name: "fixed-address-outside", severity: "warning", about: "a fixed address in no declared subnet", check: fixedAddressesOutside },
  { name: "host-without-identity", severity: "warning", about: "a host that no client can match", check: hostsWithoutIdentity },
  { name: "odd-hardware", severity: "warning", about: "an Ethernet address that is not six bytes", check: oddHardware },
  { name: "router-outside", severity: "warning", about: "a router that its clients cannot reach", check: routersOutside },
];
