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
  const zone = zoneBlock(context, reader);
  if (zone === "failed") return leaveZone(reader);
  const primaries = [...(zone.servers.get("primary") ?? []), ...(zone.servers.get("secondary") ?? [])];
  const primaries6 = [...(zone.servers.get("primary6") ?? []), ...(zone.servers.get("secondary6") ?? [])];
  context.zones.set(name.toLowerCase(), { name, primaries, primaries6, key: zone.key });
  return NOTHING;
}

/** Out of a zone with an error; dhcpd looks for the end of a statement, not of the block. */
function leaveZone(reader: TokenReader): "failed" {
  if (reader.likeDhcpd) reader.skipStatement();
  else if (reader.last.type !== "}") reader.skipBraces(1);
  return "failed";
}

interface ZoneBlock {
  readonly servers: ReadonlyMap<string, readonly string[]>;
  readonly key: string | undefined;
}

/** The statements of a zone, up to its "}". */
function zoneBlock(context: ParseContext, reader: TokenReader): ZoneBlock | "failed" {
  const servers = new Map<string, string[]>();
  let key: string | undefined;
  for (;;) {
    const { type } = reader.peek();
    if (type === "primary" || type === "secondary" || type === "primary6" || type === "secondary6") {
      if (servers.has(type)) return failZone(reader, `more than one ${type}.`);
      reader.next();
      const found = serverList(context, reader, type.endsWith("6"));
      if (found === "failed") return found;
      servers.set(type, found);
    } else if (type === "key") {
      reader.next();
      key = reader.accept("STRING") ? reader.last.text : hostName(reader);
      if (key === undefined) return failZone(reader, "expecting key name.");
      if (!context.keys.has(key.toLowerCase())) reader.fail(`unknown key ${key}`, `declare it first: key ${key} { … }`);
      if (!reader.semicolon()) return "failed";
    } else break;
  }
  if (reader.next().type === "}") return { servers, key };
  reader.fail("expecting right brace.");
  return "failed";
}

/** Within a zone. */
function failZone(reader: TokenReader, message: string): "failed" {
  reader.fail(message);
  if (reader.likeDhcpd) reader.skipStatement();
  return "failed";
}

/** Reports, and leaves the block of a key. */
function failBlock(reader: TokenReader, message?: string): "failed" {
  if (message !== undefined) reader.fail(message);
  reader.skipBlock();
  return "failed";
}

function serverList(context: ParseContext, reader: TokenReader, v6: boolean): string[] | "failed" {
  const found: string[] = [];
  do {
    const start = reader.peek().offset;
    const one = v6 ? ipv6Value(reader) : addressOrHost(context, reader, false);
    if (one === undefined || one === "failed") {
      if (!reader.likeDhcpd) return "failed";
      return failZone(reader, v6 ? "expecting IPv6 addr." : "expecting IP addr or hostname.");
    }
    const last = reader.last;
    found.push(reader.source.text.slice(start, last.offset + last.text.length).replace(/\s/g, ""));
  } while (reader.next().type === ",");
  if (reader.last.type === ";") return found;
  return failZone(reader, "expecting semicolon.");
}

/** `key NAME { algorithm …; secret …; };`, after that word. */
export function keyDeclaration(context: ParseContext, reader: TokenReader): StatementBox | "failed" {
  const name = reader.accept("STRING") ? reader.last.text : hostName(reader);
  if (name === undefined) return fail(reader, "expecting key name.");
  if (reader.next().type !== "{") {
    reader.fail("expecting left brace");
    reader.skipUnlikeDhcpd();
    return "failed";
  }
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
  if (!ALGORITHMS.has(plain) || (algorithm.endsWith(".") && !/\.int\.$/i.test(algorithm)))
    reader.warnWithoutPlace(`Unable to create tsec structure for ${name}`, "", `the algorithms are ${[...ALGORITHMS].join(", ")}`);
  context.keys.set(name.toLowerCase(), { name, algorithm: plain, secret });
  return NOTHING;
}

/** Those that dhcpd has (RFC 8945 §6). */
const ALGORITHMS: ReadonlySet<string> = new Set(["hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]);

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A base64 text, which the lexer may have split at "+", "/" and "=". */
function base64(reader: TokenReader): Uint8Array | undefined {
  const pieces = [reader.next().text];
  while (reader.peek().type !== "EOF" && /^[A-Za-z0-9+/=]+$/.test(reader.peek().text)) pieces.push(reader.next().text);
  const bytes: number[] = [];
  let accumulator = 0;
  let bits = 0;
  let ended = false;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += 1) {
      if (piece[at] === "=") {
        ended = true;
        continue;
      }
      if (ended) return failBase64(reader, `stuff after base64 '=' terminator: ${piece.slice(at)}.`);
      const value = BASE64.indexOf(piece[at] ?? "");
      if (value < 0) return failBase64(reader, `invalid base64 character ${piece.charCodeAt(at)}.`);
      accumulator = ((accumulator << 6) | value) & 0xffffff;
      bits += 6;
      if (bits < 8) continue;
      bits -= 8;
      bytes.push((accumulator >> bits) & 255);
    }
  }
  if ((accumulator & ((1 << bits) - 1)) !== 0) reader.fail(`partial base64 value left over: ${accumulator & ((1 << bits) - 1)}.`);
  return bytes.length === 0 ? failBase64(reader, "empty base64 value") : Uint8Array.from(bytes);
}

function failBase64(reader: TokenReader, message: string): undefined {
  reader.fail(message);
  return undefined;
}
