import type { Pool, Scope, SharedNetwork } from "../config/agent-config.ts";
import type { Location } from "../config/location.ts";
import type { ClientDescription, ExplainReport } from "../control/protocol.ts";
import { decodeMessage } from "../dhcp/wire/decode.ts";
import { hexBytes, trialDiscover } from "../dhcp/wire/trial-discover.ts";
import { identify } from "../server/caller.ts";
import { readClientMessage } from "../server/client-message.ts";
import { type Exchange, openExchange } from "../server/exchange.ts";
import { findLease } from "../server/find-lease.ts";
import { permits } from "../server/permits.ts";
import { serve } from "../server/serve.ts";
import { createServerState } from "../server/state.ts";
import { formatIpv4, type Ipv4Address, ipv4, parseIpv4, UNSPECIFIED } from "../values/ipv4.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { Failover } from "./failover.ts";

type Line = ExplainReport["lines"][number];

const at = (text: string, location: Location | undefined): Line =>
  location === undefined ? { text } : { text, file: location.file, line: location.line };

/**
 * How a client would be treated if it sent a DHCPDISCOVER at this moment: by the production code, on a state of its own, so
 * that nothing is offered or stored. An error says what of the description cannot be understood.
 */
export function explainClient(client: ClientDescription, exchange: Exchange, failover: Failover): Result<ExplainReport, string> {
  const hardware = hexBytes(client.hardware);
  const clientId = client.clientId === undefined ? undefined : hexBytes(client.clientId);
  if (hardware === undefined || hardware.length > 16) return err(`"${client.hardware}" is no hardware address such as 00:16:3e:01:02:03`);
  if (client.clientId !== undefined && clientId === undefined) return err(`"${client.clientId}" is no client identifier in hex pairs`);
  const { config, options } = exchange.state;
  const where = placeOf(client.via, exchange);
  if (!where.ok) return where;
  const bytes = trialDiscover({ hardware, clientId, vendorClass: client.vendorClass }, where.value.giaddr);
  const trial = openExchange(createServerState(config, options, exchange.view), exchange.view, exchange.authority, exchange.at);
  const datagram = {
    kind: "datagram",
    interfaceName: where.value.interfaceName,
    interfaceAddresses: where.value.interfaceAddresses,
    source: where.value.giaddr,
    sourcePort: 67,
    target: undefined,
    bytes,
  } as const;
  const message = decodeMessage(bytes);
  if (!message.ok) return err(message.error);
  const caller = identify(trial, readClientMessage(datagram, message.value));
  const lines: Line[] = [];
  const { network } = caller;
  lines.push(
    network === undefined
      ? { text: "network: none is declared where this client asks" }
      : at(`network: ${network.name}`, network.scope.location),
  );
  if (network !== undefined) {
    const found = findLease(trial, caller, network, "discover");
    const host = found.candidate?.host;
    lines.push(
      host === undefined
        ? { text: found.known ? "host: known, without a fixed address here" : "host: no declaration names it" }
        : at(`host: ${host.name}`, host.scope.location),
    );
    for (const { className } of caller.classes) lines.push(at(`class: ${className}`, classLocation(exchange, className)));
    for (const pool of network.pools)
      lines.push(poolLine(exchange, failover, pool, permits(pool, { ...caller, known: found.known }, exchange.at)));
    if (found.candidate !== undefined) lines.push({ text: `it has or had ${formatIpv4(found.candidate.address)}` });
  }
  serve(trial, datagram);
  const said = trial.effects.flatMap((effect) => (effect.kind === "log" ? [String(effect.fields["text"] ?? "")] : []));
  lines.push(...said.map((text) => ({ text: `log: ${text}` })));
  const answered = trial.effects.some(({ kind }) => kind === "send" || kind === "probe");
  if (network !== undefined) lines.push(...scopeLines(network));
  return ok({ lines, answered });
}

interface Place {
  readonly giaddr: Ipv4Address;
  readonly interfaceName: string;
  readonly interfaceAddresses: readonly Ipv4Address[];
}

/** Where the client asks: by a relay's address, a subnet, a network's name or an interface; if there is but one network, there. */
function placeOf(via: string | undefined, { state }: Exchange): Result<Place, string> {
  const { networks } = state.config;
  const relay = via === undefined ? undefined : parseIpv4(via);
  if (relay?.ok === true) return ok({ giaddr: relay.value, interfaceName: "", interfaceAddresses: [] });
  const named = via === undefined ? networks : networks.filter(({ name, interfaceName }) => name === via || interfaceName === via);
  const [network, another] = named;
  const subnet = network?.subnets[0];
  if (network === undefined || subnet === undefined)
    return err(`no network is called "${via}"; name a relay's address, or one of ${names(networks)}`);
  if (another !== undefined) return err(`say where the client asks: --via with a relay's address, or one of ${names(networks)}`);
  return ok({
    giaddr: UNSPECIFIED,
    interfaceName: network.interfaceName ?? network.name,
    interfaceAddresses: [ipv4(subnet.network.address + 1)],
  });
}

const names = (networks: readonly SharedNetwork[]): string =>
  networks
    .slice(0, 10)
    .map(({ name }) => name)
    .join(", ") + (networks.length > 10 ? ", …" : "");

function poolLine(exchange: Exchange, failover: Failover, pool: Pool, isPermitted: boolean): Line {
  const [range] = pool.ranges;
  const what = range === undefined ? "pool without a range" : `pool ${formatIpv4(range.first)} to ${formatIpv4(range.last)}`;
  const counts = exchange.view.counts(pool.id);
  const { statuses } = exchange.authority.allocatable(pool, exchange.at);
  const ours = statuses.reduce((sum, status) => sum + counts[status], 0);
  const peer = pool.failoverPeer === undefined ? "" : `, shared by failover "${pool.failoverPeer}"`;
  const state = pool.failoverPeer === undefined ? undefined : failover.relationships.get(pool.failoverPeer)?.endpoint.state;
  const text = `${what}: ${isPermitted ? "lets it in" : "does not let it in"}, ${ours} addresses free for us to give${peer}${state === undefined ? "" : ` in ${state}`}`;
  return at(text, pool.scope.kind === "pool" ? pool.scope.location : range?.location);
}

function scopeLines(network: SharedNetwork): readonly Line[] {
  const scopes = new Map<number, Scope>();
  for (let scope: Scope | undefined = network.scope; scope !== undefined; scope = scope.parent) scopes.set(scope.id, scope);
  for (const subnet of network.subnets) scopes.set(subnet.scope.id, subnet.scope);
  return [...scopes.values()]
    .filter(({ statements }) => statements.length > 0)
    .map((scope) => at(`options and parameters of ${scope.kind} ${scope.name}`.trim(), scope.location));
}

const classLocation = (exchange: Exchange, name: string): Location | undefined =>
  exchange.state.config.classes.find((declaration) => declaration.name === name)?.scope.location;
