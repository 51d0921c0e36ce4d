import { unreachable } from "../../values/assert.ts";
import type { Expression } from "../expression.ts";
import {
  binaryToAscii,
  calculate,
  changeCase,
  concatenate,
  DATA_LIMIT,
  encodeInteger,
  extractInteger,
  joinDomainLists,
  readable,
  reverse,
  same,
  substring,
  suffix,
  untilNul,
} from "./data-operations.ts";
import { decidedValue, fallbackValue } from "./decided.ts";
import { Bindings, bytesOf, type Environment, isFunction, nested, textOf, type Value, whyNotCalled } from "./environment.ts";
import { factOf, isFixed, MISSING_FACT } from "./facts.ts";
import { packetOption } from "./packet-options.ts";
import { matchesRegex } from "./posix-regex.ts";

type Of<K extends Expression["kind"]> = Expression & { readonly kind: K };

/**
 * What `expression` gives, of whatever type; undefined is dhcpd's "null". Never throws; when steps or depth run out, the rest
 * gives nothing.
 */
export function evaluate(expression: Expression, env: Environment): Value | undefined {
  if (!env.spend()) return undefined;
  switch (expression.kind) {
    case "bytes":
    case "number":
    case "boolean":
      return expression.value;
    case "variable":
      return variable(expression.name, env);
    case "call":
      return call(expression, env);
    case "exists":
    case "known":
    case "static":
    case "check":
    case "not":
    case "and":
    case "or":
    case "equal":
    case "not-equal":
    case "regex":
    case "variable-exists":
      return truth(expression, env);
    case "hardware-type":
    case "extract-int":
    case "lease-time":
    case "client-state":
    case "arithmetic":
      return numeric(expression, env);
    default:
      return data(expression, env);
  }
}

/** As {@link evaluate}, for where data must stand: anything else is nothing. */
export function evaluateData(expression: Expression, env: Environment): Uint8Array | undefined {
  if (expression.kind === "bytes") return expression.value;
  const value = evaluateOperand(expression, env);
  return value instanceof Uint8Array ? value : undefined;
}

/** As {@link evaluate}, for where a number must stand. A variable that came back from the lease database is 4 bytes. */
export function evaluateNumber(expression: Expression, env: Environment): number | undefined {
  if (expression.kind === "number") return expression.value;
  const value = evaluateOperand(expression, env);
  if (typeof value === "number") return value;
  return expression.kind === "variable" && value instanceof Uint8Array && value.length === 4 ? extractInteger(value, 32) : undefined;
}

/** As {@link evaluate}, for where a truth must stand. `if` and `match if` take nothing for false. */
export function evaluateBoolean(expression: Expression, env: Environment): boolean | undefined {
  const value = evaluateOperand(expression, env);
  if (typeof value === "boolean") return value;
  // one that came back from the lease database is a byte
  const isTruth = expression.kind === "variable" && value instanceof Uint8Array && value.length === 1 && value[0]! <= 1;
  return isTruth ? value[0] === 1 : undefined;
}

/**
 * Inside other expressions dhcpd runs a function and then loses what it returned; only `set`, `=`, arguments, `return` and the
 * value of an option get it.
 */
function evaluateOperand(expression: Expression, env: Environment): Value | undefined {
  const value = evaluate(expression, env);
  return expression.kind === "call" ? undefined : value;
}

type TruthKind = "exists" | "known" | "static" | "check" | "not" | "and" | "or" | "equal" | "not-equal" | "regex" | "variable-exists";

function truth(expression: Of<TruthKind>, env: Environment): boolean | undefined {
  const { input } = env;
  switch (expression.kind) {
    case "exists":
      return input.message !== undefined && packetOption(input.message, expression.option, input.config) !== undefined;
    case "known":
      return input.message === undefined ? undefined : input.known;
    case "static":
      return isFixed(input);
    case "check":
      return input.classNames.includes(expression.className) || (expression.className === "default" && input.classNames.length > 0);
    case "not": {
      const operand = evaluateBoolean(expression.operand, env);
      return operand === undefined ? undefined : !operand;
    }
    case "and":
      // dhcpd never looks at the right side of a false left side, and then calls the whole nothing
      return evaluateBoolean(expression.left, env) === true ? evaluateBoolean(expression.right, env) : undefined;
    case "or":
      return or(expression, env);
    case "equal":
      return same(evaluate(expression.left, env), evaluate(expression.right, env));
    case "not-equal":
      return !same(evaluate(expression.left, env), evaluate(expression.right, env));
    case "regex":
      return regex(expression, env);
    case "variable-exists":
      return env.scope.get(expression.name) !== undefined;
    default:
      return unreachable(expression);
  }
}

function or(expression: Of<"and" | "or">, env: Environment): boolean | undefined {
  const left = evaluateBoolean(expression.left, env);
  if (left === true) return true;
  const right = evaluateBoolean(expression.right, env);
  return right ?? left;
}

function regex(expression: Of<"regex">, env: Environment): boolean | undefined {
  const subject = evaluateData(expression.subject, env);
  const pattern = evaluateData(expression.pattern, env);
  if (subject === undefined || pattern === undefined) return undefined;
  const text = textOf(untilNul(pattern));
  const matched = matchesRegex(textOf(untilNul(subject)), text, expression.ignoreCase);
  if (matched === undefined) env.log("error", `"${readable(pattern)}" is no regular expression`);
  return matched ?? false;
}

function numeric(
  expression: Of<"hardware-type" | "extract-int" | "lease-time" | "client-state" | "arithmetic">,
  env: Environment,
): number | undefined {
  switch (expression.kind) {
    case "hardware-type":
      return env.input.message?.htype;
    case "extract-int": {
      const bytes = evaluateData(expression.data, env);
      return bytes === undefined ? undefined : extractInteger(bytes, expression.bits);
    }
    case "lease-time":
      return env.input.leaseSeconds;
    case "client-state":
      return undefined; // a client's, never a server's
    case "arithmetic": {
      const left = evaluateNumber(expression.left, env);
      const right = evaluateNumber(expression.right, env);
      return left === undefined || right === undefined ? undefined : calculate(expression.operator, left, right);
    }
    default:
      return unreachable(expression);
  }
}

type DataKind = Exclude<
  Expression["kind"],
  | TruthKind
  | "bytes"
  | "number"
  | "boolean"
  | "variable"
  | "call"
  | "hardware-type"
  | "extract-int"
  | "lease-time"
  | "client-state"
  | "arithmetic"
>;

function data(expression: Of<DataKind>, env: Environment): Uint8Array | undefined {
  switch (expression.kind) {
    case "option":
      return option(expression, env);
    case "concat":
      return (expression.areDomainLists === true ? joinDomainLists : concatenate)(expression.parts.map((part) => evaluateData(part, env)));
    case "pick-first-value":
      for (const choice of expression.choices) {
        const value = evaluateData(choice, env);
        if (value !== undefined) return value;
      }
      return undefined;
    case "substring":
    case "suffix":
    case "case":
    case "reverse":
    case "binary-to-ascii":
      return transformed(expression, env);
    case "encode-int": {
      const number = evaluateNumber(expression.value, env);
      return number === undefined ? undefined : encodeInteger(number, expression.bits);
    }
    case "host-addresses":
      return expression.resolved.length === 0 ? undefined : expression.resolved;
    case "gethostbyname":
    case "null":
      return undefined;
    case "packet":
      return packet(expression, env);
    default: {
      const fact = factOf(expression.kind, env.input);
      const missing = fact === undefined ? MISSING_FACT[expression.kind] : undefined;
      if (missing !== undefined) env.log("error", missing);
      return fact;
    }
  }
}

function packet(expression: Of<"packet">, env: Environment): Uint8Array | undefined {
  const { message } = env.input;
  if (message === undefined) env.log("error", "data: packet: raw packet not available");
  const offset = evaluateNumber(expression.offset, env);
  const length = evaluateNumber(expression.length, env);
  if (message === undefined || offset === undefined || length === undefined) return undefined;
  return offset < 0 || offset >= message.bytes.length ? undefined : substring(message.bytes, offset, length);
}

function transformed(
  expression: Of<"substring" | "suffix" | "case" | "reverse" | "binary-to-ascii">,
  env: Environment,
): Uint8Array | undefined {
  const bytes = evaluateData(expression.data, env);
  if (expression.kind === "case") return bytes === undefined ? undefined : changeCase(bytes, expression.to);
  if (expression.kind === "binary-to-ascii") {
    const base = evaluateNumber(expression.base, env);
    const width = evaluateNumber(expression.width, env);
    const separator = evaluateData(expression.separator, env);
    if (base === undefined || width === undefined || separator === undefined || bytes === undefined) return undefined;
    const text = binaryToAscii(base, width, textOf(separator), bytes);
    if (text === undefined && bytes.length % (width >> 3) !== 0)
      env.log("error", `binary-to-ascii: length of buffer ${bytes.length} not a multiple of width ${width >> 3}!`);
    return text === undefined || text.length > DATA_LIMIT ? undefined : bytesOf(text);
  }
  if (expression.kind === "reverse") {
    const width = evaluateNumber(expression.width, env);
    return bytes === undefined || width === undefined ? undefined : reverse(bytes, width);
  }
  const length = evaluateNumber(expression.length, env);
  if (expression.kind === "suffix") return bytes === undefined || length === undefined ? undefined : suffix(bytes, length);
  const offset = evaluateNumber(expression.offset, env);
  return bytes === undefined || offset === undefined || length === undefined ? undefined : substring(bytes, offset, length);
}

function option(expression: Of<"option">, env: Environment): Uint8Array | undefined {
  const { message, config } = env.input;
  if (expression.from === "packet") return message === undefined ? undefined : packetOption(message, expression.option, config);
  const decided = decidedValue(env, expression.option);
  if (decided !== undefined) return decided.value;
  const configured = env.options.configured(expression.option);
  return configured === undefined ? fallbackValue(env, expression.option) : nested(env, () => evaluateData(configured, env));
}

function variable(name: string, env: Environment): Value | undefined {
  const value = env.scope.get(name);
  return isFunction(value) ? undefined : value;
}

function call(expression: Of<"call">, env: Environment): Value | undefined {
  const definition = env.scope.get(expression.name);
  const count = expression.arguments.length;
  if (!isFunction(definition) || definition.parameters.length !== count) {
    env.log("error", `${expression.name}: ${whyNotCalled(definition, count)}.`);
    return undefined;
  }
  return nested(env, () => {
    const inner = new Bindings(env.scope);
    definition.parameters.forEach((parameter, index) => {
      inner.bind(parameter, evaluate(expression.arguments[index]!, env));
    });
    const before = { scope: env.scope, inFunction: env.inFunction };
    env.scope = inner;
    env.inFunction = true;
    env.runBody(definition.body, env);
    const value = env.returned;
    env.returned = undefined;
    env.scope = before.scope;
    env.inFunction = before.inFunction;
    return value;
  });
}
