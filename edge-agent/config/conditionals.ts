import type { Expression, LeaseEvent, Statement, SwitchCase } from "./expression.ts";
import { typedOrAbsent } from "./expression-terms.ts";
import { typeOf } from "./expression-types.ts";
import type { Location } from "./location.ts";
import type { ExpressionContext, ParseContext, StatementBox } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";

/** As many `elsif`s as the evaluator can walk. */
const LONGEST_ELSE_CHAIN = 2000;

function fail(reader: TokenReader, message: string, mend?: string): "failed" {
  reader.fail(message, mend);
  reader.skipStatement();
  return "failed";
}

/** Skips all up to the next "}", whatever is between, as dhcpd does. */
function skipToBrace(reader: TokenReader): void {
  while (reader.peek().type !== "EOF" && reader.peek().type !== "}") reader.next();
  reader.next();
}

/**
 * Statements after a "{", and the "}". Errors inside are reported, what is sound is kept. dhcpd reads nothing more of a block after
 * an error, and goes on as `recover` does.
 */
export function statementBlock(
  context: ParseContext,
  reader: TokenReader,
  recover: (reader: TokenReader) => void = skipToBrace,
): readonly Statement[] | "failed" {
  const found: Statement[] = [];
  context.placeKind = undefined;
  for (;;) {
    const { taken } = reader;
    const one = context.grammar.statement(context, reader);
    if (one === "failed" && reader.likeDhcpd) {
      recover(reader);
      return "failed";
    }
    if (one === "failed" && reader.taken === taken) reader.next();
    if (one === "failed") continue;
    if (one !== "absent") {
      if (one.statement !== undefined) found.push(one.statement);
      continue;
    }
    const token = reader.next();
    if (token.type === "}") return found;
    if (token.type === "EOF") return fail(reader, "right brace expected.", "the file ends inside this block");
    fail(reader, "right brace expected.", `"${token.text}" may not stand in a block of statements`);
    if (reader.likeDhcpd) return "failed";
  }
}

const NO_RECOVERY = (): void => {};

interface Branch {
  readonly condition: Expression;
  readonly then: readonly Statement[];
  readonly location: Location;
}

/** `if`, after that word, with every `elsif` and `else if` that follows, and the `else`. */
export function conditional(context: ParseContext, reader: TokenReader, location: Location): StatementBox | "failed" {
  const branches: Branch[] = [];
  let otherwise: readonly Statement[] = [];
  let at = location;
  for (;;) {
    const condition = conditionOf(context, reader);
    if (condition === "failed") return condition;
    if (reader.next().type !== "{") return fail(reader, "left brace expected.", `found "${reader.last.text}"`);
    const then = statementBlock(context, reader);
    if (then === "failed") return then;
    branches.push({ condition, then, location: at });
    if (branches.length > LONGEST_ELSE_CHAIN) return fail(reader, `more than ${LONGEST_ELSE_CHAIN} branches`);
    at = reader.locationOf(reader.peek());
    if (reader.accept("elsif")) continue;
    if (!reader.accept("else")) break;
    if (reader.accept("if")) continue;
    if (!reader.accept("{")) {
      if (!reader.likeDhcpd) reader.next();
      return fail(reader, "left brace or if expected.");
    }
    const last = statementBlock(context, reader, NO_RECOVERY);
    if (last === "failed") return last;
    otherwise = last;
    break;
  }
  let whole: Statement | undefined;
  for (const branch of branches.reverse()) {
    whole = { kind: "if", ...branch, otherwise: whole === undefined ? otherwise : [whole] };
  }
  return { statement: whole };
}

/** dhcpd takes an outermost "(" for part of the statement: what follows its ")" must be the block. */
function conditionOf(context: ParseContext, reader: TokenReader): Expression | "failed" {
  const parenthesis = reader.accept("(");
  const condition = typedOrAbsent(context, reader, "boolean");
  if (condition === "failed" || (condition !== "absent" && (!parenthesis || reader.next().type === ")"))) return condition;
  reader.fail(condition === "absent" ? "boolean expression expected." : "expecting right paren.");
  reader.skipUnlikeDhcpd();
  return "failed";
}

const EVENTS = new Set(["commit", "release", "expiry", "transmission"]);

/** `on EVENT or EVENT { … }`, after `on`. */
export function eventHandler(context: ParseContext, reader: TokenReader, location: Location): StatementBox | "failed" {
  const events: LeaseEvent[] = [];
  do {
    const event = reader.next().type;
    if (!EVENTS.has(event)) return fail(reader, "expecting a lease event type", [...EVENTS].join(", "));
    events.push(event as LeaseEvent);
  } while (reader.next().type === "or");
  if (reader.last.type === ";") return { statement: { kind: "on", events, body: [], location } };
  if (reader.last.type !== "{") return fail(reader, "left brace expected.");
  const body = statementBlock(context, reader);
  return body === "failed" ? body : { statement: { kind: "on", events, body, location } };
}

/** `switch (EXPR) { case EXPR: … default: … }`, after `switch`. */
export function multiway(context: ParseContext, reader: TokenReader, location: Location): StatementBox | "failed" {
  if (reader.next().type !== "(") return fail(reader, "expecting left brace.", "write switch (EXPRESSION) { … }");
  const value = context.grammar.expression(context, reader, "data-or-numeric");
  if (value === "absent") return fail(reader, "expecting data or numeric expression.");
  if (value === "failed") return value;
  if (reader.next().type !== ")") return fail(reader, "right paren expected.");
  if (reader.next().type !== "{") return fail(reader, "left brace expected.");
  const numeric = typeOf(value) !== "data";
  const cases = casesOf(context, reader, numeric ? "numeric" : "data");
  return cases === "failed" ? cases : { statement: { kind: "switch", value, numeric, cases, location } };
}

function casesOf(context: ParseContext, reader: TokenReader, wanted: ExpressionContext): readonly SwitchCase[] | "failed" {
  const cases: SwitchCase[] = [];
  let body: Statement[] = [];
  for (;;) {
    const token = reader.peek();
    if (token.type === "case" || (token.type === "default" && reader.peek(1).type === ":")) {
      reader.next();
      const matches = token.type === "case" ? caseValue(context, reader, wanted) : undefined;
      if (token.type === "default") reader.next();
      if (matches === "failed" && reader.likeDhcpd) return leaveSwitch(reader);
      body = [];
      cases.push({ matches: matches === "failed" ? undefined : matches, body });
      continue;
    }
    const { taken } = reader;
    const one = context.grammar.statement(context, reader);
    if (one === "failed" && reader.likeDhcpd) return leaveSwitch(reader);
    if (one === "failed" && reader.taken === taken) reader.next();
    if (one === "failed") continue;
    if (one !== "absent") {
      if (one.statement !== undefined) body.push(one.statement);
      continue;
    }
    if (reader.next().type === "}") return cases;
    if (reader.last.type === "EOF") return fail(reader, "right brace expected.", "the file ends inside this switch");
    fail(reader, "right brace expected.", `"${reader.last.text}" may not stand in a switch`);
    if (reader.likeDhcpd) return "failed";
  }
}

/** What `case` is followed by, and ":". */
function caseValue(context: ParseContext, reader: TokenReader, wanted: ExpressionContext): Expression | "failed" {
  const value = context.grammar.expression(context, reader, wanted);
  if (value === "absent") return fail(reader, `expecting ${wanted} expression.`);
  if (value === "failed" && reader.likeDhcpd) reader.skipStatement();
  if (value !== "failed" && reader.next().type !== ":") return fail(reader, "colon expected.");
  return value;
}

function leaveSwitch(reader: TokenReader): "failed" {
  reader.skipBraces(1);
  return "failed";
}
