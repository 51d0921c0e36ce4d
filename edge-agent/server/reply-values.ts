import type { AgentConfig } from "../config/agent-config.ts";
import { carrierOf, encapsulatedSpace } from "../config/evaluate/packet-options.ts";
import { insertedCodes } from "../config/evaluate/partial-evaluation.ts";
import type { Evaluation } from "../config/evaluation.ts";
import type { OptionDefinition } from "../config/option-definition.ts";
import { joinBytes } from "../dhcp/wire/decode.ts";
import { encodeFqdn } from "../dhcp/wire/fqdn.ts";
import { encodeSubOption } from "../dhcp/wire/sub-options.ts";

/** Spaces may lie within each other this deep. */
const NESTING_LIMIT = 4;
const DEFAULT_WIDTHS = { codeWidth: 1, lengthWidth: 1 } as const;

/**
 * What goes back for `code` of the "dhcp" space: the value the configuration gives, or the encapsulation of the space that
 * the option stands for, or both where fields come before the space. Undefined if there is nothing to send.
 */
export function replyValue(code: number, evaluation: Evaluation, config: AgentConfig): Uint8Array | undefined {
  const space = siteSpaceOf(code, evaluation, config);
  return valueIn(space, code, evaluation, config, 0);
}

/** Codes from the lowest that `site-option-space` defines on (at least 128) are looked up there. */
export function siteSpaceOf(code: number, evaluation: Evaluation, config: AgentConfig): string {
  const site = evaluation.siteOptionSpace;
  return site !== undefined && code >= lowestSiteCode(site, config) ? site : "dhcp";
}

/** The lowest code that `site-option-space` takes over from the standard options. */
export function lowestSiteCode(site: string, config: AgentConfig): number {
  const codes = [...(config.optionDefinitions.get(site)?.keys() ?? [])].filter((code) => code >= 128);
  return codes.length === 0 ? 224 : Math.min(...codes);
}

function valueIn(space: string, code: number, evaluation: Evaluation, config: AgentConfig, depth: number): Uint8Array | undefined {
  const own = evaluation.option(space, code);
  const definition = config.optionDefinitions.get(space)?.get(code);
  const inner = definition === undefined ? undefined : innerSpace(definition, evaluation);
  if (definition === undefined || inner === undefined) return own;
  if (definition.fields.length > 1) {
    const rest = own === undefined || own.length === 0 ? undefined : encapsulate(inner, evaluation, config, depth + 1);
    return own === undefined || rest === undefined ? own : joinBytes([own, rest]);
  }
  return own ?? encapsulate(inner, evaluation, config, depth + 1);
}

/** The space a value ends in; of option 43, the one that `vendor-option-space` named. */
function innerSpace(definition: OptionDefinition, evaluation: Evaluation): string | undefined {
  const space = encapsulatedSpace(definition);
  if (space !== undefined && space !== "") return space;
  return space === "" || (definition.space === "dhcp" && definition.code === 43) ? evaluation.vendorOptionSpace : undefined;
}

/**
 * All options of `space` that have a value, and the spaces within it. Undefined for none; as in dhcpd, spaces within it do not
 * count unless it has an option of its own, and NetWare/IP options (RFC 2242) are never sent.
 */
function encapsulate(space: string, evaluation: Evaluation, config: AgentConfig, depth: number): Uint8Array | undefined {
  if (depth > NESTING_LIMIT || space === "nwip" || evaluation.codes(space).length === 0) return undefined;
  if (space === "fqdn") return encodeFqdn((code) => evaluation.option(space, code));
  const widths = config.optionSpaces.get(space) ?? DEFAULT_WIDTHS;
  const parts: Uint8Array[] = [];
  for (const code of orderedCodes(space, evaluation)) {
    const value = valueIn(space, code, evaluation, config, depth);
    const part = value === undefined || !mayBeSent(value, space, code, config) ? undefined : encodeSubOption(code, value, widths);
    if (part !== undefined) parts.push(part);
  }
  for (const carrier of carriersIn(space, evaluation, config)) {
    const value = valueIn(space, carrier.code, evaluation, config, depth);
    const part = value === undefined ? undefined : encodeSubOption(carrier.code, value, widths);
    if (part !== undefined) parts.push(part);
  }
  if (parts.length === 0) return undefined;
  return joinBytes(parts);
}

/** An empty value is sent only where the option is defined to have none. */
const mayBeSent = (value: Uint8Array, space: string, code: number, config: AgentConfig): boolean =>
  value.length > 0 || config.optionDefinitions.get(space)?.get(code)?.fields[0]?.kind === "zero-length";

/** Options of `space` that carry a space of their own with options in it, and have no value themselves. */
function carriersIn(space: string, evaluation: Evaluation, config: AgentConfig): readonly OptionDefinition[] {
  const carriers: OptionDefinition[] = [];
  for (const inner of evaluation.spaces) {
    const carrier = carrierOf(inner, config);
    if (carrier?.space === space && carrier.fields.length === 1 && evaluation.option(space, carrier.code) === undefined)
      carriers.push(carrier);
  }
  if (carriers.length < 2) return carriers;
  // In the order in which the spaces are declared, as in dhcpd.
  const order = [...config.optionSpaces.keys()];
  const rank = (carrier: OptionDefinition): number => order.indexOf(encapsulatedSpace(carrier) ?? "");
  return carriers.sort((left, right) => rank(left) - rank(right));
}

/** Options of the "dhcp" space that stand for a space which has options. */
export const encapsulatedCodes = (evaluation: Evaluation, config: AgentConfig): readonly number[] =>
  carriersIn("dhcp", evaluation, config).map((carrier) => carrier.code);

/** dhcpd keeps options in 17 lists by code, the latest first, and sends them list by list. */
const LISTS = 17;

/** Codes of `space` that have a value, in the order in which dhcpd sends them. */
export function orderedCodes(space: string, evaluation: Evaluation, added: readonly number[] = []): readonly number[] {
  const inserted = insertedCodes(evaluation, space);
  if (space === "agent" || space === "fqdn") return inserted;
  const all = added.length === 0 ? inserted : [...inserted.filter((code) => !added.includes(code)), ...added];
  return all
    .map((code, index) => ({ code, index }))
    .sort((left, right) => listOf(left.code) - listOf(right.code) || right.index - left.index)
    .map(({ code }) => code);
}

const listOf = (code: number): number => ((code & 31) + ((code >>> 5) & 31)) % LISTS;
