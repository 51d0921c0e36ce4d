import type { AgentConfig, Pool, Scope, SharedNetwork, Subnet } from "../config/agent-config.ts";
import type { ScopeChain } from "../config/evaluation.ts";
import { optionIn } from "../config/settings.ts";
import { OPTION } from "../dhcp/wire/option-codes.ts";
import { contains, type Ipv4Address, type Ipv4Network, ipv4, ipv4FromBytes } from "../values/ipv4.ts";

/** Room for scope identities in the keys of the chain cache. */
const KEY_STRIDE = 2 ** 24;

/**
 * What serving needs to find quickly in a configuration: subnets by address, and the scopes that an address stands in.
 * Built once for each configuration; the chains are made on first use and kept.
 */
export class NetworkIndex {
  readonly config: AgentConfig;
  readonly #byMask: { readonly mask: number; readonly subnets: Map<number, Subnet> }[] = [];
  /** Every `server-identifier` of the configuration that is an address: as whom we may have answered, wherever the client was. */
  readonly serverIdentifiers: ReadonlySet<Ipv4Address>;
  readonly #chains = new Map<number, ScopeChain>();
  readonly #ancestors = new Map<number, ScopeChain>();

  constructor(config: AgentConfig) {
    this.config = config;
    this.serverIdentifiers = new Set(identifiersOf(config));
    for (const subnet of config.subnets) {
      let group = this.#byMask.find(({ mask }) => mask === subnet.network.mask);
      if (group === undefined) {
        group = { mask: subnet.network.mask, subnets: new Map() };
        this.#byMask.push(group);
      }
      if (!group.subnets.has(subnet.network.address)) group.subnets.set(subnet.network.address, subnet);
    }
    this.#byMask.sort((left, right) => right.mask - left.mask);
  }

  /** The narrowest declared subnet that holds `address`. */
  subnetOf(address: Ipv4Address): Subnet | undefined {
    for (const { mask, subnets } of this.#byMask) {
      const subnet = subnets.get(ipv4(address & mask));
      if (subnet !== undefined) return subnet;
    }
    return undefined;
  }

  /** The subnet of shared network `network` that holds `address`. */
  subnetIn(network: SharedNetwork, address: Ipv4Address): Subnet | undefined {
    for (const subnet of network.subnets) if (contains(subnet.network as Ipv4Network, address)) return subnet;
    return undefined;
  }

  networkOf(subnet: Subnet): SharedNetwork | undefined {
    return this.config.networks[subnet.sharedNetwork];
  }

  /** The shared network on an interface's wire: the one that names it, else the one of its first address that has a subnet. */
  networkOfInterface(name: string, addresses: readonly Ipv4Address[]): SharedNetwork | undefined {
    for (const network of this.config.networks) if (network.interfaceName === name) return network;
    for (const subnet of this.config.subnets) if (subnet.interfaceName === name) return this.networkOf(subnet);
    for (const address of addresses) {
      const subnet = this.subnetOf(address);
      if (subnet !== undefined) return this.networkOf(subnet);
    }
    return undefined;
  }

  /** Scopes of an address, outermost first: those of its subnet, then those of its pool that are not among them. */
  chain(subnet: Subnet, pool: Pool | undefined): ScopeChain {
    const key = subnet.scope.id * KEY_STRIDE + (pool === undefined ? 0 : pool.scope.id + 1);
    let chain = this.#chains.get(key);
    if (chain === undefined) {
      chain = pool === undefined ? this.ancestors(subnet.scope) : this.extend(this.ancestors(subnet.scope), pool.scope);
      this.#chains.set(key, chain);
    }
    return chain;
  }

  /** `chain`, then `scope` with those of its parents that are not yet in it. The same pair gives the same array. */
  extend(chain: ScopeChain, scope: Scope): ScopeChain {
    const last = chain[chain.length - 1];
    if (last === scope) return chain;
    const added = this.ancestors(scope).filter((candidate) => !chain.includes(candidate));
    return added.length === 0 ? chain : [...chain, ...added];
  }

  /** As {@link extend}, kept by the identity of `scope`; for chains that came from {@link chain}. */
  extended(subnet: Subnet, pool: Pool | undefined, scope: Scope): ScopeChain {
    const base = this.chain(subnet, pool);
    let kept = this.#extensions.get(base);
    if (kept === undefined) {
      kept = new Map();
      this.#extensions.set(base, kept);
    }
    let chain = kept.get(scope.id);
    if (chain === undefined) {
      chain = this.extend(base, scope);
      if (kept.size >= MAX_EXTENSIONS) kept.clear();
      kept.set(scope.id, chain);
    }
    return chain;
  }

  /** `scope` and all its parents, outermost first. */
  ancestors(scope: Scope): ScopeChain {
    const known = this.#ancestors.get(scope.id);
    if (known !== undefined) return known;
    const chain: Scope[] = [];
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) chain.unshift(at);
    this.#ancestors.set(scope.id, chain);
    return chain;
  }

  readonly #extensions = new WeakMap<ScopeChain, Map<number, ScopeChain>>();
}

const MAX_EXTENSIONS = 65_536;

function* identifiersOf(config: AgentConfig): Iterable<Ipv4Address> {
  const inner = [...config.networks, ...config.subnets, ...config.pools, ...config.classes].map(({ scope }) => scope);
  for (const scope of [config.global, ...inner]) {
    const bytes = optionIn(scope, OPTION.serverIdentifier)?.value;
    if (bytes?.length === 4) yield ipv4FromBytes(bytes);
  }
}
