import { unreachable } from "../../values/assert.ts";
import { sameBytes } from "../../values/hardware-address.ts";
import type { EvaluationInput } from "../evaluation.ts";
import type { Expression, Statement, SwitchCase } from "../expression.ts";
import { untilNul } from "./data-operations.ts";
import { Bindings, Environment, textOf } from "./environment.ts";
import { evaluate, evaluateBoolean, evaluateData, evaluateNumber } from "./expressions.ts";
import type { OptionState } from "./option-state.ts";

const NO_BYTES = new Uint8Array();

/** What expressions need to be evaluated outside of any statement, as for class matching. Lies over the options of `base`. */
export const createEnvironment = (input: EvaluationInput, base?: OptionState): Environment => new Environment(input, run, base);

/**
 * Runs statements in order (dhcpd.conf(5), dhcp-eval(5)). True if a `break` ended them: it ends only the list it stands in,
 * so that a `break` in an `if` within a `switch` leaves the `if`, as in dhcpd.
 */
export function run(statements: readonly Statement[], env: Environment): boolean {
  for (const statement of statements) {
    if (env.returned !== undefined || !env.spend()) return false;
    if (statement.kind === "break") return true;
    execute(statement, env);
  }
  return false;
}

function execute(statement: Statement, env: Environment): void {
  switch (statement.kind) {
    case "option": {
      const { option, operator } = statement;
      env.options.setOption(option, operator, statement.value ?? nothingAt(statement));
      return;
    }
    case "parameter":
      env.options.setParameter(statement.name, statement.operator, statement.value);
      return;
    case "if":
      run(evaluateBoolean(statement.condition, env) === true ? statement.then : statement.otherwise, env);
      return;
    case "switch":
      runCases(statement.cases, matchingCase(statement, env), env);
      return;
    case "vendor-option-space":
      env.vendorOptionSpace = statement.space;
      return;
    case "site-option-space":
      env.siteOptionSpace = statement.space;
      return;
    case "on":
      for (const event of statement.events) env.handlers.set(event, statement.body);
      return;
    case "add-class":
      env.addedClasses.push(statement.className);
      return;
    case "log":
    case "execute":
    case "eval":
      executeEffect(statement, env);
      return;
    case "break":
      return;
    default:
      executeBinding(statement, env);
  }
}

const nothingAt = (statement: Statement): Expression => ({ kind: "bytes", value: NO_BYTES, location: statement.location });

type Of<K extends Statement["kind"]> = Statement & { readonly kind: K };

/** What is logged or handed to a command is a C string: it ends before the first NUL that a client may have put there. */
function executeEffect(statement: Of<"log" | "execute" | "eval">, env: Environment): void {
  if (statement.kind === "eval") {
    evaluate(statement.value, env);
    return;
  }
  if (statement.kind === "log") {
    const text = evaluateData(statement.message, env);
    if (text !== undefined) env.log(statement.priority, textOf(untilNul(text)));
    return;
  }
  const words: string[] = [];
  for (const argument of statement.arguments) {
    const word = evaluateData(argument, env);
    if (word === undefined) {
      for (const [at, text] of [statement.command, ...words].entries()) env.log("debug", `execute_statement argv[${at}] = ${text}`);
      env.log("debug", `execute: bad arg ${words.length + 1}`);
      return;
    }
    words.push(textOf(untilNul(word)));
  }
  env.executions.push({ command: statement.command, arguments: words });
}

function executeBinding(statement: Of<"set" | "unset" | "define" | "return" | "let">, env: Environment): void {
  switch (statement.kind) {
    case "set":
      // as in dhcpd, the old value is gone before the new one is looked at
      env.scope.set(statement.name, undefined);
      env.scope.set(statement.name, evaluate(statement.value, env));
      env.variablesChanged = true;
      return;
    case "unset":
      if (env.scope.get(statement.name) !== undefined) env.scope.set(statement.name, undefined);
      env.variablesChanged = true;
      return;
    case "define":
      env.scope.set(statement.name, { parameters: statement.parameters, body: statement.body });
      return;
    case "return": {
      const value = statement.value === undefined ? undefined : evaluate(statement.value, env);
      if (env.inFunction) env.returned = value;
      return;
    }
    case "let": {
      const outer = env.scope;
      const inner = new Bindings(outer);
      inner.bind(statement.name, evaluate(statement.value, env));
      env.scope = inner;
      run(statement.body, env);
      env.scope = outer;
      return;
    }
    default:
      unreachable(statement);
  }
}

/** The first case that has the value, else `default:` wherever it stands. */
function matchingCase(statement: Of<"switch">, env: Environment): number {
  const wanted = statement.numeric ? evaluateNumber(statement.value, env) : evaluateData(statement.value, env);
  if (wanted !== undefined) {
    for (let index = 0; index < statement.cases.length; index += 1) {
      const candidate = statement.cases[index]!.matches;
      if (candidate === undefined) continue;
      const value: Uint8Array | number | undefined =
        typeof wanted === "number" ? evaluateNumber(candidate, env) : evaluateData(candidate, env);
      if (value === wanted || (wanted instanceof Uint8Array && value instanceof Uint8Array && sameBytes(value, wanted))) return index;
    }
  }
  return statement.cases.findIndex((candidate) => candidate.matches === undefined);
}

function runCases(cases: readonly SwitchCase[], first: number, env: Environment): void {
  if (first < 0) return;
  for (let index = first; index < cases.length; index += 1) if (run(cases[index]!.body, env)) return;
}
