import type { EvaluationInput } from "../evaluation.ts";
import type { OptionDefinition } from "../option-definition.ts";
import { packetOption } from "./packet-options.ts";

/** An option that the server puts into an answer by itself. */
interface DecidedOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** What the server has put into its answer itself, so that `config-option` sees it: as in dhcpd, while options are laid out. */
export interface Decided {
  /** Whatever the configuration says. */
  readonly forced: readonly DecidedOption[];
  /** For want of a configured one. */
  readonly fallback: readonly DecidedOption[];
  /** Configured ones that this answer goes without. */
  readonly hidden?: ReadonlySet<number> | undefined;
  /** The relay's options go back with it. */
  readonly echoesAgent: boolean;
}

/** When scopes and `on commit` run, the relay's options are in the answer and nothing else is. */
export const RELAYED: Decided = { forced: [], fallback: [], echoesAgent: true };

/** Where an expression that asks for an option stands. */
interface Asking {
  readonly decided: Decided | undefined;
  readonly input: EvaluationInput;
}

/** What `config-option` gives of an option that is not for the configuration to decide; undefined if it is. */
export function decidedValue(
  { decided, input: { message, config } }: Asking,
  option: OptionDefinition,
): { readonly value: Uint8Array | undefined } | undefined {
  if (decided === undefined) return undefined;
  const { space, code } = option;
  if (space === "agent") {
    return decided.echoesAgent && message !== undefined ? { value: packetOption(message, option, config) } : undefined;
  }
  if (space !== "dhcp") return undefined;
  const forced = decided.forced.find((one) => one.code === code);
  return forced ?? (decided.hidden?.has(code) === true ? { value: undefined } : undefined);
}

/** What it gives for want of a configured value. */
export const fallbackValue = ({ decided }: Asking, { space, code }: OptionDefinition): Uint8Array | undefined =>
  space === "dhcp" ? decided?.fallback.find((one) => one.code === code)?.value : undefined;
