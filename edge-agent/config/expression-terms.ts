import type { Expression, ExpressionKind } from "./expression.ts";
import { typeOf } from "./expression-types.ts";
import { addressesOfHost } from "./host-lookup.ts";
import type { Location } from "./location.ts";
import { definedOption } from "./option-names.ts";
import type { ExpressionContext, ParseContext, Parsed } from "./parse-context.ts";
import { bytesOf } from "./source.ts";
import type { TokenReader } from "./token-reader.ts";
import { atoi, hexList } from "./values.ts";

type Result = Parsed<Expression>;
type Term = (context: ParseContext, reader: TokenReader, location: Location) => Result;

/** A part of an expression that has no binary operator outside of parentheses. "absent" if none can begin here. */
export function term(context: ParseContext, reader: TokenReader, wanted: ExpressionContext): Result {
  const token = reader.peek();
  const location = reader.locationOf(token);
  const word = WORDS.get(token.type);
  if (word !== undefined) {
    reader.next();
    return { ...word, location };
  }
  const rule = TERMS.get(token.type);
  if (rule !== undefined) {
    reader.next();
    return context.nested(reader, () => rule(context, reader, location), "failed" as const);
  }
  if (token.type === "(") return context.nested(reader, () => parentheses(context, reader, wanted), "failed" as const);
  if (token.type === "NUMBER" && (wanted === "numeric" || wanted === "data-or-numeric")) {
    return { kind: "number", value: atoi(reader.next().text) >>> 0, location };
  }
  if (token.type === "NUMBER" || token.type === "NUMBER-OR-NAME") {
    const value = hexList(reader);
    if (value === undefined) return reader.likeDhcpd ? "absent" : "failed";
    return { kind: "bytes", value, location };
  }
  return token.type === "NAME" ? variableOrCall(context, reader, location) : "absent";
}

function fail(reader: TokenReader, message: string, mend?: string): "failed" {
  reader.fail(message, mend);
  reader.skipStatement();
  return "failed";
}

/** An error after which dhcpd does not look for the end of the statement. */
function failHere(reader: TokenReader, message: string, mend?: string): "failed" {
  reader.fail(message, mend);
  reader.skipUnlikeDhcpd();
  return "failed";
}

/** A data, numeric or boolean expression; anything else is an error, also nothing at all. */
export function typed(
  context: ParseContext,
  reader: TokenReader,
  wanted: "data" | "numeric" | "boolean",
  complaint: string,
): Expression | "failed" {
  const found = typedOrAbsent(context, reader, wanted);
  return found === "absent" ? missing(context, reader, complaint, `found "${reader.peek().text}"`) : found;
}

/** Complains of a part that is not there. */
export function missing(context: ParseContext, reader: TokenReader, complaint: string, mend?: string): "failed" {
  return context.quiet ? "failed" : fail(reader, complaint, mend);
}

export function typedOrAbsent(context: ParseContext, reader: TokenReader, wanted: "data" | "numeric" | "boolean"): Result {
  const found = context.grammar.expression(context, reader, wanted);
  if (found === "absent" || found === "failed") return found;
  const type = typeOf(found);
  return type === wanted || type === "any" ? found : failHere(reader, `Expecting a ${wanted} expression.`, `this one is ${type}`);
}

function parentheses(context: ParseContext, reader: TokenReader, wanted: ExpressionContext): Result {
  reader.next();
  const inner = context.grammar.expression(context, reader, wanted);
  if (inner === "absent") return missing(context, reader, "expression expected");
  if (inner === "failed") return inner;
  return reader.next().type === ")" ? inner : fail(reader, "right paren expected");
}

const open = (reader: TokenReader): boolean =>
  reader.next().type === "(" || failHere(reader, "left parenthesis expected.", `found "${reader.last.text}"`) !== "failed";
const comma = (reader: TokenReader): boolean =>
  reader.next().type === "," || failHere(reader, "comma expected.", `found "${reader.last.text}"`) !== "failed";
const close = (reader: TokenReader): boolean =>
  reader.next().type === ")" || failHere(reader, "right parenthesis expected.", `found "${reader.last.text}"`) !== "failed";

/** A function with a fixed list of arguments; of some dhcpd says "data" whatever is missing. */
function fixed(types: readonly ("data" | "numeric")[], make: (...found: Expression[]) => ExpressionKind, saysData = false): Term {
  return (context, reader, location) => {
    if (!open(reader)) return "failed";
    const found: Expression[] = [];
    for (const [index, type] of types.entries()) {
      if (index > 0 && !comma(reader)) return "failed";
      const argument = typed(context, reader, type, `expecting ${saysData ? "data" : type} expression.`);
      if (argument === "failed") return "failed";
      found.push(argument);
    }
    return close(reader) ? { ...make(...found), location } : "failed";
  };
}

/** A function with any number of data arguments, at least `least`. */
function listed(least: number, make: (found: readonly Expression[]) => ExpressionKind): Term {
  return (context, reader, location) => {
    if (!open(reader)) return "failed";
    const found: Expression[] = [];
    do {
      const argument = typed(context, reader, "data", "expecting data expression.");
      if (argument === "failed") return "failed";
      found.push(argument);
      if (found.length < least && !comma(reader)) return "failed";
    } while (found.length < least || reader.accept(","));
    return close(reader) ? { ...make(found), location } : "failed";
  };
}

/** `extract-int(DATA, BITS)` and `encode-int(NUMBER, BITS)`. */
function integer(type: "data" | "numeric", make: (value: Expression, bits: 8 | 16 | 32) => ExpressionKind): Term {
  return (context, reader, location) => {
    if (!open(reader)) return "failed";
    const value = typedOrAbsent(context, reader, type);
    if (type === "numeric" && (value === "absent" || (reader.likeDhcpd && value === "failed")))
      return fail(reader, "expecting numeric expression.");
    if (value === "absent") return missing(context, reader, "expecting data expression.");
    if (value === "failed" || !comma(reader)) return "failed";
    if (reader.next().type !== "NUMBER") return failHere(reader, "number expected.");
    const bits = atoi(reader.last.text);
    if (bits !== 8 && bits !== 16 && bits !== 32) return fail(reader, `unsupported integer size ${bits}`, "8, 16 or 32");
    return close(reader) ? { ...make(value, bits), location } : "failed";
  };
}

const optionTerm =
  (from: "packet" | "config"): Term =>
  (context, reader, location) => {
    const option = definedOption(context, reader);
    return option === undefined ? "failed" : { kind: "option", from, option, location };
  };

const check: Term = (_context, reader, location) => {
  if (reader.next().type !== "STRING") return fail(reader, "string expected.");
  if (reader.last.text !== "default") return failHere(reader, "unknown collection.", 'the only collection of classes is "default"');
  return { kind: "check", className: "default", location };
};

const not: Term = (context, reader, location) => {
  const operand = term(context, reader, "boolean");
  if (operand === "absent") return missing(context, reader, "expression expected");
  if (operand === "failed") return operand;
  return typeOf(operand) === "boolean" ? { kind: "not", operand, location } : fail(reader, "boolean expression expected");
};

const defined: Term = (_context, reader, location) => {
  if (!open(reader)) return "failed";
  const name = reader.next();
  if (!reader.isVariableName(name)) return fail(reader, `${name.text} can't be a variable name`);
  return close(reader) ? { kind: "variable-exists", name: name.text, location } : "failed";
};

const hostByName: Term = (context, reader, location) => {
  if (!open(reader)) return "failed";
  const name = reader.next();
  if (name.type !== "STRING") return fail(reader, 'Expecting quoted literal: "foo.example.com"');
  const found = addressesOfHost(context, reader, name.text, location, false);
  return close(reader) ? found : "failed";
};

const ownName: Term = (_context, reader, location) => (open(reader) && close(reader) ? { kind: "gethostname", location } : "failed");

function variableOrCall(context: ParseContext, reader: TokenReader, location: Location): Result {
  const name = reader.next().text;
  if (!reader.accept("(")) return { kind: "variable", name, location };
  const call = (): Result => {
    const found: Expression[] = [];
    do {
      const argument = context.grammar.expression(context, reader, "any");
      if (argument === "absent" && !context.quiet) reader.fail("expecting expression.");
      if (argument === "absent" || (reader.likeDhcpd && argument === "failed")) reader.skipStatement();
      if (argument === "absent" || argument === "failed") return "failed";
      found.push(argument);
    } while (reader.next().type === ",");
    if (reader.last.type !== ")") return fail(reader, "Right parenthesis expected.");
    return { kind: "call", name, arguments: found, location };
  };
  return context.nested(reader, call, "failed" as const);
}

/** Words that are an expression by themselves. Client states and DNS results are numbers, as dhcpd has them. */
const WORDS: ReadonlyMap<string, ExpressionKind> = new Map<string, ExpressionKind>([
  ["static", { kind: "static" }],
  ["known", { kind: "known" }],
  ["hardware", { kind: "hardware" }],
  ["leased-address", { kind: "leased-address" }],
  ["client-state", { kind: "client-state" }],
  ["filename", { kind: "filename" }],
  ["server-name", { kind: "server-name" }],
  ["lease-time", { kind: "lease-time" }],
  ["null", { kind: "null" }],
  ["host-decl-name", { kind: "host-decl-name" }],
  ["reboot", { kind: "number", value: 1 }],
  ["booting", { kind: "number", value: 2 }],
  ["select", { kind: "number", value: 3 }],
  ["request", { kind: "number", value: 4 }],
  ["bound", { kind: "number", value: 5 }],
  ["renew", { kind: "number", value: 6 }],
  ["rebind", { kind: "number", value: 7 }],
  ["noerror", { kind: "number", value: 0 }],
  ["formerr", { kind: "number", value: 1 }],
  ["servfail", { kind: "number", value: 2 }],
  ["nxdomain", { kind: "number", value: 3 }],
  ["notimp", { kind: "number", value: 4 }],
  ["refused", { kind: "number", value: 5 }],
  ["yxdomain", { kind: "number", value: 6 }],
  ["yxrrset", { kind: "number", value: 7 }],
  ["nxrrset", { kind: "number", value: 8 }],
  ["notauth", { kind: "number", value: 9 }],
  ["notzone", { kind: "number", value: 10 }],
]);

const at = (found: readonly Expression[], index: number): Expression => found[index] as Expression;

const TERMS: ReadonlyMap<string, Term> = new Map<string, Term>([
  ["check", check],
  ["not", not],
  ["option", optionTerm("packet")],
  ["config-option", optionTerm("config")],
  [
    "exists",
    (context, reader, location) => {
      const option = definedOption(context, reader);
      return option === undefined ? "failed" : { kind: "exists", option, location };
    },
  ],
  [
    "substring",
    fixed(["data", "numeric", "numeric"], (...f) => ({ kind: "substring", data: at(f, 0), offset: at(f, 1), length: at(f, 2) })),
  ],
  ["suffix", fixed(["data", "numeric"], (...f) => ({ kind: "suffix", data: at(f, 0), length: at(f, 1) }))],
  ["lcase", fixed(["data"], (...f) => ({ kind: "case", to: "lower", data: at(f, 0) }))],
  ["ucase", fixed(["data"], (...f) => ({ kind: "case", to: "upper", data: at(f, 0) }))],
  ["packet", fixed(["numeric", "numeric"], (...f) => ({ kind: "packet", offset: at(f, 0), length: at(f, 1) }))],
  ["reverse", fixed(["numeric", "data"], (...f) => ({ kind: "reverse", width: at(f, 0), data: at(f, 1) }), true)],
  [
    "binary-to-ascii",
    fixed(
      ["numeric", "numeric", "data", "data"],
      (...f) => ({
        kind: "binary-to-ascii",
        base: at(f, 0),
        width: at(f, 1),
        separator: at(f, 2),
        data: at(f, 3),
      }),
      true,
    ),
  ],
  // What a relay of DHCPv6 said: there is none of that in DHCPv4.
  ["v6relay", fixed(["numeric", "data"], () => ({ kind: "null" }), true)],
  ["concat", listed(2, (parts) => ({ kind: "concat", parts }))],
  ["pick-first-value", listed(1, (choices) => ({ kind: "pick-first-value", choices }))],
  ["extract-int", integer("data", (data, bits) => ({ kind: "extract-int", data, bits }))],
  ["encode-int", integer("numeric", (value, bits) => ({ kind: "encode-int", value, bits }))],
  ["defined", defined],
  ["gethostname", ownName],
  ["gethostbyname", hostByName],
  ["STRING", (_context, reader, location) => ({ kind: "bytes", value: bytesOf(reader.last.text), location })],
]);
