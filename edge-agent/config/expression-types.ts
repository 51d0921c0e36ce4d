import type { Expression, ExpressionKind } from "./expression.ts";
import type { ExpressionContext } from "./parse-context.ts";

/** What an expression gives; "any" for variables and calls, whose type is known only when they run. */
export type ValueType = "data" | "numeric" | "boolean" | "any";

const NUMERIC = new Set<ExpressionKind["kind"]>(["number", "extract-int", "lease-time", "arithmetic", "client-state"]);
const BOOLEAN = new Set<ExpressionKind["kind"]>([
  "boolean",
  "check",
  "exists",
  "variable-exists",
  "equal",
  "not-equal",
  "regex",
  "and",
  "or",
  "not",
  "known",
  "static",
]);

export function typeOf(expression: Expression): ValueType {
  if (expression.kind === "variable" || expression.kind === "call") return "any";
  if (NUMERIC.has(expression.kind)) return "numeric";
  return BOOLEAN.has(expression.kind) ? "boolean" : "data";
}

/** Binary operators as written. */
export type Operator = "=" | "!=" | "~=" | "~~" | "and" | "or" | "+" | "-" | "/" | "*" | "%" | "&" | "|" | "^";

/** dhcpd's precedences, as they are: a higher number binds tighter, so "*" binds looser than "+", and both looser than "=". */
const PRECEDENCE: Readonly<Record<Operator, number>> = {
  "=": 4,
  "!=": 4,
  "~=": 4,
  "~~": 4,
  and: 3,
  or: 3,
  "+": 2,
  "-": 2,
  "*": 1,
  "/": 1,
  "%": 1,
  "&": 100,
  "|": 100,
  "^": 100,
};

export const bindsTighter = (next: Operator, operator: Operator): boolean => PRECEDENCE[next] > PRECEDENCE[operator];

/** What a bare number means on the right of `operator`, when it was reached from a looser one. */
export function contextOf(operator: Operator): ExpressionContext {
  if (operator === "and" || operator === "or") return "boolean";
  return operator === "=" || operator === "!=" || operator === "~=" || operator === "~~" ? "data" : "numeric";
}

/** What is wrong with `left operator right`, or undefined. */
export function typeProblem(operator: Operator, left: ValueType, right: ValueType): string | undefined {
  if (left !== "any" && right !== "any" && left !== right) return "illegal expression relating different types";
  if (operator === "=" || operator === "!=") return right === "boolean" ? "expecting data/numeric expression" : undefined;
  if (operator === "~=") return right === "data" ? undefined : "expecting data expression";
  if (operator === "~~") return undefined;
  if (operator === "and" || operator === "or") return right === "boolean" || right === "any" ? undefined : "expecting boolean expressions";
  return right === "numeric" || right === "any" ? undefined : "expecting numeric expressions";
}

export function combine(operator: Operator, left: Expression, right: Expression): Expression {
  const { location } = left;
  switch (operator) {
    case "=":
      return { kind: "equal", left, right, location };
    case "!=":
      return { kind: "not-equal", left, right, location };
    case "~=":
    case "~~":
      return { kind: "regex", subject: left, pattern: right, ignoreCase: operator === "~~", location };
    case "and":
    case "or":
      return { kind: operator, left, right, location };
    default:
      return { kind: "arithmetic", operator, left, right, location };
  }
}
