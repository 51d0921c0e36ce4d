import type { EvaluationInput } from "../evaluation.ts";
import type { LeaseEvent, Statement } from "../expression.ts";
import type { Decided } from "./decided.ts";
import { OptionState } from "./option-state.ts";

/** What an expression gives, apart from nothing (`undefined`): data, a number or a truth. */
export type Value = Uint8Array | number | boolean;
/** A function of dhcp-eval(5): `define NAME (PARAMETERS) { BODY }`. */
export interface FunctionValue {
  readonly parameters: readonly string[];
  readonly body: readonly Statement[];
}

export type LogPriority = "fatal" | "error" | "info" | "debug";

/** Expressions and statements one packet may run before the rest give nothing; generous, but it ends what loops. */
export const STEP_BUDGET = 50_000;
/** Functions, and options that refer to options, within each other. */
export const DEPTH_LIMIT = 40;

/** Names and what they are bound to. A name may be known and yet have no value, after `unset` or a failed `set`. */
export class Bindings {
  readonly #names = new Map<string, Value | FunctionValue | undefined>();
  readonly outer: Bindings | undefined;

  constructor(outer?: Bindings) {
    this.outer = outer;
  }

  get(name: string): Value | FunctionValue | undefined {
    for (let scope: Bindings | undefined = this; scope !== undefined; scope = scope.outer) {
      if (scope.#names.has(name)) return scope.#names.get(name);
    }
    return undefined;
  }
  /** Binds the name where it is known, else here. */
  set(name: string, value: Value | FunctionValue | undefined): void {
    for (let scope: Bindings | undefined = this; scope !== undefined; scope = scope.outer) {
      if (scope.#names.has(name)) {
        scope.#names.set(name, value);
        return;
      }
    }
    this.#names.set(name, value);
  }
  /** Binds the name here, hiding an outer one. */
  bind(name: string, value: Value | FunctionValue | undefined): void {
    this.#names.set(name, value);
  }
  entries(): Iterable<[string, Value | FunctionValue | undefined]> {
    return this.#names;
  }
}

/** What running statements has brought about so far, and what expressions look at. One for each evaluation. */
export class Environment {
  readonly input: EvaluationInput;
  readonly options: OptionState;
  /** Variables of the lease; functions and `let` put inner ones in front of it. */
  readonly root: Bindings;
  scope: Bindings;
  /** True once a statement bound or unbound a variable. */
  variablesChanged = false;
  vendorOptionSpace: string | undefined;
  siteOptionSpace: string | undefined;
  readonly logs: { readonly priority: LogPriority; readonly text: string }[] = [];
  readonly handlers = new Map<LeaseEvent, readonly Statement[]>();
  readonly executions: { readonly command: string; readonly arguments: readonly string[] }[] = [];
  readonly addedClasses: string[] = [];
  /** Undefined as long as there is no answer. */
  decided: Decided | undefined;
  steps = STEP_BUDGET;
  depth = 0;
  /** Set within a function once `return` gave a value. */
  returned: Value | undefined;
  inFunction = false;
  /** Runs the body of a function; here so that expressions need not know statements. */
  readonly runBody: (body: readonly Statement[], env: Environment) => void;

  constructor(input: EvaluationInput, runBody: (body: readonly Statement[], env: Environment) => void, base?: OptionState) {
    this.input = input;
    this.runBody = runBody;
    this.options = new OptionState(base);
    this.root = new Bindings();
    for (const [name, declared] of input.config.functions) this.root.bind(name, declared);
    if (input.lease !== undefined) for (const [name, value] of input.lease.variables) this.root.bind(name, value);
    this.scope = this.root;
  }

  /** One step; false when the budget is used up. */
  spend(): boolean {
    this.steps -= 1;
    if (this.steps === 0)
      this.log("error", "the configuration took too many steps for one packet; the rest of its expressions give nothing");
    return this.steps > 0;
  }

  log(priority: LogPriority, text: string): void {
    if (this.logs.length < 1000) this.logs.push({ priority, text });
  }
}

/** Is this what `define` made? */
export const isFunction = (value: Value | FunctionValue | undefined): value is FunctionValue =>
  typeof value === "object" && !(value instanceof Uint8Array);

/** Why `found` is no function of so many arguments, in dhcpd's words. */
export function whyNotCalled(found: Value | FunctionValue | undefined, count: number): string {
  if (found === undefined) return "no such function";
  if (!isFunction(found)) return "not a function";
  return count > found.parameters.length ? "too many arguments" : "too few arguments";
}

/** Text as bytes, one byte a character (dhcpd strings are bytes). */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}
/** Bytes as text, one character a byte. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 1) text += String.fromCharCode(bytes[index]!);
  return text;
}

/** What `run` gives one level deeper; undefined where {@link DEPTH_LIMIT} is reached. */
export function nested<T>(env: Environment, run: () => T): T | undefined {
  if (env.depth >= DEPTH_LIMIT) return undefined;
  env.depth += 1;
  const value = run();
  env.depth -= 1;
  return value;
}
