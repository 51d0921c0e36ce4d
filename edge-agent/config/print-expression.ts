import { unreachable } from "../values/assert.ts";
import type { Expression } from "./expression.ts";
import type { OptionDefinition } from "./option-definition.ts";
import type { PrintedText } from "./print-layout.ts";

/** These begin a new line where they are not the first thing in their place. */
const FAT = new Set<Expression["kind"]>([
  ...(["substring", "suffix", "option", "concat", "encode-int", "extract-int", "binary-to-ascii", "reverse", "pick-first-value"] as const),
]);

const REGEX = { true: "~~", false: "~=" } as const;
const BINARY: ReadonlyMap<Expression["kind"], string> = new Map([
  ["equal", "="],
  ["not-equal", "!="],
  ["and", "and"],
  ["or", "or"],
]);

/** Writes an expression as dhcpd does, starting at `column`, with what does not fit into the line at `indent`. Gives the column. */
export function printExpression(out: PrintedText, value: Expression, column: number, indent: number, isFirst: boolean): number {
  let at = column;
  if (!isFirst && FAT.has(value.kind)) {
    out.line(indent);
    at = indent;
  }
  switch (value.kind) {
    case "bytes":
      return out.bytes(at, indent, value.value);
    case "number":
      return out.token(at, indent, "", String(value.value), "");
    case "boolean":
      return out.token(at, indent, "", value.value ? "true" : "false", "");
    case "option":
      return optionName(out, value.from === "packet" ? "option" : "config-option", value.option, at, indent);
    case "exists":
      return optionName(out, "exists", value.option, at, indent);
    case "not":
      return printExpression(out, value.operand, out.token(at, indent, "", "not", " "), indent + 2, true);
    case "and":
    case "or":
    case "equal":
    case "not-equal":
      return binary(out, value.left, BINARY.get(value.kind) ?? "", value.right, at, indent);
    case "regex":
      return binary(out, value.subject, REGEX[`${value.ignoreCase}`], value.pattern, at, indent);
    case "arithmetic":
      return binary(out, value.left, value.operator, value.right, at, indent);
    case "variable":
      return out.token(indent, indent, "", value.name, "");
    case "variable-exists":
      return call(out, "defined", at, indent, [value.name]);
    case "check":
      return out.token(out.token(at, indent, "", "check", ""), indent, " ", `"${value.className}"`, "");
    case "gethostname":
      return out.token(at, indent, "", "gethostname()", "");
    case "gethostbyname":
    case "host-addresses":
      return call(out, "gethostbyname", at, indent, [`"${value.host}"`]);
    default:
      return isWord(value) ? out.token(at, indent, "", value.kind, "") : operation(out, value, at, indent);
  }
}

const WORDS = [
  ...(["hardware", "hardware-type", "host-decl-name", "leased-address", "lease-time", "filename", "server-name"] as const),
  ...(["client-state", "known", "static", "null"] as const),
] as const;
type Word = Expression & { readonly kind: (typeof WORDS)[number] };

const isWord = (value: Expression): value is Word => (WORDS as readonly string[]).includes(value.kind);

type Printed = "bytes" | "number" | "boolean" | "option" | "exists" | "not" | "and" | "or" | "equal" | "not-equal" | "regex" | "check";
type AlsoPrinted = "arithmetic" | "variable" | "variable-exists" | "gethostname" | "gethostbyname" | "host-addresses";
type Operation = Exclude<Expression, { readonly kind: Printed | AlsoPrinted | (typeof WORDS)[number] }>;

function operation(out: PrintedText, value: Operation, at: number, indent: number): number {
  switch (value.kind) {
    case "packet":
      return call(out, "packet", at, indent, [value.offset, value.length]);
    case "substring":
      return substring(out, value, at, indent);
    case "suffix":
      return call(out, "suffix", at, indent, [value.data, value.length]);
    case "case":
      return call(out, value.to === "lower" ? "lcase" : "ucase", at, indent, [value.data]);
    case "concat":
      return concatenation(out, value.parts, at, indent);
    case "reverse":
      return call(out, "reverse", at, indent, [value.width, value.data]);
    case "binary-to-ascii":
      return call(out, "binary-to-ascii", at, indent, [value.base, value.width, value.separator, value.data]);
    case "encode-int":
      return call(out, "encode-int", at, indent, [value.value, ` ${value.bits}`]);
    case "extract-int":
      return call(out, "extract-int", at, indent, [value.data, ` ${value.bits}`]);
    case "pick-first-value":
      return call(out, "pick-first-value", at, indent, value.choices);
    case "call":
      return call(out, value.name, at, indent, value.arguments, printAmbiguous);
    default:
      return unreachable(value);
  }
}

/** As {@link printExpression}, where one byte in hexadecimal would be read as a number, or with the colon of a `case`. */
export function printAmbiguous(out: PrintedText, value: Expression, column: number, indent: number, isFirst: boolean): number {
  const [byte = 0] = value.kind === "bytes" && value.value.length === 1 ? value.value : [65];
  if (byte >= 32 && byte < 127 && byte !== 34 && byte !== 92) return printExpression(out, value, column, indent, isFirst);
  return out.token(column, indent, "", `"\\${byte.toString(8).padStart(3, "0")}"`, "");
}

/** dhcpd makes pairs of it: the first two, that and the third, and so on. */
function concatenation(out: PrintedText, parts: readonly Expression[], column: number, indent: number): number {
  const ends: number[] = [];
  let at = column;
  let inner = indent;
  for (let open = parts.length - 1; open > 0 || ends.length === 0; open -= 1) {
    ends.push(inner);
    at = out.token(out.token(at, inner, "", "concat", ""), inner, " ", "(", "");
    inner = at;
  }
  for (const [index, part] of parts.entries()) {
    const isFirst = index === 0;
    at = printExpression(out, part, isFirst ? at : out.token(at, inner, "", ",", " "), inner, isFirst);
    if (isFirst && parts.length > 1) continue;
    const end = ends.pop() ?? indent;
    at = out.token(at, end, "", ")", "");
    inner = end;
  }
  return at;
}

/** Like a call, but for where dhcpd puts the offset that does not fit. */
function substring(out: PrintedText, value: Operation & { readonly kind: "substring" }, column: number, indent: number): number {
  const inner = out.token(out.token(column, indent, "", "substring", ""), indent, " ", "(", "");
  let at = out.token(printExpression(out, value.data, inner, inner, true), indent, "", ",", " ");
  at = out.token(printExpression(out, value.offset, at, indent, false), inner, "", ",", " ");
  return out.token(printExpression(out, value.length, at, inner, false), indent, "", ")", "");
}

/** NAME (ARGUMENTS); a text is an argument that is written as it stands. */
function call(
  out: PrintedText,
  name: string,
  column: number,
  indent: number,
  values: readonly (Expression | string)[],
  print = printExpression,
): number {
  let at = out.token(out.token(column, indent, "", name, ""), indent, " ", "(", "");
  const inner = at;
  for (const [index, value] of values.entries()) {
    if (index > 0) at = out.token(at, inner, "", ",", " ");
    at = typeof value === "string" ? out.token(at, inner, "", value, "") : print(out, value, at, inner, index === 0);
  }
  return out.token(at, indent, "", ")", "");
}

function binary(out: PrintedText, left: Expression, operator: string, right: Expression, column: number, indent: number): number {
  const at = out.token(printExpression(out, left, column, indent, true), indent, " ", operator, " ");
  return printExpression(out, right, at, indent + 2, false);
}

function optionName(out: PrintedText, word: string, option: OptionDefinition, column: number, indent: number): number {
  const at = out.token(column, indent, "", word, "");
  if (option.space === "dhcp") return out.token(at, indent, " ", option.name, "");
  return out.token(out.token(out.token(at, indent, " ", option.space, ""), indent, "", ".", ""), indent, "", option.name, "");
}
