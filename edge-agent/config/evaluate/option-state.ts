import type { Expression, OptionOperator } from "../expression.ts";
import type { OptionDefinition } from "../option-definition.ts";
import { encodeInteger } from "./data-operations.ts";

/** Parameters of the server are kept like options, in a space of their own, by name. */
const PARAMETERS = "parameters";

/**
 * Options and parameters that statements set so far. As in dhcpd, what is kept is the expression: it is evaluated when
 * the option is needed, with the variables and options of that moment. Lies over a `base` that it leaves as it is.
 */
export class OptionState {
  readonly #base: OptionState | undefined;
  readonly #spaces = new Map<string, Map<number | string, Expression>>();

  constructor(base?: OptionState) {
    this.#base = base;
  }

  option(space: string, code: number): Expression | undefined {
    return this.#get(space, code);
  }
  parameter(name: string): Expression | undefined {
    return this.#get(PARAMETERS, name);
  }
  /** What `config-option` looks at: dhcpd keeps the parameters too as options, in the space "server", numbers as wide as their format says. */
  configured(option: OptionDefinition): Expression | undefined {
    if (option.space !== "server") return this.option(option.space, option.code);
    const parameter = this.parameter(option.name);
    if (parameter?.kind !== "number") return parameter;
    return { kind: "bytes", value: encodeInteger(parameter.value, parameterBits(option)), location: parameter.location };
  }
  setOption({ space, code, fields: [field] }: OptionDefinition, operator: OptionOperator, value: Expression): void {
    this.#apply(space, code, operator, value, field?.kind === "domain-list" && field.compressed);
  }
  setParameter(name: string, operator: OptionOperator, value: Expression): void {
    this.#apply(PARAMETERS, name, operator, value);
  }

  /** Names of the spaces that have an option. */
  spaces(): string[] {
    const names = new Set(this.#base?.spaces());
    for (const name of this.#spaces.keys()) if (name !== PARAMETERS) names.add(name);
    return [...names];
  }
  /** Codes in `space`, in the order in which they were first set. */
  codes(space: string): number[] {
    const own = this.#spaces.get(space);
    const codes = this.#base?.codes(space) ?? [];
    if (own === undefined) return codes;
    const known = new Set(codes);
    for (const code of own.keys()) if (typeof code === "number" && !known.has(code)) codes.push(code);
    return codes;
  }

  #get(space: string, key: number | string): Expression | undefined {
    const own = this.#spaces.get(space)?.get(key);
    if (own !== undefined || this.#base === undefined) return own;
    return this.#base.#get(space, key);
  }

  #apply(space: string, key: number | string, operator: OptionOperator, value: Expression, areDomainLists = false): void {
    const before = operator === "supersede" || operator === "send" ? undefined : this.#get(space, key);
    if (before !== undefined && operator === "default") return;
    const parts = before === undefined ? [] : operator === "append" ? [before, value] : [value, before];
    const joined: Expression = before === undefined ? value : { kind: "concat", parts, areDomainLists, location: value.location };
    let own = this.#spaces.get(space);
    if (own === undefined) {
      own = new Map();
      this.#spaces.set(space, own);
    }
    own.set(key, joined);
  }
}

/** Flags and enumerations take a byte. */
function parameterBits({ fields: [field] }: OptionDefinition): 8 | 16 | 32 {
  if (field?.kind === "lease-time") return 32;
  return field?.kind === "integer" ? field.bits : 8;
}
