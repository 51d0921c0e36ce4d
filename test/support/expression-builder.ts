import type { AgentConfig, Scope } from "../../edge-agent/config/agent-config.ts";
import type { EvaluationInput } from "../../edge-agent/config/evaluation.ts";
import type { Expression, ExpressionKind, OptionOperator, Statement, StatementKind } from "../../edge-agent/config/expression.ts";
import type { OptionDefinition, OptionField } from "../../edge-agent/config/option-definition.ts";
import { decodeMessage } from "../../edge-agent/dhcp/wire/decode.ts";
import { encodeMessage } from "../../edge-agent/dhcp/wire/encode.ts";
import type { DhcpMessage } from "../../edge-agent/dhcp/wire/message.ts";
import { ipv4 } from "../../edge-agent/values/ipv4.ts";
import { epochSeconds, monotonicMillis } from "../../edge-agent/values/time.ts";

const location = { file: "test.conf", line: 1, column: 1 };

export const x = (kind: ExpressionKind): Expression => ({ ...kind, location });
export const s = (kind: StatementKind): Statement => ({ ...kind, location });
export const bytes = (value: string | readonly number[]): Uint8Array =>
  typeof value === "string" ? Uint8Array.from(value, (character) => character.charCodeAt(0)) : Uint8Array.from(value);
export const text = (value: string): Expression => x({ kind: "bytes", value: bytes(value) });
export const hex = (...value: number[]): Expression => x({ kind: "bytes", value: bytes(value) });
export const number = (value: number): Expression => x({ kind: "number", value });
export const nothing: Expression = x({ kind: "null" });
export const yes: Expression = x({ kind: "boolean", value: true });
export const no: Expression = x({ kind: "boolean", value: false });

export function define(space: string, name: string, code: number, ...fields: OptionField[]): OptionDefinition {
  return { space, name, code, fields, repeat: "none" };
}
export const HOST_NAME = define("dhcp", "host-name", 12, { kind: "text" });
export const DOMAIN_NAME = define("dhcp", "domain-name", 15, { kind: "text" });
export const ROOT_PATH = define("dhcp", "root-path", 17, { kind: "text" });
export const CIRCUIT_ID = define("agent", "circuit-id", 1, { kind: "bytes" });
const DEFINITIONS = [
  HOST_NAME,
  DOMAIN_NAME,
  ROOT_PATH,
  CIRCUIT_ID,
  define("dhcp", "vendor-encapsulated-options", 43, { kind: "encapsulate", space: "" }),
  define("dhcp", "fqdn", 81, { kind: "encapsulate", space: "fqdn" }),
  define("dhcp", "relay-agent-information", 82, { kind: "encapsulate", space: "agent" }),
  define("dhcp", "vivso", 125, { kind: "encapsulate", space: "vendor" }),
  define("vendor", "isp", 4491, { kind: "encapsulate", space: "isp" }),
  define("dhcp", "carrier", 200, { kind: "encapsulate", space: "sub" }),
];

export const fromPacket = (option: OptionDefinition): Expression => x({ kind: "option", from: "packet", option });
export const fromConfig = (option: OptionDefinition): Expression => x({ kind: "option", from: "config", option });
export const setOption = (option: OptionDefinition, value: Expression, operator: OptionOperator = "supersede"): Statement =>
  s({ kind: "option", operator, option, value });

export const when = (condition: Expression, chosen: readonly Statement[], otherwise: readonly Statement[] = []): Statement =>
  // biome-ignore lint/suspicious/noThenProperty: the statement's own word; nobody awaits it
  s({ kind: "if", condition, then: chosen, otherwise });

let serial = 0;
export function scope(isStatic: boolean, ...statements: Statement[]): Scope {
  serial += 1;
  return { id: serial, kind: "subnet", name: "", parent: undefined, statements, isStatic, authoritative: false, location };
}

const NO_HOSTS = { all: [], byHardware: () => [], byClientId: () => [], byOption: [], byAddress: () => [] };

/** A configuration that declares nothing but some options and spaces. */
export function emptyConfig(functions: AgentConfig["functions"] = new Map()): AgentConfig {
  const definitions = new Map<string, Map<number, OptionDefinition>>();
  for (const definition of DEFINITIONS) {
    const space = definitions.get(definition.space) ?? new Map<number, OptionDefinition>();
    definitions.set(definition.space, space.set(definition.code, definition));
  }
  return {
    global: scope(true),
    networks: [],
    subnets: [],
    pools: [],
    hosts: NO_HOSTS,
    classes: [],
    failoverPeers: [],
    optionSpaces: new Map([["vendor", { name: "vendor", codeWidth: 4, lengthWidth: 1 }]]),
    optionDefinitions: definitions,
    functions,
    keys: [],
    zones: [],
    readStatements: () => undefined,
  };
}

/** A DHCPDISCOVER from 02:00:00:00:00:01 with these options besides its type. */
export function discover(options: readonly (readonly [number, Uint8Array])[] = [], changes: Partial<DhcpMessage> = {}): DhcpMessage {
  const message = encodeMessage({
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 0x1234,
    secs: 0,
    flags: 0,
    ciaddr: ipv4(0),
    yiaddr: ipv4(0),
    siaddr: ipv4(0),
    giaddr: ipv4(0),
    chaddr: bytes([2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    sname: new Uint8Array(),
    file: new Uint8Array(),
    hasCookie: true,
    options: new Map([[53, bytes([1])], ...options]),
    ...changes,
  });
  const decoded = decodeMessage(message);
  if (!decoded.ok) throw new Error(decoded.error);
  return decoded.value;
}

export function input(changes: Partial<EvaluationInput> = {}): EvaluationInput {
  return {
    config: emptyConfig(),
    message: discover(),
    lease: undefined,
    leasedAddress: ipv4(0x0a4d0064),
    leaseSeconds: 600,
    host: undefined,
    known: false,
    classNames: [],
    hostName: "server",
    at: { now: epochSeconds(1_000_000), monotonic: monotonicMillis(0), wallOffset: 0 },
    ...changes,
  };
}
