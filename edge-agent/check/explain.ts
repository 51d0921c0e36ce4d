import type { AgentConfig, HostDeclaration, Permit, Pool, SharedNetwork, Subnet } from "../config/agent-config.ts";
import type { EvaluationInput } from "../config/evaluation.ts";
import type { Location } from "../config/location.ts";
import { decodeMessage } from "../dhcp/wire/decode.ts";
import { hexBytes, trialDiscover } from "../dhcp/wire/trial-discover.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import { type Caller, identify } from "../server/caller.ts";
import { readClientMessage } from "../server/client-message.ts";
import { answerChain } from "../server/evaluate-for.ts";
import { type Exchange, openExchange } from "../server/exchange.ts";
import { hostOfDynamicLease, matchHosts } from "../server/hosts.ts";
import { permits } from "../server/permits.ts";
import { standaloneAuthority } from "../server/standalone-authority.ts";
import { createServerState } from "../server/state.ts";
import { formatIpv4, type Ipv4Address, ipv4, parseIpv4, UNSPECIFIED } from "../values/ipv4.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { Instant } from "../values/time.ts";
import type { ClientDescription } from "./arguments.ts";
import { type Effective, effectiveSettings } from "./effective.ts";

/** The effective configuration of one client. */
export interface Explanation {
  readonly network: Named;
  /** Declarations that name the client; without any it is an unknown client. */
  readonly hosts: readonly Named[];
  readonly classes: readonly Named[];
  /** The host declaration's address here, if it has one. */
  readonly fixedAddress: string | undefined;
  readonly pools: readonly ExplainedPool[];
  /** What holds for a fixed address, or for an address of the first pool that lets the client in. */
  readonly effective: Effective;
}

export interface Named {
  readonly name: string;
  readonly location: Location;
}

export interface ExplainedPool {
  readonly ranges: readonly string[];
  readonly location: Location;
  readonly permitted: boolean;
  /** The statement that decides, if any does. */
  readonly because: string | undefined;
  readonly failoverPeer: string | undefined;
  /** For a pool that lets the client in: what holds there. */
  readonly effective: Effective | undefined;
}

/** What `client` would get from a server that runs `config` at `at`. An error says what of the description is wrong. */
export function explain(config: AgentConfig, client: ClientDescription, hostName: string, at: Instant): Result<Explanation, string> {
  const state = createServerState(config, { hostName, serverPort: 67, clientPort: 68 }, NO_LEASES);
  const exchange = openExchange(state, NO_LEASES, standaloneAuthority, at);
  const where = whereAsked(client.via, config);
  if (!where.ok) return where;
  const hardware = hexBytes(client.hardware) ?? new Uint8Array(0);
  const clientId = client.clientId === undefined ? undefined : hexBytes(client.clientId);
  const bytes = trialDiscover({ hardware, clientId, vendorClass: client.vendorClass }, where.value.giaddr);
  const message = decodeMessage(bytes);
  if (!message.ok) return err(message.error);
  const datagram = { kind: "datagram", ...where.value, source: where.value.giaddr, sourcePort: 67, target: undefined, bytes } as const;
  const caller = identify(exchange, readClientMessage(datagram, message.value));
  const { network } = caller;
  if (network === undefined) return err(`no declared subnet covers ${client.via ?? "where this client asks"}`);
  return ok(explainIn(exchange, caller, network));
}

function explainIn(exchange: Exchange, asked: Caller, network: SharedNetwork): Explanation {
  const { config, networks } = exchange.state;
  const read = (expression: Parameters<Caller["read"]["data"]>[0]) => asked.read.data(expression);
  const match = matchHosts(config, networks, asked.client, network, read);
  const caller = { ...asked, known: match.hosts.length > 0 };
  const { fixed } = match;
  const settingsFor = (subnet: Subnet, pool: Pool | undefined, host: HostDeclaration | undefined, address: Ipv4Address) =>
    effectiveSettings(answerChain(exchange, caller, subnet, pool, host), inputFor(exchange, caller, host, address));
  const dynamicHost = hostOfDynamicLease(config, asked.client, read);
  const pools = network.pools.map((pool): ExplainedPool => {
    const permitted = permits(pool, caller, exchange.at);
    const first = pool.ranges[0];
    const subnet = first === undefined ? undefined : networks.subnetIn(network, first.first);
    const isScope = pool.scope.kind === "pool" || first === undefined;
    return {
      ranges: pool.ranges.map((range) => `${formatIpv4(range.first)} - ${formatIpv4(range.last)}`),
      location: isScope ? pool.scope.location : first.location,
      permitted,
      because: decision(pool, caller, permitted, exchange.at),
      failoverPeer: pool.failoverPeer,
      effective: permitted && first !== undefined && subnet !== undefined ? settingsFor(subnet, pool, dynamicHost, first.first) : undefined,
    };
  });
  const ofPool = pools.find((pool) => pool.effective !== undefined)?.effective;
  const [subnet] = network.subnets;
  const nothing: Effective = { settings: [], unused: [], handlers: [], executes: [] };
  const ofNetwork = subnet === undefined ? nothing : settingsFor(subnet, undefined, dynamicHost, UNSPECIFIED);
  return {
    network: { name: network.name, location: network.scope.location },
    hosts: match.hosts.map((host) => ({ name: host.name, location: host.scope.location })),
    classes: caller.classes.map(({ className, scope }) => ({ name: className, location: scope.location })),
    fixedAddress: fixed === undefined ? undefined : formatIpv4(fixed.address),
    pools,
    effective: fixed === undefined ? (ofPool ?? ofNetwork) : settingsFor(fixed.subnet, undefined, fixed.host, fixed.address),
  };
}

const inputFor = (exchange: Exchange, caller: Caller, host: HostDeclaration | undefined, address: Ipv4Address): EvaluationInput => ({
  config: exchange.state.config,
  message: caller.client.message,
  lease: undefined,
  leasedAddress: address === UNSPECIFIED ? undefined : address,
  leaseSeconds: undefined,
  host,
  known: caller.known,
  classNames: caller.classes.map(({ className }) => className),
  hostName: exchange.state.options.hostName,
  at: exchange.at,
});

/** The permit that lets the client in or keeps it out. */
function decision(pool: Pool, caller: Caller, permitted: boolean, at: Instant): string | undefined {
  const alone = (permit: Permit): boolean => permits({ ...pool, permit: [permit], prohibit: [] }, caller, at);
  const denied = pool.prohibit.find(alone);
  if (!permitted && denied !== undefined) return `deny ${permitText(denied)}`;
  if (!permitted) return `not among: allow ${pool.permit.map(permitText).join(", ")}`;
  const allowed = pool.permit.find(alone);
  return allowed === undefined ? undefined : `allow ${permitText(allowed)}`;
}

/** As written in a pool. */
export function permitText(permit: Permit): string {
  if (permit.kind === "members-of") return `members of "${permit.className}"`;
  if (permit.kind === "after") return `after ${permit.time}`;
  return permit.kind.replaceAll("-", " ").replace(/^(un)?known clients$/, "$1known-clients");
}

interface Where {
  readonly giaddr: Ipv4Address;
  readonly interfaceName: string;
  readonly interfaceAddresses: readonly Ipv4Address[];
}

function whereAsked(via: string | undefined, { networks }: AgentConfig): Result<Where, string> {
  const relay = via === undefined ? undefined : parseIpv4(via);
  if (relay?.ok === true) return ok({ giaddr: relay.value, interfaceName: "", interfaceAddresses: [] });
  const named = networks.filter(
    ({ name, interfaceName, subnets }) =>
      via === undefined || name === via || interfaceName === via || subnets.some((subnet) => subnet.interfaceName === via),
  );
  const [network, another] = named;
  const list = networks
    .slice(0, 8)
    .map(({ name }) => name)
    .join(", ");
  const choices = networks.length > 8 ? `${list}, … (${networks.length} in all)` : list;
  if (networks.length === 0) return err("this file declares no subnet");
  if (network === undefined) return err(`no network is called "${via}"; --via takes a relay's address, an interface, or one of ${choices}`);
  if (another !== undefined) return err(`say where the client asks: --via with a relay's address, or one of ${choices}`);
  const first = network.subnets[0]?.network.address ?? UNSPECIFIED;
  return ok({ giaddr: UNSPECIFIED, interfaceName: network.interfaceName ?? "", interfaceAddresses: [ipv4(first + 1)] });
}

const NO_COUNTS = { FREE: 0, ACTIVE: 0, EXPIRED: 0, RELEASED: 0, ABANDONED: 0, RESET: 0, BACKUP: 0 } as const;

/** No client has any lease. */
const NO_LEASES: LeaseView = {
  get: () => undefined,
  poolOf: () => undefined,
  byClientId: () => [],
  byHardware: () => [],
  oldest: () => [],
  counts: () => NO_COUNTS,
  due: () => [],
  nextDue: () => undefined,
  all: () => [],
};
