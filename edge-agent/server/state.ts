import type { AgentConfig } from "../config/agent-config.ts";
import type { Digest } from "../ddns/dhcid.ts";
import { Candidates } from "../leases/choose-address.ts";
import type { LeaseView, PoolId } from "../leases/lease-view.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import { Advice } from "./advice.ts";
import { Billing } from "./billing.ts";
import { DeclineMeter } from "./decline-meter.ts";
import { Endings } from "./endings.ts";
import { HostNameLookups } from "./host-name-lookups.ts";
import { NetworkIndex } from "./network-index.ts";
import { OfferTable } from "./offers.ts";
import { ProbeTable } from "./probes.ts";

/** What is not in the configuration file. */
export interface ServerOptions {
  /** Name of this machine, for `gethostname`. */
  readonly hostName: string;
  /** UDP ports of servers and clients; 67 and 68 unless the command line says otherwise. */
  readonly serverPort: number;
  readonly clientPort: number;
  /** Addresses of the interfaces that are served at the start. */
  readonly ownAddresses?: readonly Ipv4Address[];
  /** MD5 and SHA-256, for the marks of names in DNS; without it there are no DNS updates. */
  readonly digest?: Digest;
}

/**
 * What serving clients remembers between events, apart from leases. Its tables are mutable and consumed linearly: after a
 * step only the state that it returned may be used.
 */
export interface ServerState {
  readonly config: AgentConfig;
  readonly options: ServerOptions;
  readonly networks: NetworkIndex;
  readonly offers: OfferTable;
  readonly probes: ProbeTable;
  readonly hostNames: HostNameLookups;
  readonly candidates: Candidates;
  readonly billing: Billing;
  readonly declines: DeclineMeter;
  readonly advice: Advice;
  readonly endings: Endings;
  /** Pools that were said to be full, with how many addresses in use end that. */
  readonly thresholds: Map<PoolId, number>;
  /** Every address of ours that is served, or that a packet came in by: what a client may name as its server. */
  readonly ownAddresses: Set<Ipv4Address>;
}

export function createServerState(config: AgentConfig, options: ServerOptions, view: LeaseView): ServerState {
  return {
    config,
    options,
    networks: new NetworkIndex(config),
    offers: new OfferTable(),
    probes: new ProbeTable(),
    hostNames: new HostNameLookups(),
    candidates: new Candidates(),
    billing: Billing.of(config, view),
    declines: new DeclineMeter(),
    advice: new Advice(),
    endings: new Endings(config),
    thresholds: new Map(),
    ownAddresses: new Set(options.ownAddresses),
  };
}

/**
 * The state under a new configuration. Offers of addresses that still are in a pool hold; probes under way end in nothing
 * (their clients ask again).
 */
export function reconfigured(state: ServerState, config: AgentConfig, view: LeaseView): ServerState {
  state.offers.retain(({ address }) => view.poolOf(address) !== undefined);
  state.candidates.clear();
  return {
    ...state,
    config,
    networks: new NetworkIndex(config),
    endings: new Endings(config),
    probes: new ProbeTable(),
    billing: Billing.of(config, view),
    thresholds: new Map(),
  };
}
