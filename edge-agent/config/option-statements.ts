import type { Expression, OptionOperator, Statement } from "./expression.ts";
import { typedOrAbsent } from "./expression-terms.ts";
import type { Location } from "./location.ts";
import type { KnownOption } from "./option-format.ts";
import { optionValue } from "./option-values.ts";
import { ALLOW_DENY_PARAMETERS, PARAMETERS } from "./parameters.ts";
import type { ParseContext, Parsed, StatementBox } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";

/**
 * The rest of an option statement or parameter, after its name: a value, or "=" and an expression; then ";". `complaint` is said of an
 * expression that is not there; without one dhcpd keeps silent and reads on there.
 */
export function optionStatement(
  context: ParseContext,
  reader: TokenReader,
  option: KnownOption,
  operator: OptionOperator,
  location: Location,
  complaint?: string,
): Parsed<StatementBox> {
  const value = statementValue(context, reader, option, complaint);
  // dhcpd then looks as if no statement had been there
  if (value === "failed" || !reader.semicolon()) return reader.likeDhcpd ? "absent" : "failed";
  if (option.space !== "server") {
    const found = value === "none" ? undefined : value;
    return { statement: { kind: "option", operator, option, value: found, location } };
  }
  return { statement: value === "none" ? undefined : parameter(context, reader, option, operator, value, location) };
}

function statementValue(
  context: ParseContext,
  reader: TokenReader,
  option: KnownOption,
  complaint: string | undefined,
): Expression | "none" | "failed" {
  if (reader.peek().type === ";" && option.format[0] !== "Z") {
    const { line } = reader.next();
    // dhcpd wants another ";", and sets nothing
    if (reader.peek().type === ";") return "none";
    reader.next();
    reader.fail("semicolon expected.", `option ${option.name} on line ${line} has no value`);
    reader.skipStatement();
    return "failed";
  }
  if (!reader.accept("=")) return optionValue(context, reader, option);
  context.quiet = reader.likeDhcpd && complaint === undefined;
  const found = typedOrAbsent(context, reader, "data");
  const { quiet } = context;
  context.quiet = false;
  if (found !== "absent") return found;
  if (quiet) return "failed";
  reader.fail("expecting a data expression.", `found "${reader.peek().text}"`);
  reader.skipStatement();
  return "failed";
}

function parameter(
  context: ParseContext,
  reader: TokenReader,
  option: KnownOption,
  operator: OptionOperator,
  value: Expression,
  location: Location,
): Statement {
  const row = PARAMETERS.get(option.name);
  if (row?.effect === "accepted-no-effect" && !context.said.has(option.name)) {
    context.said.add(option.name);
    reader.inform(`${option.name} has no effect on this server`);
  }
  const constant = value.kind === "bytes" ? value.value : undefined;
  if (constant !== undefined && row?.kind === "space") {
    const space = String.fromCharCode(...constant);
    return { kind: option.name === "vendor-option-space" ? "vendor-option-space" : "site-option-space", space, location };
  }
  // only what stands outside of all declarations is the server's own
  if (option.name === "ddns-update-style" && constant?.[0] === 1 && context.placeKind === "root") {
    const { last } = reader;
    context.atEnd.push(() => reader.failAtOnce("ddns-update-style ad_hoc no longer supported", "use standard or interim", last));
  }
  const numeric = row?.kind === "number" || row?.kind === "flag" || row?.kind === "enumeration";
  if (constant === undefined || !numeric) return { kind: "parameter", operator, name: option.name, value, location };
  const number = constant.reduce((sum, byte) => sum * 256 + byte, 0);
  return { kind: "parameter", operator, name: option.name, value: { kind: "number", value: number, location: value.location }, location };
}

/** `allow`, `deny` or `ignore`, after that word, outside a pool's permit list. */
export function allowDenyStatement(reader: TokenReader, word: string, location: Location): Parsed<StatementBox> {
  const name = ALLOW_DENY_PARAMETERS.get(reader.next().type);
  if (name === undefined) {
    reader.fail("expecting allow/deny key", `one of ${[...ALLOW_DENY_PARAMETERS.keys()].join(", ")}`);
    reader.skipStatement();
    return reader.likeDhcpd ? "absent" : "failed";
  }
  const number = word === "allow" ? 1 : word === "deny" ? 0 : 2;
  reader.semicolon();
  return { statement: { kind: "parameter", operator: "supersede", name, value: { kind: "number", value: number, location }, location } };
}
