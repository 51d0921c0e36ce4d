import type { AgentConfig, Scope } from "../config/agent-config.ts";
import { bytesIn, optionIn } from "../config/settings.ts";
import { sameBytes } from "../values/hardware-address.ts";
import { broadcastOf, formatIpv4, ipv4FromBytes, ipv4ToBytes } from "../values/ipv4.ts";
import { addressesOf, poolsOf, prefixOf, statementsOf, textOf } from "./facts.ts";
import type { Finding, LintRule } from "./finding.ts";

const SUBNET_MASK = 1;
const ROUTERS = 3;
const DNS_SERVERS = 6;
const HOST_NAME = 12;
const DOMAIN_NAME = 15;
const BROADCAST_ADDRESS = 28;
/** Options that the protocol itself fills in; a value in the file is overwritten, or confuses clients. */
const PROTOCOL_OPTIONS: ReadonlyMap<number, string> = new Map([
  [50, "dhcp-requested-address is the client's to send"],
  [52, "dhcp-option-overload is set by the server as needed"],
  [53, "dhcp-message-type is set by the server"],
  [57, "dhcp-max-message-size is the client's to send"],
  [61, "dhcp-client-identifier outside a host declaration matches nobody"],
]);

function allScopes(config: AgentConfig): readonly Scope[] {
  const named = [...config.networks, ...config.subnets, ...config.pools, ...config.classes, ...config.hosts.all].map(({ scope }) => scope);
  const known = new Map([config.global, ...named].map((scope) => [scope.id, scope]));
  for (const scope of named) {
    for (let parent = scope.parent; parent !== undefined && !known.has(parent.id); parent = parent.parent) known.set(parent.id, parent);
  }
  return [...known.values()];
}

function* wrongMasks(config: AgentConfig): Iterable<Finding> {
  for (const subnet of config.subnets) {
    const option = optionIn(subnet.scope, SUBNET_MASK);
    if (option === undefined || sameBytes(option.value, ipv4ToBytes(subnet.network.mask))) continue;
    yield {
      location: option.statement.location,
      message: `clients in ${prefixOf(subnet)} are told the mask ${formatIpv4(ipv4FromBytes(option.value))}`,
      mend: `leave "option subnet-mask" out: the declaration's own, ${formatIpv4(subnet.network.mask)}, is sent by itself`,
    };
  }
}

function* wrongBroadcasts(config: AgentConfig): Iterable<Finding> {
  for (const subnet of config.subnets) {
    const option = optionIn(subnet.scope, BROADCAST_ADDRESS);
    const right = broadcastOf(subnet.network);
    if (option === undefined || ipv4FromBytes(option.value) === right) continue;
    yield {
      location: option.statement.location,
      message: `clients in ${prefixOf(subnet)} are told the broadcast address ${formatIpv4(ipv4FromBytes(option.value))}`,
      mend: `it is ${formatIpv4(right)}`,
    };
  }
}

function* missingEssentials(config: AgentConfig): Iterable<Finding> {
  for (const subnet of config.subnets) {
    const [pool] = poolsOf(config, subnet);
    if (pool === undefined) continue;
    const missing = [[ROUTERS, "routers"] as const, [DNS_SERVERS, "domain-name-servers"] as const].filter(
      ([code]) => !mentions(pool.scope, code, config) && !mentions(subnet.scope, code, config),
    );
    if (missing.length === 0) continue;
    yield {
      location: subnet.scope.location,
      message: `clients in ${prefixOf(subnet)} get no ${missing.map(([, name]) => name).join(" and no ")}`,
      mend: "intended for isolated networks only",
    };
  }
}

/** Is the option set anywhere that could count for the pool: in a scope around it, in a condition, or in a class? */
function mentions(scope: Scope, code: number, config: AgentConfig): boolean {
  const sets = (each: Scope) =>
    [...statementsOf(each)].some(
      (statement) => statement.kind === "option" && statement.option.space === "dhcp" && statement.option.code === code,
    );
  for (let each: Scope | undefined = scope; each !== undefined; each = each.parent) if (sets(each)) return true;
  return config.classes.some((declaration) => sets(declaration.scope));
}

function* protocolOptions(config: AgentConfig): Iterable<Finding> {
  for (const scope of allScopes(config)) {
    for (const statement of statementsOf(scope)) {
      if (statement.kind !== "option" || statement.option.space !== "dhcp") continue;
      const why = PROTOCOL_OPTIONS.get(statement.option.code);
      if (why === undefined || (statement.option.code === 61 && scope.kind === "host")) continue;
      yield { location: statement.location, message: `option ${statement.option.name}: ${why}`, mend: "leave it out" };
    }
  }
}

function* oddNames(config: AgentConfig): Iterable<Finding> {
  for (const scope of allScopes(config)) {
    for (const statement of scope.statements) {
      if (statement.kind !== "option" || statement.option.space !== "dhcp" || statement.value?.kind !== "bytes") continue;
      const text = textOf(statement.value.value);
      if (statement.option.code === HOST_NAME && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text)) {
        yield { location: statement.location, message: `host-name "${text}" is no host name`, mend: "letters, digits and hyphens only" };
      }
      if (statement.option.code === DOMAIN_NAME && /[\s,]/.test(text)) {
        yield {
          location: statement.location,
          message: `domain-name "${text}" names several domains; some clients take the text as one name`,
          mend: 'use "option domain-search" for a search list',
        };
      }
    }
  }
}

function* uselessNameServers(config: AgentConfig): Iterable<Finding> {
  for (const scope of allScopes(config)) {
    for (const statement of scope.statements) {
      if (statement.kind !== "option" || statement.option.space !== "dhcp" || statement.option.code !== DNS_SERVERS) continue;
      if (statement.value?.kind !== "bytes") continue;
      const bad = addressesOf(statement.value.value).find((address) => address === 0 || address >>> 24 === 127 || address === 0xffffffff);
      if (bad === undefined) continue;
      yield {
        location: statement.location,
        message: `name server ${formatIpv4(bad)}: to a client that is itself, or nobody`,
        mend: "name the server's address in the network",
      };
    }
  }
}

function* filesFromNowhere(config: AgentConfig): Iterable<Finding> {
  for (const scope of allScopes(config)) {
    const file = scope.statements.find((statement) => statement.kind === "parameter" && statement.name === "filename");
    if (file === undefined) continue;
    const hasServer = bytesIn(scope, "next-server") !== undefined || optionIn(scope, 66) !== undefined;
    const conditional = [...statementsOf(scope)].some((statement) => statement.kind === "parameter" && statement.name === "next-server");
    if (hasServer || conditional || scope.kind === "class" || scope.kind === "subclass" || scope.kind === "group" || scope.kind === "host")
      continue;
    yield {
      location: file.location,
      message: "filename without next-server: clients fetch the file from this DHCP server",
      mend: 'add "next-server" unless the file server runs here',
    };
  }
}

function* notAuthoritative(config: AgentConfig): Iterable<Finding> {
  const [network] = config.networks.filter(({ pools, scope }) => pools.length > 0 && !scope.authoritative);
  if (network === undefined || network.subnets.some(({ scope }) => scope.authoritative)) return;
  yield {
    location: network.scope.location,
    message: `network ${network.name} is not authoritative: a client that comes with an address of another network is not refused, and waits`,
    mend: 'say "authoritative;" if this is the network\'s own DHCP server',
  };
}

function* executed(config: AgentConfig): Iterable<Finding> {
  for (const scope of allScopes(config)) {
    for (const statement of statementsOf(scope)) {
      if (statement.kind !== "execute") continue;
      yield {
        location: statement.location,
        message: `execute("${statement.command}") runs only under tandem-dhcpd --allow-execute`,
        mend: "use the lease database or the ledger to learn of leases, where possible",
      };
    }
  }
}

export const OPTION_RULES: readonly LintRule[] = [
  { name: "wrong-subnet-mask", severity: "warning", about: "option subnet-mask differs from the declaration", check: wrongMasks },
  { name: "wrong-broadcast", severity: "warning", about: "option broadcast-address differs from the subnet's", check: wrongBroadcasts },
  { name: "missing-essentials", severity: "info", about: "a subnet with a pool but no routers or name servers", check: missingEssentials },
  { name: "protocol-option", severity: "warning", about: "an option that the protocol itself fills in", check: protocolOptions },
  { name: "odd-name", severity: "warning", about: "host-name or domain-name that clients mistake", check: oddNames },
  { name: "useless-name-server", severity: "warning", about: "a name server address that no client can reach", check: uselessNameServers },
  { name: "filename-without-server", severity: "info", about: "filename without next-server", check: filesFromNowhere },
  { name: "not-authoritative", severity: "info", about: "networks with pools that are not authoritative", check: notAuthoritative },
  { name: "execute-needs-flag", severity: "warning", about: "execute statements, which are off by default", check: executed },
];
