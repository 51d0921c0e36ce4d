import { addressRange } from "./address-ranges.ts";
import { classDeclaration } from "./class-declarations.ts";
import type { Expression } from "./expression.ts";
import { failoverDeclaration } from "./failover-declarations.ts";
import { fixedAddress, fixedPrefix, hardwareParameter, hostDeclaration } from "./host-declarations.ts";
import { includeFile } from "./include.ts";
import type { Token } from "./lexer.ts";
import { groupDeclaration, sharedNetworkDeclaration, subnetDeclaration } from "./network-declarations.ts";
import { optionCodeDefinition, optionSpaceDeclaration } from "./option-declarations.ts";
import { optionName } from "./option-names.ts";
import { optionStatement } from "./option-statements.ts";
import { expectation, type ParseContext, type Place, type PlaceKind } from "./parse-context.ts";
import { poolDeclaration } from "./pool-declarations.ts";
import { serverDuid } from "./server-duid.ts";
import { bytesOf } from "./source.ts";
import { meantOption, meantStatement } from "./suggestions.ts";
import type { TokenReader } from "./token-reader.ts";

type Rule = (context: ParseContext, reader: TokenReader, place: Place) => boolean;

/** One declaration or parameter. True if it was a declaration. */
export function declaration(context: ParseContext, reader: TokenReader, place: Place): boolean {
  const token = reader.peek();
  context.placeKind = place.kind;
  const rule = RULES.get(token.type);
  if (token.type === "failover" && place.kind !== "root" && place.kind !== "shared-network") {
    reader.fail("failover peers may only be defined in shared-network", "declarations and the outer scope");
    reader.goOn("declarations and the outer scope.");
    reader.skipStatement();
    return false;
  }
  if (rule !== undefined) {
    reader.next();
    return context.nested(reader, () => rule(context, reader, place), false);
  }
  const found = context.grammar.statement(context, reader);
  if (found === "failed") return place.afterDeclaration;
  if (found !== "absent") {
    if (found.statement !== undefined) place.scope.statements.push(found.statement);
    return place.afterDeclaration;
  }
  const mend = token.type === "EOF" ? "the file ends here" : noStatement(context, token);
  reader.fail(expectation(place), mend);
  if (!reader.likeDhcpd) reader.next();
  reader.skipStatement();
  return place.afterDeclaration;
}

function noStatement(context: ParseContext, token: Token): string {
  const what = `"${token.text}" on line ${token.line} begins no statement`;
  const meant = meantStatement(context, token.text);
  return meant === undefined ? what : `${what}; ${meant}`;
}

function refuse(reader: TokenReader, message: string, mend?: string): boolean {
  reader.fail(message, mend);
  reader.skipStatement();
  return true;
}

/** A declaration that may not stand in some places; `counts`: there it is one all the same. */
const except =
  (places: readonly PlaceKind[], message: string, counts: boolean, rule: Rule): Rule =>
  (context, reader, place) =>
    places.includes(place.kind) ? refuse(reader, message, `this is a ${place.kind} block`) && counts : rule(context, reader, place);

const authoritative =
  (value: boolean): Rule =>
  (_context, reader, place) => {
    place.scope.authoritative = value;
    if (place.kind === "host") reader.fail("authority makes no sense here.");
    reader.semicolon();
    return false;
  };

const not: Rule = (context, reader, place) => {
  if (reader.next().type === "authoritative") return authoritative(false)(context, reader, place);
  refuse(reader, "expecting assertion", '"not" is for "not authoritative;"');
  return false;
};

/** `server-identifier ADDRESS;` is another way to write `option dhcp-server-identifier ADDRESS;`. */
const serverIdentifier: Rule = (context, reader, place) => {
  const location = reader.location;
  const option = context.options.byCode("dhcp", 54);
  if (option === undefined) return refuse(reader, "option 54 has no definition");
  const found = optionStatement(context, reader, option, "supersede", location);
  if (typeof found === "object" && found.statement !== undefined) place.scope.statements.push(found.statement);
  return place.afterDeclaration;
};

const option: Rule = (context, reader, place) => {
  const location = reader.location;
  if (reader.peek().type === "space") {
    if (place.kind !== "root") return refuse(reader, "option space definitions may not be scoped.") && false;
    optionSpaceDeclaration(context, reader);
    return place.afterDeclaration;
  }
  const named = optionName(context, reader);
  if (named === undefined) return place.afterDeclaration;
  if (reader.peek().type === "code") {
    if (place.kind !== "root") return refuse(reader, "option definitions may not be scoped.") && false;
    reader.next();
    optionCodeDefinition(context, reader, named);
    return place.afterDeclaration;
  }
  if ("undefinedName" in named) {
    refuse(reader, `unknown option ${named.space}.${named.undefinedName}`, meantOption(context, named.space, named.undefinedName));
    return place.afterDeclaration;
  }
  const found = optionStatement(context, reader, named.option, "supersede", location);
  if (typeof found === "object" && found.statement !== undefined) place.scope.statements.push(found.statement);
  return place.afterDeclaration;
};

/** `lease-id-format hex;` or `octal`: how client identifiers are written in the lease file. */
const leaseIdFormat: Rule = (context, reader, place) => {
  const location = reader.location;
  const { type } = reader.next();
  if (type !== "octal" && type !== "hex") {
    reader.fail("lease-id-format is invalid:  it must be octal or hex.");
    reader.skipUnlessEnded();
    return place.afterDeclaration;
  }
  reader.goOn(`lease_id_format is: ${type}`);
  const value: Expression = { kind: "bytes", value: bytesOf(type), location };
  context.root.statements.push({ kind: "parameter", operator: "supersede", name: "lease-id-format", value, location });
  if (!reader.likeDhcpd) reader.semicolon();
  else if (reader.next().type !== ";") {
    reader.fail("corrupt lease file; expecting a semicolon");
    reader.skipStatement();
  }
  return place.afterDeclaration;
};

/** "%" begins what other programs keep in the file for themselves: all up to the end of the statement is passed over. */
const remark: Rule = (_context, reader, place) => {
  reader.skipStatement();
  return place.afterDeclaration;
};

const pool: Rule = (context, reader, place) => {
  if (place.kind === "pool") refuse(reader, "pool declared within pool.");
  else if (place.kind !== "subnet" && place.kind !== "shared-network") refuse(reader, "pool declared outside of network");
  else poolDeclaration(context, reader, place);
  return place.afterDeclaration;
};

const pool6: Rule = (_context, reader, place) => {
  if (place.kind === "pool") refuse(reader, "pool6 declared within pool.");
  else if (place.kind !== "subnet") refuse(reader, "pool6 declared outside of network");
  else refuse(reader, "pool6 statement is only supported in DHCPv6 mode.");
  return place.afterDeclaration;
};

const range: Rule = (context, reader, place) => {
  if (place.kind !== "subnet" || place.subnet === undefined) refuse(reader, "range declaration not allowed here.");
  else addressRange(context, reader, place, undefined);
  return place.afterDeclaration;
};

const onlyDhcpv6 =
  (word: string): Rule =>
  (_context, reader, place) => {
    if (place.kind !== "subnet") refuse(reader, `${word} declaration not allowed here.`);
    else refuse(reader, `${word} statement is only supported in DHCPv6 mode.`);
    return place.afterDeclaration;
  };

const failover: Rule = (context, reader, place) => {
  failoverDeclaration(context, reader, place);
  return false;
};

const NO_CLASS: readonly PlaceKind[] = ["class"];
const classes = (kind: "class" | "subclass" | "vendor-class" | "user-class"): Rule =>
  except(NO_CLASS, "class declarations not allowed here.", false, (context, reader, place) => {
    classDeclaration(context, reader, place, kind);
    return true;
  });

const subnet: Rule = (context, reader, place) => {
  if (reader.last.type === "subnet6") return refuse(reader, "subnet6 statement is only supported in DHCPv6 mode.");
  const isOwnNetwork = place.network === undefined;
  subnetDeclaration(context, reader, place);
  return isOwnNetwork;
};

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["include", includeFile],
  ["host", except(["host", "class"], "host declarations not allowed here.", true, hostDeclaration)],
  ["group", except(["host", "class"], "group declarations not allowed here.", true, groupDeclaration)],
  [
    "shared-network",
    except(["shared-network", "host", "subnet", "class"], "shared-network parameters not allowed here.", false, sharedNetworkDeclaration),
  ],
  ["subnet", except(["host", "subnet", "class"], "subnet declarations not allowed here.", true, subnet)],
  ["subnet6", except(["host", "subnet", "class"], "subnet declarations not allowed here.", true, subnet)],
  ["vendor-class", classes("vendor-class")],
  ["user-class", classes("user-class")],
  ["class", classes("class")],
  ["subclass", classes("subclass")],
  ["hardware", hardwareParameter],
  ["fixed-address", fixedAddress],
  ["fixed-address6", fixedAddress],
  ["fixed-prefix6", fixedPrefix],
  ["pool", pool],
  ["pool6", pool6],
  ["range", range],
  ["range6", onlyDhcpv6("range6")],
  ["prefix6", onlyDhcpv6("prefix6")],
  ["not", not],
  ["authoritative", authoritative(true)],
  ["server-identifier", serverIdentifier],
  ["option", option],
  ["failover", failover],
  ["lease-id-format", leaseIdFormat],
  ["server-duid", serverDuid],
  ["%", remark],
]);
