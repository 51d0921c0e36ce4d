import { conditional, eventHandler, multiway, statementBlock } from "./conditionals.ts";
import { keyDeclaration, zoneDeclaration } from "./dns-declarations.ts";
import type { Expression, OptionOperator, Statement } from "./expression.ts";
import { typedOrAbsent } from "./expression-terms.ts";
import type { Location } from "./location.ts";
import { definedOption } from "./option-names.ts";
import { allowDenyStatement, optionStatement } from "./option-statements.ts";
import type { ParseContext, Parsed, StatementBox } from "./parse-context.ts";
import { bytesOf } from "./source.ts";
import { meantStatement } from "./suggestions.ts";
import type { TokenReader } from "./token-reader.ts";

type Result = Parsed<StatementBox>;
type Rule = (context: ParseContext, reader: TokenReader, location: Location) => Result;

/** One statement of those that run while an answer is made. "absent" if none begins here. */
export function statement(context: ParseContext, reader: TokenReader): Result {
  const token = reader.peek();
  const location = reader.locationOf(token);
  if (token.type === "default" && reader.peek(1).type === ":") {
    reader.next();
    if (reader.likeDhcpd) reader.next();
    reader.fail("switch default statement in inappropriate scope.");
    reader.skipUnlikeDhcpd();
    return "failed";
  }
  const rule = RULES.get(token.type);
  if (rule !== undefined) {
    reader.next();
    return context.nested(reader, () => rule(context, reader, location), "failed" as const);
  }
  if (!reader.isIdentifier(token)) return "absent";
  const parameter = context.options.byName("server", token.text);
  if (parameter !== undefined) {
    reader.next();
    return optionStatement(context, reader, parameter, "supersede", location);
  }
  return reader.isVariableName(token) ? evaluation(context, reader, location, "expecting function call.") : "absent";
}

function fail(reader: TokenReader, message: string, mend?: string): "failed" {
  reader.fail(message, mend);
  reader.skipStatement();
  return "failed";
}

/** What a statement comes to without the expression that it needs. Of one that is not there dhcpd says something twice. */
function unusable(reader: TokenReader, value: "absent" | "failed", complaint: string): Result {
  if (value === "absent") {
    fail(reader, complaint);
    return reader.likeDhcpd ? "absent" : "failed";
  }
  if (reader.likeDhcpd) reader.skipStatement();
  return value;
}

/** `done` and its semicolon. */
const ended = (reader: TokenReader, done: Statement | undefined): Result => (reader.semicolon() ? { statement: done } : "failed");

/** An expression that is run for what it does; a bare word is most often a misspelt statement, so say so. */
function evaluation(context: ParseContext, reader: TokenReader, location: Location, complaint: string): Result {
  const word = reader.peek();
  const value = context.grammar.expression(context, reader, "data");
  if (value === "absent" || value === "failed") return unusable(reader, value, complaint);
  if (value.kind === "variable" && reader.peek().type !== ";") {
    reader.next();
    const meant = meantStatement(context, word.text);
    return fail(reader, "semicolon expected.", `"${word.text}" is no statement that dhcpd knows${meant === undefined ? "" : `; ${meant}`}`);
  }
  if (value.kind === "variable")
    reader.warn(`"${word.text}" has no effect`, meantStatement(context, word.text) ?? "it was read as a variable");
  return ended(reader, { kind: "eval", value, location });
}

const option =
  (operator: OptionOperator): Rule =>
  (context, reader, location) => {
    const found = definedOption(context, reader);
    return found === undefined ? "failed" : optionStatement(context, reader, found, operator, location, "expecting a data expression.");
  };

const assignment: Rule = (context, reader, location) => {
  const keyword = reader.last.type;
  const name = reader.next();
  if (!reader.isVariableName(name)) return fail(reader, `${name.text} can't be a variable name`);
  const sign = reader.next();
  if (sign.type === "(") return functionDefinition(context, reader, name.text, location);
  if (sign.type !== "=") return fail(reader, `expecting '=' in ${keyword} statement.`);
  const value = context.grammar.expression(context, reader, "any");
  if (value === "absent" || value === "failed") return unusable(reader, value, "expecting expression.");
  return ended(reader, { kind: "set", name: name.text, value, location });
};

function functionDefinition(context: ParseContext, reader: TokenReader, name: string, location: Location): Result {
  const parameters: string[] = [];
  do {
    const parameter = reader.next();
    if (parameter.type === ")" && parameters.length === 0) break;
    if (!reader.isVariableName(parameter)) return fail(reader, "expecting argument name");
    parameters.push(parameter.text);
  } while (reader.next().type === ",");
  if (reader.last.type !== ")") return fail(reader, "expecting right paren.");
  if (reader.next().type !== "{") return fail(reader, "expecting left brace.");
  const body = statementBlock(context, reader, (inner) => inner.skipStatement());
  if (body === "failed") return body;
  context.functions.set(name, { parameters, body });
  return { statement: { kind: "define", name, parameters, body, location } };
}

const unset: Rule = (_context, reader, location) => {
  const name = reader.next();
  if (!reader.isVariableName(name)) return fail(reader, `${name.text} can't be a variable name`);
  return ended(reader, { kind: "unset", name: name.text, location });
};

const giveBack: Rule = (context, reader, location) => {
  const value = context.grammar.expression(context, reader, "data");
  if (value === "absent" || value === "failed") return unusable(reader, value, "expecting data expression.");
  return ended(reader, { kind: "return", value, location });
};

const add: Rule = (context, reader, location) => {
  const name = reader.next();
  if (name.type !== "STRING") return fail(reader, "expecting class name.");
  if (!context.classes.has(name.text)) return fail(reader, `class ${name.text}: not found`, "declare the class before it is added");
  return ended(reader, { kind: "add-class", className: name.text, location });
};

const execution: Rule = (context, reader, location) => {
  if (reader.next().type !== "(") return fail(reader, "left parenthesis expected.");
  const command = reader.next();
  if (command.type !== "STRING") return fail(reader, "Expecting a quoted string.");
  const found: Expression[] = [];
  while (reader.next().type === ",") {
    const argument = typedOrAbsent(context, reader, "data");
    if (argument === "absent") return fail(reader, "expecting expression.");
    if (argument === "failed") {
      if (reader.likeDhcpd) reader.skipStatement();
      return argument;
    }
    found.push(argument);
  }
  if (reader.last.type !== ")") return fail(reader, "right parenthesis expected.");
  return ended(reader, { kind: "execute", command: command.text, arguments: found, location });
};

const PRIORITIES = new Set(["fatal", "error", "info", "debug"]);

const log: Rule = (context, reader, location) => {
  if (reader.next().type !== "(") return fail(reader, "left parenthesis expected.");
  let priority: "fatal" | "error" | "info" | "debug" = "debug";
  if (PRIORITIES.has(reader.peek().type)) {
    priority = reader.next().type as typeof priority;
    if (reader.next().type !== ",") return fail(reader, "comma expected.");
  }
  const message = typedOrAbsent(context, reader, "data");
  if (message === "absent") reader.warn("log statement without a message", "it is left out");
  if (message === "absent" || message === "failed") {
    if (message === "absent" || reader.likeDhcpd) reader.skipStatement();
    return "failed";
  }
  if (reader.next().type !== ")") return fail(reader, "right parenthesis expected.");
  return ended(reader, { kind: "log", priority, message, location });
};

/** `db-time-format local;` or `default`. */
const timeFormat: Rule = (_context, reader, location) => {
  const word = reader.next().type;
  if (word !== "local" && word !== "default") {
    reader.fail("Expecting 'local' or 'default'.");
    reader.skipUnlessEnded();
    return "failed";
  }
  const value: Expression = { kind: "bytes", value: bytesOf(word), location };
  const done: Statement = { kind: "parameter", operator: "supersede", name: "db-time-format", value, location };
  if (!reader.likeDhcpd) return ended(reader, done);
  if (reader.next().type === ";") return { statement: done };
  reader.fail("Expecting a semicolon.");
  return "failed";
};

const allowDeny: Rule = (_context, reader, location) => allowDenyStatement(reader, reader.last.type, location);

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["if", conditional],
  ["switch", multiway],
  ["on", eventHandler],
  ["option", option("supersede")],
  ["supersede", option("supersede")],
  ["send", option("send")],
  ["default", option("default")],
  ["prepend", option("prepend")],
  ["append", option("append")],
  ["allow", allowDeny],
  ["deny", allowDeny],
  ["ignore", allowDeny],
  ["set", assignment],
  ["define", assignment],
  ["unset", unset],
  ["return", giveBack],
  ["add", add],
  ["execute", execution],
  ["log", log],
  ["break", (_context, reader, location) => ended(reader, { kind: "break", location })],
  ["eval", (context, reader, location) => evaluation(context, reader, location, "expecting data expression.")],
  ["case", (_context, reader) => fail(reader, "case statement in inappropriate scope.")],
  ["zone", zoneDeclaration],
  ["key", keyDeclaration],
  ["db-time-format", timeFormat],
]);
