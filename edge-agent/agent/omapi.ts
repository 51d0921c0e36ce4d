import type { AgentConfig, HostDeclaration } from "../config/agent-config.ts";
import { loadConfig } from "../config/load.ts";
import { printStatements } from "../config/print-statements.ts";
import { bytesIn } from "../config/settings.ts";
import { SERVER_STATE_CODES } from "../failover/wire/codes.ts";
import { encodeRecord, groupKey, hostKey, type RecordedDeclaration } from "../leases/lease-file/types.ts";
import type { Hmac } from "../omapi/authenticate.ts";
import type { DynamicGroup, DynamicHost, OmapiChange } from "../omapi/change.ts";
import { controlObject, opaqueObject } from "../omapi/control-object.ts";
import { type FailoverAttributes, failoverObject } from "../omapi/failover-object.ts";
import { HandleTable } from "../omapi/handles.ts";
import { groupObject, hostObject } from "../omapi/host-object.ts";
import { leaseObject } from "../omapi/lease-object.ts";
import { newSession, type OmapiContext, type OmapiSession, receiveBytes } from "../omapi/session.ts";
import { INTRODUCTION } from "../omapi/wire/message.ts";
import { type Exchange, leaseAt } from "../server/exchange.ts";
import { hexPairs } from "../values/hardware-address.ts";
import { formatIpv4, type Ipv4Address, parseIpv4 } from "../values/ipv4.ts";
import { err } from "../values/result.ts";
import { type Failover, failoverStatus } from "./failover.ts";
import type { OmapiEffect, OmapiEvent } from "./service-events.ts";

/** OMAPI's part of the agent's memory; mutable and consumed linearly. */
export interface Omapi {
  readonly hmac: Hmac | undefined;
  readonly handles: HandleTable;
  readonly sessions: Map<number, OmapiSession>;
  readonly hosts: Map<string, DynamicHost | undefined>;
  readonly groups: Map<string, DynamicGroup>;
  made: number;
}

export function createOmapi(hmac: Hmac | undefined, declarations: readonly RecordedDeclaration[]): Omapi {
  const groups = new Map<string, DynamicGroup>();
  for (const { kind, name, body } of declarations) if (kind === "group" && body !== undefined) groups.set(name, { name, statements: body });
  return { hmac, handles: new HandleTable(), sessions: new Map(), hosts: new Map(), groups, made: 0 };
}

/** What an OMAPI session did, apart from what went into the exchange. */
export interface OmapiOutcome {
  readonly effects: readonly OmapiEffect[];
  /** Changes for others to carry out: failover states. */
  readonly changes: readonly Extract<OmapiChange, { readonly kind: "failover-state" | "shutdown" }>[];
}

const NOTHING: OmapiOutcome = { effects: [], changes: [] };

/** Takes what happened to an OMAPI connection. `changeLease` carries out what concerns leases. */
export function onOmapiEvent(
  omapi: Omapi,
  event: OmapiEvent,
  exchange: Exchange,
  failover: Failover,
  changeLease: (change: OmapiChange) => void,
): OmapiOutcome {
  if (event.kind === "omapi-closed") {
    omapi.sessions.delete(event.connection);
    return NOTHING;
  }
  if (event.kind === "omapi-opened") {
    omapi.sessions.set(event.connection, newSession(Math.imul(event.connection + 1, 2_654_435_761) ^ Math.trunc(exchange.at.monotonic)));
    return { effects: [{ kind: "omapi-send", connection: event.connection, bytes: INTRODUCTION }], changes: [] };
  }
  const session = omapi.sessions.get(event.connection);
  if (session === undefined) return NOTHING;
  const outside: Extract<OmapiChange, { readonly kind: "failover-state" | "shutdown" }>[] = [];
  const effects: OmapiEffect[] = [];
  const context = contextFor(omapi, exchange, failover, (change) => {
    if (change.kind === "failover-state" || change.kind === "shutdown") outside.push(change);
    else if (isDeclaration(change)) effects.push({ kind: "declared", declaration: keepDeclaration(omapi, change, exchange) });
    else changeLease(change);
  });
  const step = receiveBytes(session, event.bytes, context);
  omapi.sessions.set(event.connection, step.session);
  for (const bytes of step.output) effects.push({ kind: "omapi-send", connection: event.connection, bytes });
  if (step.close !== undefined) {
    effects.push({ kind: "omapi-close", connection: event.connection, reason: step.close });
    omapi.sessions.delete(event.connection);
  }
  return { effects, changes: outside };
}

function contextFor(omapi: Omapi, exchange: Exchange, failover: Failover, apply: (change: OmapiChange) => void): OmapiContext<OmapiChange> {
  const { config } = exchange.state;
  const required = bytesIn(config.global, "omapi-key");
  const hmac = omapi.hmac ?? (() => new Uint8Array(0));
  const hosts = {
    get hosts() {
      return hostsNow(omapi, config);
    },
    groups: omapi.groups,
    statementsError: (text: string) => statementsError(text, config),
    freshName: () => freshName(omapi, exchange),
  };
  const leases = leaseObject({
    view: {
      get: (address) => leaseAt(exchange, address),
      poolOf: (address) => exchange.view.poolOf(address),
      byClientId: (clientId) => exchange.view.byClientId(clientId),
      byHardware: (hardware) => exchange.view.byHardware(hardware),
    },
    wallOffset: exchange.at.wallOffset,
    hostOf: (lease) => (lease.hardware === undefined ? undefined : config.hosts.byHardware(lease.hardware)[0]?.name),
    subnetOf: (address) => {
      const subnet = exchange.state.networks.subnetOf(address);
      return subnet === undefined ? undefined : formatIpv4(subnet.network.address);
    },
  });
  return {
    ring: { keys: config.keys, required: required === undefined ? undefined : String.fromCharCode(...required.value), hmac },
    handles: omapi.handles,
    types: new Map([
      ["failover-state", failoverObject(failoverAttributes(config, failover, exchange))],
      ["lease", leases],
      ["host", hostObject(hosts)],
      ["group", groupObject(hosts)],
      ["control", controlObject],
      ["pool", opaqueObject],
      ["subnet", opaqueObject],
      ["class", opaqueObject],
    ]),
    apply,
  };
}

function failoverAttributes(config: AgentConfig, failover: Failover, exchange: Exchange): readonly FailoverAttributes[] {
  const wall = (time: number) => (time === 0 ? 0 : Math.max(0, time + exchange.at.wallOffset));
  return failoverStatus(failover, exchange.view, exchange.at).flatMap((status) => {
    const peer = config.failoverPeers.find(({ name }) => name === status.name);
    if (peer === undefined) return [];
    return {
      name: status.name,
      role: status.role,
      partnerAddress: addressOf(peer.peerAddress),
      partnerPort: peer.peerPort,
      localAddress: addressOf(peer.address ?? ""),
      localPort: peer.port,
      maxUnackedUpdates: peer.maxUnackedUpdates,
      mclt: status.mclt,
      loadBalanceMaxSeconds: peer.loadBalanceMaxSeconds,
      hba: status.hba,
      partnerState: SERVER_STATE_CODES[status.partnerState],
      localState: SERVER_STATE_CODES[status.state],
      partnerStos: wall(status.partnerSince),
      localStos: wall(status.since),
      skew: Math.abs(status.skew ?? 0),
      maxResponseDelay: peer.maxResponseDelay,
      unackedUpdates: status.unacked,
    };
  });
}

const addressOf = (text: string): Ipv4Address | undefined => {
  const parsed = parseIpv4(text);
  return parsed.ok ? parsed.value : undefined;
};

/** The configuration's hosts with what was made or removed since it was last read. */
function hostsNow(omapi: Omapi, config: AgentConfig): readonly HostDeclaration[] {
  if (omapi.hosts.size === 0) return config.hosts.all;
  const kept = config.hosts.all.filter(({ name }) => !omapi.hosts.has(name));
  const made = [...omapi.hosts.values()].filter((host) => host !== undefined);
  return [
    ...kept,
    ...made.map(({ name, hardware, clientId, addresses }) => ({
      ...{ name, hardware, clientId, addresses, scope: config.global },
      ...{ identifier: undefined, fixedAddresses: undefined, dynamic: true, deleted: false },
    })),
  ];
}

/** Is a host of that name in the configuration's files, or does one take its place? */
const isConfigured = (name: string, config: AgentConfig): boolean => config.hosts.all.some((host) => host.name === name && !host.dynamic);

type DeclarationChange = Extract<OmapiChange, { readonly kind: "host" | "host-removed" | "group" | "group-removed" }>;

const isDeclaration = (change: OmapiChange): change is DeclarationChange =>
  change.kind === "host" || change.kind === "host-removed" || change.kind === "group" || change.kind === "group-removed";

/** Stores a declaration made or removed at run time, as the text that dhcpd keeps in its lease file. */
function keepDeclaration(omapi: Omapi, change: DeclarationChange, exchange: Exchange): RecordedDeclaration {
  const keep = (key: string, declaration: RecordedDeclaration): RecordedDeclaration => {
    exchange.writes.push({ kind: "record", key, value: encodeRecord(declaration) });
    return declaration;
  };
  if (change.kind === "host" || change.kind === "host-removed") {
    const [name, host] = change.kind === "host" ? [change.host.name, change.host] : [change.name, undefined];
    const body = host === undefined ? undefined : hostBody(host, exchange.state.config);
    omapi.hosts.set(name, host);
    return keep(hostKey(name), { kind: "host", name, body, ...(isConfigured(name, exchange.state.config) ? { replaces: true } : {}) });
  }
  if (change.kind === "group") {
    omapi.groups.set(change.group.name, change.group);
    const body = asWritten(change.group.statements, exchange.state.config);
    return keep(groupKey(change.group.name), { kind: "group", name: change.group.name, body });
  }
  omapi.groups.delete(change.name);
  return keep(groupKey(change.name), { kind: "group", name: change.name, body: undefined });
}

function hostBody(host: DynamicHost, config: AgentConfig): string {
  const lines: string[] = [];
  if (host.hardware !== undefined)
    lines.push(`hardware ${HTYPES[host.hardware.htype] ?? `unknown-${host.hardware.htype}`} ${hexPairs(host.hardware.bytes)};`);
  if (host.clientId !== undefined) lines.push(`uid ${hexPairs(host.clientId)};`);
  if (host.addresses.length > 0) lines.push(`fixed-address ${host.addresses.map(formatIpv4).join(", ")};`);
  if (host.group !== undefined) lines.push(`group "${host.group}";`);
  const statements = asWritten(host.statements, config);
  if (statements !== "") lines.push(statements);
  return lines.join("\n");
}

/** Statements in dhcpd's words ("supersede server.filename = …"), which readers of its lease file look for; or as given, where that says more. */
function asWritten(given: string, config: AgentConfig): string {
  const statements = config.readStatements(given);
  const printed = statements === undefined ? "" : printStatements(statements, STATEMENT_INDENT).replace(/^\n/, "");
  return printed !== "" && config.readStatements(printed) !== undefined ? printed : given.trim();
}
const STATEMENT_INDENT = 8;

const HTYPES: Readonly<Record<number, string>> = { 1: "ethernet", 6: "token-ring", 8: "fddi" };

/** Why statements given over OMAPI cannot be taken; undefined when they can. */
function statementsError(text: string, config: AgentConfig): string | undefined {
  if (text.trim() === "") return undefined;
  if (leavesItsBraces(text)) return "statements must stay within their own braces";
  if (config.readStatements(text) !== undefined) return undefined; // options of the configuration's own among them
  const loaded = loadConfig({
    path: "statements",
    text: `group { ${text} }`,
    readFile: () => err("not here"),
    resolveHost: () => undefined,
  });
  return loaded.diagnostics.find(({ severity }) => severity === "error")?.message;
}

/** Would the text, put between braces, end them early? Then it could declare anything. */
function leavesItsBraces(text: string): boolean {
  let depth = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (isQuoted) {
      if (character === "\\") index += 1;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === "#") return true;
    else if (character === "{") depth += 1;
    else if (character === "}") depth -= 1;
    if (depth < 0) return true;
  }
  return isQuoted || depth !== 0;
}

/** A name as dhcpd makes them: "nh", the time, and a counter. */
function freshName(omapi: Omapi, exchange: Exchange): string {
  omapi.made += 1;
  return `nh${exchange.at.now.toString(16).padStart(8, "0")}${omapi.made.toString(16).padStart(8, "0")}`;
}

/** After the configuration was read with the kept declarations in it, nothing needs to be remembered beside it. */
export function omapiReconfigured(omapi: Omapi): void {
  omapi.hosts.clear();
}

/** The host of that name is in the configuration as it was last kept. */
export function omapiDeclared(omapi: Omapi, name: string): void {
  omapi.hosts.delete(name);
}
