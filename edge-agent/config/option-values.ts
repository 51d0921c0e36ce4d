import { encodeDomainList, encodeDomainName, labelsOf } from "./domain-names.ts";
import type { Expression } from "./expression.ts";
import { addressOrHost } from "./host-lookup.ts";
import type { Location } from "./location.ts";
import { ENUMERATIONS } from "./option-enumerations.ts";
import type { KnownOption } from "./option-format.ts";
import type { ParseContext } from "./parse-context.ts";
import { bytesOf } from "./source.ts";
import type { TokenReader } from "./token-reader.ts";
import { booleanWord, convertNumber, hexList, hostName, ipv6Value } from "./values.ts";

/** Where the reading of one value stands in its option's format. */
interface Cursor {
  readonly format: string;
  at: number;
}

/**
 * A value written in the option's own syntax: constant bytes, or a concatenation if host names are in it. "none" if the
 * option has no format to read. Arrays go on for as long as there are commas.
 */
export function optionValue(context: ParseContext, reader: TokenReader, option: KnownOption): Expression | "none" | "failed" {
  const location = reader.locationOf(reader.peek());
  const { format } = option;
  const cursor: Cursor = { format, at: 0 };
  const parts: Expression[] = [];
  for (;;) {
    const uniform = format[cursor.at] !== "Z" && format[cursor.at + 1]?.toLowerCase() === "a";
    if (!fields(context, reader, cursor, uniform, parts)) return "failed";
    const mark = format[cursor.at];
    if (mark !== "A" && mark !== "a") break;
    if (reader.accept(",")) cursor.at = mark === "A" ? 0 : cursor.at - 1;
    else if (mark === "A" || cursor.at + 1 >= format.length) break;
    else cursor.at += 1;
  }
  return joined(parts, location);
}

/** Fields up to an array mark or the end of the format. */
function fields(context: ParseContext, reader: TokenReader, cursor: Cursor, uniform: boolean, parts: Expression[]): boolean {
  const { format } = cursor;
  while (cursor.at < format.length) {
    const letter = format[cursor.at];
    if (letter === "A" || letter === "a") break;
    const optional = format[cursor.at + 1] === "o";
    if (letter === "o" || (optional && reader.peek().type === ";")) {
      cursor.at += 1;
      continue;
    }
    const part = field(context, reader, cursor, uniform);
    if (part === "failed" && !optional) return false;
    if (part !== "failed") parts.push(part);
    cursor.at += 1;
  }
  return true;
}

/** Constant neighbours become one constant. */
function joined(parts: readonly Expression[], location: Location): Expression | "none" {
  if (parts.length === 0) return "none";
  // Of several names those without an address are left out.
  const known = parts.filter((part) => part.kind !== "host-addresses" || part.resolved.length > 0);
  if (known.length > 0 && known.length < parts.length) return joined(known, location);
  const merged: Expression[] = [];
  let run: number[] = [];
  const flush = (): void => {
    if (run.length > 0) merged.push({ kind: "bytes", value: Uint8Array.from(run), location });
    run = [];
  };
  for (const part of parts) {
    if (part.kind === "bytes") for (const byte of part.value) run.push(byte);
    else {
      flush();
      merged.push(part);
    }
  }
  flush();
  if (merged.length === 0) return { kind: "bytes", value: new Uint8Array(0), location };
  return merged.length === 1 ? (merged[0] as Expression) : { kind: "concat", parts: merged, location };
}

/** One field; the cursor is left on the last letter that describes it. */
function field(context: ParseContext, reader: TokenReader, cursor: Cursor, uniform: boolean): Expression | "failed" {
  const letter = cursor.format[cursor.at] ?? "";
  const location = reader.locationOf(reader.peek());
  if (letter === "I") return addressOrHost(context, reader, uniform);
  const value = constantField(context, reader, cursor, letter);
  return value === undefined ? "failed" : { kind: "bytes", value, location };
}

function constantField(context: ParseContext, reader: TokenReader, cursor: Cursor, letter: string): Uint8Array | undefined {
  switch (letter) {
    case "E":
      cursor.at = endOfName(cursor);
      return bytesField(reader);
    case "X":
      return bytesField(reader);
    case "N":
      return enumerationField(reader, cursor);
    case "D":
      return domainListField(reader, cursor);
    case "d":
      return domainNameField(reader);
    case "U":
      return reader.isIdentifier(reader.next()) ? bytesOf(reader.last.text) : fail(reader, "expecting identifier.");
    case "k":
      return keyField(context, reader);
    case "t":
      return reader.next().type === "STRING" || reader.isIdentifier(reader.last)
        ? bytesOf(reader.last.text)
        : fail(reader, "expecting string.");
    case "6":
      return ipv6Value(reader);
    case "f":
      return flagField(reader);
    case "Z":
      if (reader.peek().type === ";") return new Uint8Array(0);
      failBlindly(reader, "semicolon expected.", "this option has no value");
      return reader.likeDhcpd ? new Uint8Array(0) : undefined;
    default:
      return numberField(reader, letter);
  }
}

function fail(reader: TokenReader, message: string, mend = `found "${reader.last.text}"`): undefined {
  reader.fail(message, mend);
  reader.skipUnlessEnded();
  return undefined;
}

/** Where dhcpd does not look whether the statement has just ended. */
function failBlindly(reader: TokenReader, message: string, mend?: string): undefined {
  reader.fail(message, mend ?? `found "${reader.last.text}"`);
  reader.skipStatement();
  return undefined;
}

const endOfName = (cursor: Cursor): number => {
  const end = cursor.format.indexOf(".", cursor.at);
  return end < 0 ? cursor.format.length - 1 : end;
};

function bytesField(reader: TokenReader): Uint8Array | undefined {
  const { type } = reader.peek();
  if (type === "NUMBER" || type === "NUMBER-OR-NAME") return hexList(reader);
  if (reader.next().type === "STRING") return bytesOf(reader.last.text);
  return failBlindly(reader, "expecting string or hexadecimal data.", 'write "text" or 01:23:ab');
}

function numberField(reader: TokenReader, letter: string): Uint8Array | undefined {
  const token = reader.next();
  if (letter === "T" && token.type === "infinite") return Uint8Array.of(255, 255, 255, 255);
  if (token.type !== "NUMBER" && token.type !== "NUMBER-OR-NAME") return fail(reader, "expecting number.");
  const bits = letter === "b" || letter === "B" ? 8 : letter === "s" || letter === "S" ? 16 : 32;
  const value = convertNumber(reader, token.text, 0, bits);
  const all = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  return Uint8Array.from(all.slice(4 - bits / 8));
}

function flagField(reader: TokenReader): Uint8Array | undefined {
  const token = reader.next();
  if (!reader.isIdentifier(token)) return fail(reader, "expecting identifier.");
  if (token.text.toLowerCase() === "ignore") return Uint8Array.of(2);
  const value = booleanWord(token.text);
  return value === undefined ? fail(reader, "expecting boolean.", "true, on, false, off or ignore") : Uint8Array.of(value ? 1 : 0);
}

function enumerationField(reader: TokenReader, cursor: Cursor): Uint8Array | undefined {
  const end = endOfName(cursor);
  const enumeration = ENUMERATIONS.get(cursor.format.slice(cursor.at + 1, end));
  cursor.at = end;
  if (!reader.isIdentifier(reader.next())) return failBlindly(reader, "identifier expected");
  const value = enumeration?.values.get(reader.last.text);
  if (enumeration === undefined || value === undefined) {
    return failBlindly(reader, "unknown value", `one of ${[...(enumeration?.values.keys() ?? [])].join(", ")}`);
  }
  const all = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  return Uint8Array.from(all.slice(4 - enumeration.bits / 8));
}

function domainNameField(reader: TokenReader): Uint8Array | undefined {
  const name = hostName(reader);
  if (name === undefined) return failBlindly(reader, "not a valid domain name.", "write the name without quotes");
  const labels = labelsOf(name);
  return typeof labels === "string" ? failBlindly(reader, `not a valid domain name. (${labels})`) : encodeDomainName(labels);
}

function domainListField(reader: TokenReader, cursor: Cursor): Uint8Array | undefined {
  const compressed = cursor.format[cursor.at + 1] === "c";
  if (compressed) cursor.at += 1;
  const names: (readonly string[])[] = [];
  do {
    if (reader.next().type !== "STRING") return failBlindly(reader, "Expecting a domain string.", 'write "example.com", "example.org"');
    const labels = labelsOf(reader.last.text);
    if (typeof labels === "string") return failBlindly(reader, `Error ${compressed ? "compressing" : "assembling"} domain list: ${labels}`);
    names.push(labels);
  } while (reader.accept(","));
  return encodeDomainList(names, compressed);
}

/** `omapi-key NAME`: the key may be declared later, so it is looked for at the end of the file. */
function keyField(context: ParseContext, reader: TokenReader): Uint8Array | undefined {
  const quoted = reader.accept("STRING");
  const name = quoted ? reader.last.text : hostName(reader);
  if (name === undefined) {
    reader.next();
    return fail(reader, "expecting key name.");
  }
  const token = reader.last;
  if (context.placeKind !== "root") return bytesOf(name);
  context.atEnd.push(() => {
    if (!context.keys.has(name.toLowerCase())) reader.failAt(token, `OMAPI key ${name}: not found`, `declare it: key ${name} { … }`);
  });
  return bytesOf(name);
}
