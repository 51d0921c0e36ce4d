import type { AgentConfig, ClassDeclaration, Pool } from "../config/agent-config.ts";
import { flagIn, numberIn } from "../config/settings.ts";
import { networkOf, prefixOf, statementsOf, subnetOf } from "./facts.ts";
import type { Finding, LintRule } from "./finding.ts";

/** dhcpd's own defaults, seconds. */
const DEFAULT_LEASE = 43_200;
const MAX_LEASE = 86_400;
const SHORT_LEASE = 120;
const LONG_LEASE = 30 * 86_400;

interface LeaseTimes {
  readonly standard: number;
  readonly maximum: number;
  readonly minimum: number;
}

function timesOf(pool: Pool): LeaseTimes {
  return {
    standard: numberIn(pool.scope, "default-lease-time")?.value ?? DEFAULT_LEASE,
    maximum: numberIn(pool.scope, "max-lease-time")?.value ?? MAX_LEASE,
    minimum: numberIn(pool.scope, "min-lease-time")?.value ?? 0,
  };
}

/** One finding for a statement, however many pools it governs. */
function* oncePerStatement(config: AgentConfig, find: (pool: Pool) => Finding | undefined): Iterable<Finding> {
  const told = new Set<string>();
  for (const pool of config.pools) {
    const finding = find(pool);
    if (finding === undefined) continue;
    const key = `${finding.location.file}:${finding.location.line}:${finding.message}`;
    if (told.has(key)) continue;
    told.add(key);
    yield finding;
  }
}

const leaseOrder = (config: AgentConfig): Iterable<Finding> =>
  oncePerStatement(config, (pool) => {
    const { standard, maximum, minimum } = timesOf(pool);
    const at =
      numberIn(pool.scope, "max-lease-time") ?? numberIn(pool.scope, "default-lease-time") ?? numberIn(pool.scope, "min-lease-time");
    if (at === undefined) return undefined;
    const { location } = at.statement;
    if (minimum > maximum)
      return { location, message: `min-lease-time ${minimum} is more than max-lease-time ${maximum}`, mend: "exchange them" };
    if (standard <= maximum) return undefined;
    return {
      location,
      message: `default-lease-time ${standard} is more than max-lease-time ${maximum}: leases are cut to the maximum`,
      mend: `set max-lease-time to ${standard} or more`,
    };
  });

const shortLeases = (config: AgentConfig): Iterable<Finding> =>
  oncePerStatement(config, (pool) => {
    const setting = numberIn(pool.scope, "default-lease-time");
    if (setting === undefined || setting.value >= SHORT_LEASE) return undefined;
    return {
      location: setting.statement.location,
      message: `default-lease-time ${setting.value} s: clients renew every ${Math.floor(setting.value / 2)} s`,
      mend: "a few minutes at the least, unless this is a laboratory",
    };
  });

const longLeases = (config: AgentConfig): Iterable<Finding> =>
  oncePerStatement(config, (pool) => {
    const setting = numberIn(pool.scope, "default-lease-time");
    if (setting === undefined || setting.value <= LONG_LEASE) return undefined;
    return {
      location: setting.statement.location,
      message: `default-lease-time is ${Math.floor(setting.value / 86_400)} days: addresses of clients that left stay taken that long`,
      mend: "days, not months, unless clients are reserved",
    };
  });

const leaseBelowMclt = (config: AgentConfig): Iterable<Finding> =>
  oncePerStatement(config, (pool) => {
    const peer = config.failoverPeers.find(({ name }) => name === pool.failoverPeer);
    const mclt = peer?.mclt;
    const { standard } = timesOf(pool);
    if (peer === undefined || mclt === undefined || mclt <= standard) return undefined;
    return {
      location: peer.location,
      message: `mclt ${mclt} of failover peer "${peer.name}" is longer than the leases it bounds (${standard} s)`,
      mend: "make mclt shorter than the lease: it is how long a recovery takes, and gains nothing beyond the lease time",
    };
  });

const matches = (declaration: ClassDeclaration): boolean =>
  declaration.matchIf !== undefined || (declaration.subMatch !== undefined && (declaration.spawning || declaration.subclasses.size > 0));

function addedClasses(config: AgentConfig): ReadonlySet<string> {
  const names = new Set<string>();
  const scopes = [config.global, ...config.networks, ...config.subnets, ...config.pools, ...config.hosts.all, ...config.classes].map(
    (each) => ("scope" in each ? each.scope : each),
  );
  for (const scope of scopes)
    for (const statement of statementsOf(scope)) if (statement.kind === "add-class") names.add(statement.className);
  return names;
}

function* emptyClasses(config: AgentConfig): Iterable<Finding> {
  const added = addedClasses(config);
  for (const declaration of config.classes) {
    if (matches(declaration) || added.has(declaration.name)) continue;
    yield {
      location: declaration.scope.location,
      message: `no client is ever in class "${declaration.name}": it has neither "match if" nor subclasses`,
      mend: 'add "match if …;" or "subclass" declarations',
    };
  }
}

function* unreachablePools(config: AgentConfig): Iterable<Finding> {
  const added = addedClasses(config);
  for (const pool of config.pools) {
    if (pool.permit.length === 0) continue;
    const reachable = pool.permit.some((permit) => {
      if (permit.kind === "authenticated-clients") return false;
      if (permit.kind === "known-clients") return config.hosts.all.length > 0;
      if (permit.kind !== "members-of") return true;
      const declaration = config.classes.find(({ name }) => name === permit.className);
      return added.has(permit.className) || (declaration !== undefined && matches(declaration));
    });
    if (reachable) continue;
    yield {
      location: pool.scope.location,
      message: "no client can get an address of this pool: nobody meets any of its allow statements",
      mend: "declare the hosts or the class that it allows",
    };
  }
}

function* contradictingPermits(config: AgentConfig): Iterable<Finding> {
  for (const pool of config.pools) {
    const both = pool.permit.find((permit) =>
      pool.prohibit.some((other) => JSON.stringify(other) === JSON.stringify(permit) || other.kind === "all-clients"),
    );
    if (both === undefined) continue;
    yield {
      location: pool.scope.location,
      message: "this pool allows and denies the same clients: denying wins",
      mend: "keep one of the two",
    };
  }
}

function* deniedBooting(config: AgentConfig): Iterable<Finding> {
  const setting = flagIn(config.global, "allow-booting");
  if (setting === undefined || setting.value) return;
  yield {
    location: setting.statement.location,
    message: "booting is denied for everybody: declared hosts get no answer",
    mend: 'deny booting in the "host" it is meant for',
  };
}

function* poolsWithoutPartner(config: AgentConfig): Iterable<Finding> {
  for (const pool of config.pools) {
    const network = networkOf(config, pool);
    const partnered = network?.pools.some(({ failoverPeer }) => failoverPeer !== undefined) ?? false;
    if (!partnered || pool.failoverPeer !== undefined) continue;
    const first = pool.ranges[0];
    const subnet = first === undefined ? undefined : subnetOf(config, first.first);
    yield {
      location: pool.scope.kind === "pool" ? pool.scope.location : (first?.location ?? pool.scope.location),
      message: `this pool${subnet === undefined ? "" : ` of ${prefixOf(subnet)}`} has no "failover peer" although others of its network have: both servers may give out its addresses`,
      mend: 'add "failover peer" to it, or give each server a range of its own',
    };
  }
}

export const LEASE_RULES: readonly LintRule[] = [
  { name: "lease-time-order", severity: "warning", about: "min-, default- and max-lease-time contradict each other", check: leaseOrder },
  { name: "short-lease", severity: "info", about: "leases of under two minutes", check: shortLeases },
  { name: "long-lease", severity: "info", about: "leases of over thirty days", check: longLeases },
  { name: "mclt-above-lease", severity: "warning", about: "mclt longer than the lease", check: leaseBelowMclt },
  { name: "empty-class", severity: "warning", about: "a class that nobody can be in", check: emptyClasses },
  { name: "unreachable-pool", severity: "warning", about: "a pool whose allow statements nobody meets", check: unreachablePools },
  { name: "contradicting-permits", severity: "warning", about: "a pool allows and denies the same clients", check: contradictingPermits },
  { name: "booting-denied", severity: "warning", about: "booting denied for everybody", check: deniedBooting },
  {
    name: "pool-without-partner",
    severity: "warning",
    about: "a pool beside failover pools that has no partner",
    check: poolsWithoutPartner,
  },
];
