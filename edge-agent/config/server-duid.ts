import type { ParseContext, Place } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";
import { hexList } from "./values.ts";

const HARDWARE = new Set(["ethernet", "token-ring", "fddi"]);

/** `server-duid TYPE …;`, after that word: DHCPv6's, read and left alone. */
export function serverDuid(_context: ParseContext, reader: TokenReader, _place: Place): boolean {
  const problem = duidProblem(reader);
  if (problem === "reported") return false;
  if (problem !== undefined) {
    reader.fail(problem);
    reader.skipStatement();
    return false;
  }
  if (reader.semicolon("semicolon expected")) reader.inform("server-duid has no effect on this server");
  return false;
}

function duidProblem(reader: TokenReader): string | "reported" | undefined {
  const { type } = reader.next();
  if (type === "en") {
    if (reader.next().type !== "NUMBER") return "enterprise number expected";
    return reader.next().type === "STRING" ? undefined : "identifier expected";
  }
  if (type === "NUMBER") return reader.next().type === "STRING" ? undefined : "identifier expected";
  if (type !== "ll" && type !== "llt") return "DUID type of LLT, EN, or LL expected";
  if (reader.peek().type === ";") return undefined;
  if (!HARDWARE.has(reader.next().type)) return "hardware type expected";
  if (type === "llt" && reader.next().type !== "NUMBER") return "timestamp expected";
  return hexList(reader) === undefined ? "reported" : undefined;
}
