import { decodeFqdn } from "../../dhcp/wire/fqdn.ts";
import type { DhcpMessage } from "../../dhcp/wire/message.ts";
import { OPTION } from "../../dhcp/wire/option-codes.ts";
import { decodeSubOptions } from "../../dhcp/wire/sub-options.ts";
import type { AgentConfig } from "../agent-config.ts";
import type { OptionDefinition } from "../option-definition.ts";

/** Spaces may lie within each other this deep. */
const NESTING_LIMIT = 4;
const DEFAULT_WIDTHS = { codeWidth: 1, lengthWidth: 1 } as const;

const carriers = new WeakMap<AgentConfig, Map<string, OptionDefinition>>();

/**
 * The value of `option` in a message, as dhcpd has it after parsing the packet: final NULs of text are dropped (RFC 2132 §2),
 * options of an encapsulated space are looked for in the option that carries it. A space that only `vendor-option-space` names
 * has no such option: what a client encapsulates in option 43 is not read by it. Undefined if it is not there.
 */
export function packetOption(message: DhcpMessage, option: OptionDefinition, config: AgentConfig): Uint8Array | undefined {
  const value = option.space === "dhcp" ? message.options.get(option.code) : subOptions(message, option.space, config, 0)?.get(option.code);
  // dhcpd passes over an empty host name when it reads the packet
  if (value?.length === 0 && option.code === OPTION.hostName && option.space === "dhcp") return undefined;
  return value !== undefined && isText(option) ? withoutFinalNuls(value) : value;
}

/** The option that carries `space`: the one whose value is `encapsulate` of it. */
export function carrierOf(space: string, config: AgentConfig): OptionDefinition | undefined {
  let known = carriers.get(config);
  if (known === undefined) {
    known = new Map();
    for (const definitions of config.optionDefinitions.values()) {
      for (const definition of definitions.values()) {
        const encapsulated = encapsulatedSpace(definition);
        if (encapsulated !== undefined && encapsulated !== "") known.set(encapsulated, definition);
      }
    }
    carriers.set(config, known);
  }
  return known.get(space);
}

/** The space that the value of `definition` ends in, if it does; "" is the vendor's (option 43). */
export function encapsulatedSpace(definition: OptionDefinition): string | undefined {
  const last = definition.fields.at(-1);
  return last?.kind === "encapsulate" ? last.space : undefined;
}

function subOptions(message: DhcpMessage, space: string, config: AgentConfig, depth: number): ReadonlyMap<number, Uint8Array> | undefined {
  const carrier = carrierOf(space, config) ?? (space === "agent" ? AGENT_CARRIER : space === "fqdn" ? FQDN_CARRIER : undefined);
  if (depth >= NESTING_LIMIT) return undefined;
  // As in dhcpd, a vendor's space is for answers: what a client puts into its option 43 is bytes.
  if (carrier === undefined) return undefined;
  const holder =
    carrier.space === "dhcp" ? message.options.get(carrier.code) : subOptions(message, carrier.space, config, depth + 1)?.get(carrier.code);
  if (holder === undefined) return undefined;
  if (space === "fqdn") return decodeFqdn(holder);
  if (space === "agent") return decodeSubOptions(holder, DEFAULT_WIDTHS, "pad", "left out");
  return decodeSubOptions(holder, config.optionSpaces.get(space) ?? DEFAULT_WIDTHS, "end");
}

const AGENT_CARRIER = { space: "dhcp", code: OPTION.relayAgentInformation };
const FQDN_CARRIER = { space: "dhcp", code: OPTION.fqdn };

const textDefinitions = new WeakMap<OptionDefinition, boolean>();

function isText(option: OptionDefinition): boolean {
  let text = textDefinitions.get(option);
  if (text === undefined) {
    const last = option.fields.at(-1)?.kind;
    text = last === "text" || (last === "domain-name" && option.repeat === "none");
    textDefinitions.set(option, text);
  }
  return text;
}

function withoutFinalNuls(value: Uint8Array): Uint8Array {
  let length = value.length;
  while (length > 0 && value[length - 1] === 0) length -= 1;
  return length === value.length ? value : value.subarray(0, length);
}
