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

/** An error in the declaration of an option space, of which dhcpd passes over nothing. */
function failHere(reader: TokenReader, message: string): undefined {
  reader.fail(message);
  reader.skipUnlikeDhcpd();
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
      if (reader.next().type !== "width") return failHere(reader, "expecting width token.");
      const expected = type === "code" ? "expecting number 1, 2, 4." : "expecting number 1 or 2.";
      if (reader.next().type !== "NUMBER") return failHere(reader, expected);
      const width = atoi(reader.last.text);
      if (type === "code" && (width === 1 || width === 2 || width === 4)) codeWidth = width;
      else if (type === "length" && (width === 1 || width === 2)) lengthWidth = width;
      else if (type === "code") return failHere(reader, `invalid code width (${width}), expecting a 1, 2 or 4.`);
      else return failHere(reader, `invalid length width (${width}) expecting 1 or 2.`);
    } else if (type === "hash") {
      if (reader.next().type !== "size") return failHere(reader, "expecting size token.");
      if (reader.next().type !== "NUMBER") return failHere(reader, "expecting a 10base number");
      if (atoi(reader.last.text) < 0) return failHere(reader, `invalid hash length: ${atoi(reader.last.text)}`);
    } else {
      reader.fail("Unexpected token.", `found "${reader.last.text}"`);
      if (!reader.likeDhcpd || type === "EOF") return reader.skipUnlikeDhcpd() as undefined;
    }
  }
  context.options.declareSpace({ name: name.text, codeWidth, lengthWidth });
}

/** `option NAME code N = TYPE;`, after `code`. The name means this from here on, also if it was known before. */
export function optionCodeDefinition(context: ParseContext, reader: TokenReader, named: NamedOption): undefined {
  const [space, name] = "option" in named ? [named.option.space, named.option.name] : [named.space, named.undefinedName];
  if (reader.next().type !== "NUMBER") return fail(reader, "expecting option code number.");
  const code = atoi(reader.last.text);
  if (reader.next().type !== "=") return fail(reader, 'expecting "="', `write option ${name} code ${code} = TYPE;`);
  const isRecord = reader.peek().type === "{" || (reader.peek().type === "array" && reader.peek(2).type === "{");
  const format = dataType(context, reader);
  if (format === undefined) return;
  if (!reader.semicolon()) {
    reader.goOnHere("semicolon expected.");
    if (reader.likeDhcpd) reader.skipStatement();
    if (reader.likeDhcpd && isRecord) reader.skipStatement();
    return;
  }
  if (format === ARRAY_OF_ENCAPSULATIONS) {
    reader.fail("Arrays of encapsulations don't make sense.");
    return;
  }
  context.options.define(optionFrom(space, [code, name, format]));
}

/** dhcpd's format has room for this many letters. */
const LONGEST_FORMAT = 128;

/** A format that there is none of. */
const ARRAY_OF_ENCAPSULATIONS = "EA";

/** A type, `array of` a type, or a record of types in braces; as format letters. */
function dataType(context: ParseContext, reader: TokenReader): string | undefined {
  const array = arrayOf(reader);
  if (array === undefined) return undefined;
  if (!reader.accept("{")) {
    const nested = array ? noNestedArray(reader) : arrayOf(reader);
    if (nested === undefined) return undefined;
    const letters = simpleType(context, reader, { inArray: array || nested, inRecord: false });
    if (letters === undefined) return undefined;
    if (array && letters.startsWith("E")) return ARRAY_OF_ENCAPSULATIONS;
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
  const problem = (message: string): undefined => typeProblem(reader, true, message);
  for (;;) {
    let array = false;
    if (letters.includes("E")) {
      if (reader.likeDhcpd) reader.next();
      return reader.likeDhcpd ? fail(reader, LAST_ITEM) : problem(LAST_ITEM);
    }
    if (reader.accept("array")) {
      if (inArray) return problem("no nested arrays.");
      if (reader.next().type !== "of") return reader.likeDhcpd ? fail(reader, 'expecting "of".') : problem('expecting "of".');
      if (reader.accept("{")) {
        reader.fail("only uniform array inside record.");
        reader.skipBraces(2);
        return reader.skipStatement() as undefined;
      }
      array = true;
    }
    const one = simpleType(context, reader, { inArray: inArray || array, inRecord: true });
    if (one === undefined) return undefined;
    letters += array ? `${one}a` : one;
    if (letters.length >= LONGEST_FORMAT) return problem("too many types in record.");
    const { type } = reader.next();
    if (type === "}") break;
    if (type !== ",") return problem("expecting right brace.");
    if (/[dDctXZ]$/.test(one)) return problem(`${one === "t" ? "text" : "string"} must be at end of record.`);
  }
  return inArray && letters.includes("E") ? ARRAY_OF_ENCAPSULATIONS : letters;
}

const LAST_ITEM = "encapsulate must always be the last item.";

/** Reports what is wrong with a type, and leaves the record and the statement. */
function typeProblem(reader: TokenReader, inRecord: boolean, message: string, mend?: string): undefined {
  reader.fail(message, mend);
  if (inRecord) reader.skipBlock();
  reader.skipStatement();
}

/** One type without braces. */
function simpleType(
  context: ParseContext,
  reader: TokenReader,
  { inArray, inRecord }: { readonly inArray: boolean; readonly inRecord: boolean },
): string | undefined {
  const token = reader.next();
  const wrong = (message: string, mend?: string): undefined => typeProblem(reader, inRecord, message, mend);
  const noArray = (letters: string): string | undefined => (inArray ? wrong("arrays of text strings not yet supported.") : letters);
  switch (token.type) {
    case "boolean":
      return "f";
    case "integer":
      return integerType(reader, true, wrong);
    case "signed":
    case "unsigned":
      if (reader.next().type !== "integer") return wrong('expecting "integer" keyword.');
      return integerType(reader, token.type === "signed", wrong);
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
      return inArray ? wrong("array incompatible with zerolen.") : "Z";
    default:
      return wrong(`unknown data type ${token.text}`, "boolean, integer N, ip-address, text, string, domain-list, array of …, { … }");
  }
}

function integerType(reader: TokenReader, signed: boolean, wrong: (message: string, mend: string) => undefined): string | undefined {
  if (reader.next().type !== "NUMBER") return wrong("expecting number.", "8, 16 or 32");
  const letter = new Map([
    [8, "b"],
    [16, "s"],
    [32, "l"],
  ]).get(atoi(reader.last.text));
  if (letter === undefined) return wrong(`${reader.last.text} bit precision is not supported.`, "8, 16 or 32");
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
