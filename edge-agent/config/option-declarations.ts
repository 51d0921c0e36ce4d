import { optionFrom } from "./option-format.ts";
import type { NamedOption } from "./option-names.ts";
import type { ParseContext } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";
import { atoi } from "./values.ts";

function fail(reader: TokenReader, message: string, mend?: string): undefined {
  reader.fail(message, mend);
  reader.skipStatement();
  return undefined;
}

/** `option space NAME [code width N] [length width N] [hash size N];`, at `space`. */
export function optionSpaceDeclaration(context: ParseContext, reader: TokenReader): undefined {
  reader.next();
  const name = reader.next();
  if (!reader.isIdentifier(name)) return fail(reader, "expecting identifier.");
  let codeWidth: 1 | 2 | 4 = 1;
  let lengthWidth: 1 | 2 = 1;
  for (;;) {
    const { type } = reader.next();
    if (type === ";") break;
    if (type === "code" || type === "length") {
      if (reader.next().type !== "width") return fail(reader, "expecting width token.");
      const expected = type === "code" ? "expecting number 1, 2, 4." : "expecting number 1 or 2.";
      if (reader.next().type !== "NUMBER") return fail(reader, expected);
      const width = atoi(reader.last.text);
      if (type === "code" && (width === 1 || width === 2 || width === 4)) codeWidth = width;
      else if (type === "length" && (width === 1 || width === 2)) lengthWidth = width;
      else if (type === "code") return fail(reader, `invalid code width (${width}), expecting a 1, 2 or 4.`);
      else return fail(reader, `invalid length width (${width}) expecting 1 or 2.`);
    } else if (type === "hash") {
      if (reader.next().type !== "size") return fail(reader, "expecting size token.");
      if (reader.next().type !== "NUMBER") return fail(reader, "expecting a 10base number");
      if (atoi(reader.last.text) < 0) return fail(reader, `invalid hash length: ${atoi(reader.last.text)}`);
    } else return fail(reader, "Unexpected token.", `found "${reader.last.text}"`);
  }
  context.options.declareSpace({ name: name.text, codeWidth, lengthWidth });
}

/** `option NAME code N = TYPE;`, after `code`. The name means this from here on, also if it was known before. */
export function optionCodeDefinition(context: ParseContext, reader: TokenReader, named: NamedOption): undefined {
  const [space, name] = "option" in named ? [named.option.space, named.option.name] : [named.space, named.undefinedName];
  if (reader.next().type !== "NUMBER") return fail(reader, "expecting option code number.");
  const code = atoi(reader.last.text);
  if (reader.next().type !== "=") return fail(reader, 'expecting "="', `write option ${name} code ${code} = TYPE;`);
  const format = dataType(context, reader);
  if (format === undefined) return;
  if (!reader.semicolon()) return;
  context.options.define(optionFrom(space, [code, name, format]));
}

/** dhcpd's format has room for this many letters. */
const LONGEST_FORMAT = 128;

/** A type, `array of` a type, or a record of types in braces; as format letters. */
function dataType(context: ParseContext, reader: TokenReader): string | undefined {
  const array = arrayOf(reader);
  if (array === undefined) return undefined;
  if (!reader.accept("{")) {
    const nested = array ? noNestedArray(reader) : arrayOf(reader);
    if (nested === undefined) return undefined;
    const letters = simpleType(context, reader, array || nested);
    if (letters === undefined) return undefined;
    if (array && letters.startsWith("E")) {
      return fail(reader, "Arrays of encapsulations don't make sense.");
    }
    return array ? `${letters}A` : letters;
  }
  const record = recordType(context, reader, array);
  return record === undefined || !array ? record : `${record}A`;
}

/** True if `array of` was taken; undefined after a reported error. */
function arrayOf(reader: TokenReader): boolean | undefined {
  if (!reader.accept("array")) return false;
  return reader.next().type === "of" ? true : fail(reader, 'expecting "of".');
}

function noNestedArray(reader: TokenReader): false | undefined {
  if (!reader.accept("array")) return false;
  return fail(reader, "no nested arrays.");
}

/** After "{"; takes the "}". */
function recordType(context: ParseContext, reader: TokenReader, inArray: boolean): string | undefined {
  let letters = "";
  const problem = (message: string): undefined => {
    reader.fail(message);
    if (reader.last.type !== "}") reader.skipBraces(1);
    reader.skipStatement();
    return undefined;
  };
  for (;;) {
    if (letters.includes("E")) return problem("encapsulate must always be the last item.");
    let array = false;
    if (reader.accept("array")) {
      if (inArray) return problem("no nested arrays.");
      if (reader.next().type !== "of") return problem('expecting "of".');
      if (reader.peek().type === "{") {
        reader.next();
        return problem("only uniform array inside record.");
      }
      array = true;
    }
    const one = simpleType(context, reader, inArray || array);
    if (one === undefined) return undefined;
    letters += array ? `${one}a` : one;
    if (letters.length >= LONGEST_FORMAT) return problem("too many types in record.");
    const { type } = reader.next();
    if (type === "}") break;
    if (type !== ",") return problem("expecting right brace.");
    if (/[dDctXZ]$/.test(one)) return problem(`${one === "t" ? "text" : "string"} must be at end of record.`);
  }
  return inArray && letters.includes("E") ? problem("Arrays of encapsulations don't make sense.") : letters;
}

/** One type without braces. */
function simpleType(context: ParseContext, reader: TokenReader, inArray: boolean): string | undefined {
  const token = reader.next();
  const noArray = (letters: string): string | undefined => (inArray ? fail(reader, "arrays of text strings not yet supported.") : letters);
  switch (token.type) {
    case "boolean":
      return "f";
    case "integer":
      return integerType(reader, true);
    case "signed":
    case "unsigned":
      if (reader.next().type !== "integer") return fail(reader, 'expecting "integer" keyword.');
      return integerType(reader, token.type === "signed");
    case "ip-address":
      return "I";
    case "ip6-address":
      return "6";
    case "domain-name":
      return noArray("d");
    case "domain-list":
      return noArray(reader.accept("compressed") ? "Dc" : "D");
    case "text":
      return noArray("t");
    case "string":
      return noArray("X");
    case "encapsulate":
      return encapsulation(context, reader);
    case "zerolen":
      return inArray ? fail(reader, "array incompatible with zerolen.") : "Z";
    default:
      return fail(
        reader,
        `unknown data type ${token.text}`,
        "boolean, integer N, ip-address, text, string, domain-list, array of …, { … }",
      );
  }
}

function integerType(reader: TokenReader, signed: boolean): string | undefined {
  if (reader.next().type !== "NUMBER") return fail(reader, "expecting number.", "8, 16 or 32");
  const letter = new Map([
    [8, "b"],
    [16, "s"],
    [32, "l"],
  ]).get(atoi(reader.last.text));
  if (letter === undefined) return fail(reader, `${reader.last.text} bit precision is not supported.`, "8, 16 or 32");
  return signed ? letter : letter.toUpperCase();
}

function encapsulation(context: ParseContext, reader: TokenReader): string | undefined {
  const name = reader.next();
  if (!reader.isIdentifier(name)) return fail(reader, "expecting option space identifier");
  const space = context.options.spaceName(name.text);
  return space === undefined
    ? fail(reader, `unknown option space ${name.text}`, `declare it first: option space ${name.text};`)
    : `E${space}.`;
}
