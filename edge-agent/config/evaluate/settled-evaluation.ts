import type { Evaluation } from "../evaluation.ts";
import type { Expression, LeaseEvent, Statement } from "../expression.ts";
import { encodeInteger } from "./data-operations.ts";
import { type Environment, isFunction, STEP_BUDGET, type Value } from "./environment.ts";
import { evaluate } from "./expressions.ts";

const NO_VARIABLES: ReadonlyMap<string, Uint8Array> = new Map();

/** The result of statements that have run. Values are evaluated when first asked for, then kept. */
export class SettledEvaluation implements Evaluation {
  readonly environment: Environment;
  /** Nothing of a packet, lease or host is in it: it serves every reply of its chain. */
  readonly reusable: boolean;
  readonly vendorOptionSpace: string | undefined;
  readonly siteOptionSpace: string | undefined;
  readonly handlers: readonly { readonly events: readonly LeaseEvent[]; readonly body: readonly Statement[] }[];
  readonly variables: ReadonlyMap<string, Uint8Array>;
  readonly #options = new Map<string, Map<number, Uint8Array | undefined>>();
  readonly #codes = new Map<string, readonly number[]>();
  readonly #parameters = new Map<string, Value | undefined>();
  #spaces: readonly string[] | undefined;

  constructor(environment: Environment, reusable = false) {
    this.environment = environment;
    this.reusable = reusable;
    environment.steps = STEP_BUDGET;
    environment.scope = environment.root;
    this.vendorOptionSpace = environment.vendorOptionSpace;
    this.siteOptionSpace = environment.siteOptionSpace;
    this.handlers = [...environment.handlers].map(([event, body]) => ({ events: [event], body }));
    this.variables = environment.variablesChanged ? boundData(environment) : (environment.input.lease?.variables ?? NO_VARIABLES);
  }

  get logs(): Evaluation["logs"] {
    return this.environment.logs;
  }
  get executions(): Evaluation["executions"] {
    return this.environment.executions;
  }
  get addedClasses(): readonly string[] {
    return this.environment.addedClasses;
  }
  get spaces(): readonly string[] {
    this.#spaces ??= this.environment.options.spaces();
    return this.#spaces;
  }

  codes(space: string): readonly number[] {
    let codes = this.#codes.get(space);
    if (codes === undefined) {
      codes = this.environment.options
        .codes(space)
        .filter((code) => this.option(space, code) !== undefined)
        .sort((left, right) => left - right);
      this.#codes.set(space, codes);
    }
    return codes;
  }

  /** As {@link codes}, but in the order in which statements first set them. */
  inserted(space: string): readonly number[] {
    return this.environment.options.codes(space).filter((code) => this.option(space, code) !== undefined);
  }

  option(space: string, code: number): Uint8Array | undefined {
    let known = this.#options.get(space);
    if (known === undefined) {
      known = new Map();
      this.#options.set(space, known);
    }
    const value = known.get(code);
    if (value !== undefined || known.has(code)) return value;
    const expression = this.environment.options.option(space, code);
    const evaluated = expression === undefined ? undefined : asBytes(this.#evaluate(expression));
    known.set(code, evaluated);
    return evaluated;
  }

  number(parameter: string): number | undefined {
    const value = this.#parameter(parameter);
    if (typeof value === "number") return value;
    if (typeof value === "boolean") return value ? 1 : 0;
    return value === undefined ? undefined : bigEndian(value);
  }

  /** Anything but zero is true, but for 2, which is dhcpd's "ignore". */
  flag(parameter: string): boolean | undefined {
    const value = this.#parameter(parameter);
    if (value === undefined || typeof value === "boolean") return value;
    const first = typeof value === "number" ? value : (value[0] ?? 0);
    return first !== 0 && first !== 2;
  }

  bytes(parameter: string): Uint8Array | undefined {
    return asBytes(this.#parameter(parameter));
  }

  #parameter(name: string): Value | undefined {
    const value = this.#parameters.get(name);
    if (value !== undefined || this.#parameters.has(name)) return value;
    const expression = this.environment.options.parameter(name);
    const evaluated = expression === undefined ? undefined : this.#evaluate(expression);
    this.#parameters.set(name, evaluated);
    return evaluated;
  }

  #evaluate(expression: Expression): Value | undefined {
    return expression.kind === "bytes" ? expression.value : evaluate(expression, this.environment);
  }
}

/** Options shared by all, with the variables of one lease: what a chain that looks at nothing gives to a lease that has some. */
export class LeaseEvaluation implements Evaluation {
  readonly shared: SettledEvaluation;
  readonly variables: ReadonlyMap<string, Uint8Array>;

  constructor(shared: SettledEvaluation, variables: ReadonlyMap<string, Uint8Array>) {
    this.shared = shared;
    this.variables = variables;
  }

  get vendorOptionSpace(): string | undefined {
    return this.shared.vendorOptionSpace;
  }
  get siteOptionSpace(): string | undefined {
    return this.shared.siteOptionSpace;
  }
  get handlers(): Evaluation["handlers"] {
    return this.shared.handlers;
  }
  get logs(): Evaluation["logs"] {
    return this.shared.logs;
  }
  get executions(): Evaluation["executions"] {
    return this.shared.executions;
  }
  get addedClasses(): readonly string[] {
    return this.shared.addedClasses;
  }
  get spaces(): readonly string[] {
    return this.shared.spaces;
  }
  codes(space: string): readonly number[] {
    return this.shared.codes(space);
  }
  option(space: string, code: number): Uint8Array | undefined {
    return this.shared.option(space, code);
  }
  number(parameter: string): number | undefined {
    return this.shared.number(parameter);
  }
  flag(parameter: string): boolean | undefined {
    return this.shared.flag(parameter);
  }
  bytes(parameter: string): Uint8Array | undefined {
    return this.shared.bytes(parameter);
  }
}

/** The evaluation that holds the options of `evaluation`: two of the same have the same options. Undefined for a foreign one. */
export function sharedPart(evaluation: Evaluation): SettledEvaluation | undefined {
  if (evaluation instanceof LeaseEvaluation) return evaluation.shared;
  return evaluation instanceof SettledEvaluation ? evaluation : undefined;
}

/** Has the configuration set an option, be its value nothing? */
export const isSet = (evaluation: Evaluation, space: string, code: number): boolean =>
  sharedPart(evaluation)?.environment.options.option(space, code) !== undefined;

function asBytes(value: Value | undefined): Uint8Array | undefined {
  if (typeof value === "number") return encodeInteger(value, 32);
  if (typeof value === "boolean") return Uint8Array.of(value ? 1 : 0);
  return value;
}

function bigEndian(bytes: Uint8Array): number | undefined {
  if (bytes.length === 0 || bytes.length > 4) return undefined;
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

/** The variables as the lease stores them: numbers as 4 bytes, truths as one. */
function boundData(environment: Environment): ReadonlyMap<string, Uint8Array> {
  const variables = new Map<string, Uint8Array>();
  for (const [name, value] of environment.root.entries()) {
    const bytes = isFunction(value) ? undefined : asBytes(value);
    if (bytes !== undefined) variables.set(name, bytes);
  }
  return variables;
}
