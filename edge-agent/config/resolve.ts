import { hexPairs } from "../values/hardware-address.ts";
import { type Ipv4Address, ipv4FromBytes } from "../values/ipv4.ts";
import type {
  AgentConfig,
  ClassDeclaration,
  HostDeclaration,
  HostTable,
  Permit,
  Pool,
  Scope,
  SharedNetwork,
  SubclassDeclaration,
  Subnet,
} from "./agent-config.ts";
import { statementBlock } from "./conditionals.ts";
import type { ClassDraft, HostDraft, NetworkDraft, PoolDraft, ScopeDraft } from "./drafts.ts";
import type { Expression, Statement } from "./expression.ts";
import { hostTable } from "./host-table.ts";
import type { ParseContext } from "./parse-context.ts";
import { sourceOf } from "./source.ts";
import { areStatic } from "./static-statements.ts";
import { TokenReader } from "./token-reader.ts";

/** The immutable configuration, from what was read without errors; `hosts` gives the hosts again after more were read. */
export function resolve(context: ParseContext): { readonly config: AgentConfig; readonly hosts: () => HostTable } {
  const scopes = new ScopeResolver();
  const made = new Map<HostDraft, HostDeclaration>();
  const hosts = (): HostTable =>
    hostTable(
      [...context.hosts.values()].map((draft) => {
        const declaration = made.get(draft) ?? host(draft, scopes);
        made.set(draft, declaration);
        return declaration;
      }),
    );
  return { config: { ...withoutHosts(context, scopes), hosts: hosts() }, hosts };
}

function withoutHosts(context: ParseContext, scopes: ScopeResolver): Omit<AgentConfig, "hosts"> {
  const global = scopes.of(context.root);
  const pools: Pool[] = [];
  const networks = context.networks.map((draft, index) => network(draft, index, scopes, pools));
  const subnets = networks.flatMap((one) => one.subnets).sort((left, right) => left.network.address - right.network.address);
  return {
    global,
    networks,
    subnets,
    pools,
    classes: [...context.classes.values()].map((draft) => classDeclaration(draft, scopes)),
    failoverPeers: [...context.peers.values()].map(({ peer }) => peer),
    optionSpaces: context.options.spaces(),
    optionDefinitions: context.options.definitions(),
    functions: context.functions,
    keys: [...context.keys.values()],
    zones: [...context.zones.values()],
    readStatements: (text) => readStatements(context, text),
  };
}

function readStatements(context: ParseContext, text: string): readonly Statement[] | undefined {
  const before = { errors: context.diagnostics.errors, count: context.diagnostics.all.length };
  const checks = context.atEnd.length;
  const read = statementBlock(context, new TokenReader(sourceOf("lease file", `${text}\n}`), context.diagnostics));
  context.atEnd.length = checks;
  const hasError = context.diagnostics.rewind(before).some(({ severity }) => severity === "error");
  return read === "failed" || hasError ? undefined : read;
}

/** Scopes by draft; each is made once, so that two declarations of one scope share it. */
class ScopeResolver {
  readonly #made = new Map<ScopeDraft, Scope>();

  of(draft: ScopeDraft): Scope {
    const made = this.#made.get(draft);
    if (made !== undefined) return made;
    const around = draft.adopted ?? draft.parent;
    const scope: Scope = {
      id: draft.id,
      kind: draft.kind,
      name: draft.name,
      parent: around === undefined ? undefined : this.of(around),
      statements: draft.statements,
      isStatic: areStatic(draft.statements),
      authoritative: draft.authoritative,
      location: draft.location,
    };
    this.#made.set(draft, scope);
    return scope;
  }
}

function network(draft: NetworkDraft, index: number, scopes: ScopeResolver, pools: Pool[]): SharedNetwork {
  const subnets: Subnet[] = draft.subnets.map((subnet) => ({
    network: subnet.network,
    scope: scopes.of(subnet.scope),
    sharedNetwork: index,
    interfaceName: subnet.interfaceName,
  }));
  const own = merged(draft.pools).map((pool, offset) => ({
    id: pools.length + offset,
    scope: scopes.of(pool.scope),
    sharedNetwork: index,
    ranges: pool.ranges,
    permit: pool.permit,
    prohibit: pool.prohibit,
    failoverPeer: pool.failoverPeer,
  }));
  pools.push(...own);
  return { name: draft.name, scope: scopes.of(draft.scope), subnets, pools: own, interfaceName: draft.interfaceName };
}

/** As dhcpd does, pools of one network that say the same are one pool: its addresses are counted and shared out together. */
function merged(drafts: readonly PoolDraft[]): PoolDraft[] {
  const byContent = new Map<string, PoolDraft>();
  const pools: PoolDraft[] = [];
  for (const draft of drafts) {
    const key = `${draft.failoverPeer ?? ""}|${permitKey(draft.permit)}|${permitKey(draft.prohibit)}`;
    const twin = draft.scope.statements.length === 0 ? byContent.get(key) : undefined;
    if (twin !== undefined) {
      twin.ranges.push(...draft.ranges);
      continue;
    }
    const copy = { ...draft, ranges: [...draft.ranges] };
    if (draft.scope.statements.length === 0) byContent.set(key, copy);
    pools.push(copy);
  }
  return pools;
}

const permitKey = (permits: readonly Permit[]): string => [...new Set(permits.map((permit) => JSON.stringify(permit)))].sort().join();

function host(draft: HostDraft, scopes: ScopeResolver): HostDeclaration {
  return {
    name: draft.name,
    scope: scopes.of(draft.scope),
    hardware: draft.hardware,
    clientId: clientIdOf(draft),
    identifier: draft.identifier,
    fixedAddresses: draft.fixedAddresses,
    addresses: draft.fixedAddresses === undefined ? [] : addressesIn(draft.fixedAddresses),
    dynamic: draft.dynamic,
    deleted: draft.deleted,
  };
}

/** `uid`, or the constant that the host's own `option dhcp-client-identifier` (option 61) sets. */
function clientIdOf(draft: HostDraft): Uint8Array | undefined {
  let found = draft.clientId;
  for (const statement of draft.scope.statements) {
    if (statement.kind !== "option" || statement.option.space !== "dhcp" || statement.option.code !== 61) continue;
    if (statement.value?.kind === "bytes") found = statement.value.value;
  }
  return found;
}

function addressesIn(expression: Expression): Ipv4Address[] {
  const parts = expression.kind === "concat" ? expression.parts : [expression];
  return parts.flatMap((part) => {
    const bytes = part.kind === "bytes" ? part.value : part.kind === "host-addresses" ? part.resolved : new Uint8Array(0);
    const addresses: Ipv4Address[] = [];
    for (let offset = 0; offset + 4 <= bytes.length; offset += 4) addresses.push(ipv4FromBytes(bytes, offset));
    return addresses;
  });
}

function classDeclaration(draft: ClassDraft, scopes: ScopeResolver): ClassDeclaration {
  const subclasses = new Map<string, SubclassDeclaration>();
  for (const subclass of draft.subclasses.values()) {
    const scope = scopes.of(subclass.scope);
    subclasses.set(hexPairs(subclass.value, ""), { scope, value: subclass.value, leaseLimit: subclass.leaseLimit });
  }
  const { name, matchIf, subMatch, spawning, leaseLimit } = draft;
  return { name, scope: scopes.of(draft.scope), matchIf, subMatch, spawning, leaseLimit, subclasses };
}
