import { addressOrHost } from "./host-lookup.ts";
import type { ParseContext, StatementBox } from "./parse-context.ts";
import type { TokenReader } from "./token-reader.ts";
import { hostName, ipv6Value } from "./values.ts";

const NOTHING: StatementBox = { statement: undefined };

function fail(reader: TokenReader, message: string, mend?: string): "failed" {
  reader.fail(message, mend);
  reader.skipStatement();
  return "failed";
}

/** `zone NAME { … }`, after that word: where updates of a DNS zone go, and the key that signs them. */
export function zoneDeclaration(context: ParseContext, reader: TokenReader): StatementBox | "failed" {
  const written = hostName(reader);
  if (written === undefined) return fail(reader, "expecting hostname.");
  const name = written.endsWith(".") ? written : `${written}.`;
  if (reader.next().type !== "{") return fail(reader, "expecting left brace");
  const servers = new Map<string, string[]>();
  let key: string | undefined;
  for (;;) {
    const { type } = reader.peek();
    if (type === "primary" || type === "secondary" || type === "primary6" || type === "secondary6") {
      reader.next();
      if (servers.has(type)) return failBlock(reader, `more than one ${type}.`);
      const found = serverList(context, reader, type.endsWith("6"));
      if (found === "failed") return failBlock(reader);
      servers.set(type, found);
    } else if (type === "key") {
      reader.next();
      key = reader.accept("STRING") ? reader.last.text : hostName(reader);
      if (key === undefined) return failBlock(reader, "expecting key name.");
      if (!context.keys.has(key.toLowerCase())) reader.fail(`unknown key ${key}`, `declare it first: key ${key} { … }`);
      if (!reader.semicolon()) return failBlock(reader);
    } else break;
  }
  if (reader.next().type !== "}") return failBlock(reader, "expecting right brace.");
  const primaries = [...(servers.get("primary") ?? []), ...(servers.get("secondary") ?? [])];
  const primaries6 = [...(servers.get("primary6") ?? []), ...(servers.get("secondary6") ?? [])];
  context.zones.set(name.toLowerCase(), { name, primaries, primaries6, key });
  return NOTHING;
}

/** Reports, and leaves the block that is open. */
function failBlock(reader: TokenReader, message?: string): "failed" {
  if (message !== undefined) reader.fail(message);
  if (reader.last.type !== "}") reader.skipBraces(1);
  return "failed";
}

function serverList(context: ParseContext, reader: TokenReader, v6: boolean): string[] | "failed" {
  const found: string[] = [];
  do {
    const start = reader.peek().offset;
    const one = v6 ? ipv6Value(reader) : addressOrHost(context, reader, false);
    if (one === undefined || one === "failed") return "failed";
    const last = reader.last;
    found.push(reader.source.text.slice(start, last.offset + last.text.length).replace(/\s/g, ""));
  } while (reader.next().type === ",");
  if (reader.last.type === ";") return found;
  reader.fail("expecting semicolon.", `found "${reader.last.text}"`);
  return "failed";
}

/** `key NAME { algorithm …; secret …; };`, after that word. */
export function keyDeclaration(context: ParseContext, reader: TokenReader): StatementBox | "failed" {
  const name = reader.accept("STRING") ? reader.last.text : hostName(reader);
  if (name === undefined) return fail(reader, "expecting key name.");
  if (reader.next().type !== "{") return fail(reader, "expecting left brace");
  let algorithm: string | undefined;
  let secret: Uint8Array | undefined;
  for (;;) {
    const { type } = reader.next();
    if (type === "algorithm") {
      if (algorithm !== undefined) return failBlock(reader, `key ${name}: too many algorithms`);
      algorithm = hostName(reader);
      if (algorithm === undefined) return failBlock(reader, "expecting key algorithm name.");
    } else if (type === "secret") {
      if (secret !== undefined) return failBlock(reader, `key ${name}: too many secrets`);
      secret = base64(reader);
      if (secret === undefined) return failBlock(reader);
    } else break;
    if (!reader.semicolon()) return failBlock(reader);
  }
  if (reader.last.type !== "}") return failBlock(reader, "expecting right brace.");
  reader.accept(";");
  if (secret === undefined || algorithm === undefined) {
    reader.fail(`key ${name}: no ${secret === undefined ? "secret" : "algorithm"}`);
    return "failed";
  }
  const plain = algorithm
    .toLowerCase()
    .replace(/\.$/, "")
    .replace(/\.sig-alg\.reg\.int$/, "");
  context.keys.set(name.toLowerCase(), { name, algorithm: plain, secret });
  return NOTHING;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A base64 text, which the lexer may have split at "+", "/" and "=". */
function base64(reader: TokenReader): Uint8Array | undefined {
  let text = reader.next().text;
  while (reader.peek().type !== "EOF" && /^[A-Za-z0-9+/=]+$/.test(reader.peek().text)) text += reader.next().text;
  const bytes: number[] = [];
  let accumulator = 0;
  let bits = 0;
  let ended = false;
  for (const character of text) {
    if (character === "=") ended = true;
    else if (ended) return failBase64(reader, "stuff after base64 '=' terminator");
    else {
      const value = BASE64.indexOf(character);
      if (value < 0) return failBase64(reader, `invalid base64 character ${character.charCodeAt(0)}.`);
      accumulator = ((accumulator << 6) | value) & 0xffffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes.push((accumulator >> bits) & 255);
      }
    }
  }
  if ((accumulator & ((1 << bits) - 1)) !== 0) reader.fail(`partial base64 value left over: ${accumulator & ((1 << bits) - 1)}.`);
  return bytes.length === 0 ? failBase64(reader, "empty base64 value") : Uint8Array.from(bytes);
}

function failBase64(reader: TokenReader, message: string): undefined {
  reader.fail(message);
  return undefined;
}
