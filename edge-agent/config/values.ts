import { type Ipv4Address, ipv4FromBytes } from "../values/ipv4.ts";
import type { TokenReader } from "./token-reader.ts";

/** C's atoi: leading digits with an optional "-", wrapped to 32 bits (signed). */
export function atoi(text: string): number {
  const match = /^\s*-?\d+/.exec(text);
  if (match === null) return 0;
  const value = Number(match[0]);
  return value > 2 ** 63 ? -1 : Number(BigInt.asIntN(32, BigInt(match[0])));
}

/**
 * A number token as `bits` bits, big-endian. Base 0 reads 0x… as hexadecimal and 0… as octal. What is out of range or not
 * of the base is reported; the low bits are kept. Values of 32 bits wrap silently, as in dhcpd.
 */
export function convertNumber(reader: TokenReader, text: string, base: number, bits: 8 | 16 | 32): number {
  const negative = text.startsWith("-");
  let digits = negative ? text.slice(1) : text;
  let radix = base;
  if (radix === 0) {
    if (/^0x/.test(digits)) {
      radix = 16;
      digits = digits.slice(2);
    } else if (/^0\d/.test(digits)) {
      radix = 8;
      digits = digits.slice(1);
    } else radix = 10;
  }
  let value = 0;
  if (digits === "") reader.fail(`Bogus number: ${text}.`);
  for (const character of digits) {
    const digit = Number.parseInt(character, 36);
    if (Number.isNaN(digit)) {
      reader.fail(`Bogus number: ${text}.`);
      break;
    }
    if (digit >= radix) {
      reader.fail(`Bogus number ${text}: digit ${digit} not in base ${radix}`);
      break;
    }
    value = (Math.imul(value, radix) + digit) >>> 0;
  }
  const maximum = negative ? 2 ** (bits - 1) : 2 ** bits - 1;
  if (value > maximum && bits < 32) {
    const shown = radix === 16 ? value.toString(16) : radix === 8 ? value.toString(8) : String(value);
    reader.fail(`${negative ? "-" : ""}${shown} exceeds max (${maximum}) for precision.`);
  }
  const wrapped = negative ? -value : value;
  return bits === 32 ? wrapped >>> 0 : wrapped & (2 ** bits - 1);
}

/** `count` numbers (0: as many as there are) with `separator` between, a byte each. Undefined after a reported error. */
export function numericAggregate(reader: TokenReader, count: number, separator: string, base: 10 | 16): Uint8Array | undefined {
  const texts: string[] = [];
  const bytes: number[] = [];
  do {
    if (texts.length > 0) {
      if (reader.peek().type !== separator) {
        if (count === 0) break;
        if (reader.peek().type !== "{" && reader.peek().type !== "}") reader.next();
        reader.fail("too few numbers.", `${count} are needed, with "${separator}" between`);
        reader.skipUnlessEnded();
        return undefined;
      }
      reader.next();
    }
    const token = reader.next();
    if (token.type === "EOF") {
      reader.fail("unexpected end of file");
      return undefined;
    }
    if (token.type !== "NUMBER" && (base !== 16 || token.type !== "NUMBER-OR-NAME")) {
      reader.fail("expecting numeric value.", `found "${token.text}"`);
      reader.skipStatement();
      return undefined;
    }
    texts.push(token.text);
    if (count > 0) bytes.push(convertNumber(reader, token.text, base, 8));
  } while (texts.length !== count);
  // dhcpd converts a list without a fixed length when it has all of it, from the end
  if (count === 0) for (const text of texts.reverse()) bytes.push(convertNumber(reader, text, base, 8));
  return Uint8Array.from(count === 0 ? bytes.reverse() : bytes);
}

/** Dotted quad; undefined after a reported error. */
export function ipv4Value(reader: TokenReader): Ipv4Address | undefined {
  const bytes = numericAggregate(reader, 4, ".", 10);
  return bytes === undefined ? undefined : ipv4FromBytes(bytes);
}

/** Hexadecimal bytes with ":" between, at least one. */
export function hexList(reader: TokenReader, complaint = "expecting hexadecimal number."): Uint8Array | undefined {
  const bytes: number[] = [];
  do {
    const token = reader.next();
    if (token.type !== "NUMBER" && token.type !== "NUMBER-OR-NAME") {
      reader.fail(complaint, `found "${token.text}"`);
      reader.skipStatement();
      return undefined;
    }
    bytes.push(convertNumber(reader, token.text, 16, 8));
  } while (reader.accept(":"));
  return Uint8Array.from(bytes);
}

/** Identifiers and numbers with "." between; a final "." stays. Undefined, without a complaint, if there is none. */
export function hostName(reader: TokenReader): string | undefined {
  let name = "";
  for (;;) {
    const token = reader.peek();
    if (!reader.isIdentifier(token) && token.type !== "NUMBER") break;
    name += reader.next().text;
    if (!reader.accept(".")) break;
    name += ".";
  }
  return name === "" ? undefined : name;
}

/** An IPv6 address as 16 bytes; undefined after a reported error. */
export function ipv6Value(reader: TokenReader): Uint8Array | undefined {
  let text = "";
  for (let token = reader.peek(); isPartOfIpv6(token.type, token.text) && (text === "" || !token.spaced); token = reader.peek()) {
    text += reader.next().text;
    if (text.length > 45) break;
  }
  const bytes = parseIpv6(text);
  if (bytes === undefined) {
    reader.fail("Invalid IPv6 address.");
    reader.skipStatement();
  }
  return bytes;
}

function isPartOfIpv6(type: string, text: string): boolean {
  if (type === "NUMBER" || type === "." || type === ":") return true;
  return (type === "NAME" || type === "NUMBER-OR-NAME") && /^[0-9a-fA-F]*$/.test(text);
}

/** RFC 4291 §2.2, with "::" and a dotted quad at the end. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [front, back] = halves.map((half) => (half === "" ? [] : groupsOf(half)));
  if (front === undefined || (halves.length === 2 && back === undefined)) return undefined;
  const tail = back ?? [];
  const missing = 16 - front.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return Uint8Array.from([...front, ...Array.from({ length: missing }, () => 0), ...tail]);
}

function groupsOf(text: string): number[] | undefined {
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (index === groups.length - 1 && group.includes(".")) {
      const quad = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(group)?.slice(1).map(Number);
      if (quad === undefined || quad.some((part) => part > 255)) return undefined;
      bytes.push(...quad);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else return undefined;
  }
  return bytes;
}

/** true, on, false, off; undefined for any other word. Case does not matter. */
export function booleanWord(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (word === "true" || word === "on") return true;
  return word === "false" || word === "off" ? false : undefined;
}
