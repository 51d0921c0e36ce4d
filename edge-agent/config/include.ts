import { expectation, type ParseContext, type Place } from "./parse-context.ts";
import { sourceOf } from "./source.ts";
import { TokenReader } from "./token-reader.ts";

/** Files inside files inside files: no more than this. */
const DEEPEST_INCLUDE = 50;

/** `include "FILE";`, after that word: the file's statements as if they stood here. */
export function includeFile(context: ParseContext, reader: TokenReader, place: Place): boolean {
  const name = reader.next();
  if (name.type !== "STRING") {
    reader.fail("filename string expected.", 'write include "FILE";');
    reader.skipStatement();
    return true;
  }
  const path = name.text;
  if (context.files.includes(path)) reader.fail(`${path} includes itself`, context.files.join(" includes "));
  else if (context.files.length > DEEPEST_INCLUDE) reader.fail(`include: more than ${DEEPEST_INCLUDE} files deep`);
  else {
    const text = context.ports.readFile(path);
    if (text.ok) {
      if (readDeclarations(context, path, text.value, place) > 0) reader.goOnHere(`${path}: bad parse.`);
    } else reader.failAtOnce(`Can't open ${path}: ${text.error}`);
  }
  reader.semicolon();
  return true;
}

/** Reads a whole file's declarations into `place`; how many errors it has. */
export function readDeclarations(context: ParseContext, path: string, text: string, place: Place): number {
  context.files.push(path);
  const reader = new TokenReader(sourceOf(path, text), context.diagnostics, context.ports.likeDhcpd);
  while (reader.peek().type !== "EOF") {
    if (reader.peek().type === "}") {
      reader.fail(expectation(place), `the "}" on line ${reader.peek().line} closes nothing`);
      reader.next();
      continue;
    }
    const { taken } = reader;
    place.afterDeclaration = context.grammar.declaration(context, reader, place);
    if (reader.taken === taken) reader.next();
  }
  context.files.pop();
  return reader.errors;
}
