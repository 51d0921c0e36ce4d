import { joinBytes } from "../../dhcp/wire/decode.ts";
import { decodeDomainList, encodeDomainList } from "../../dhcp/wire/domain-name.ts";
import { hexPairs, sameBytes } from "../../values/hardware-address.ts";

/** Longest data an expression may give, in bytes. */
export const DATA_LIMIT = 65_536;

/** Compressed domain lists as one, compressed anew, as dhcpd appends and prepends them; nothing if any part is no such list. */
export function joinDomainLists(parts: readonly (Uint8Array | undefined)[]): Uint8Array | undefined {
  const names: string[] = [];
  for (const part of parts) {
    const list = part === undefined ? undefined : decodeDomainList(part);
    if (list === undefined) return undefined;
    names.push(...list);
  }
  const joined = encodeDomainList(names, true);
  return joined === undefined || joined.length > DATA_LIMIT ? undefined : joined;
}

/** `concat`: nothing if any part is nothing, or if it grows beyond {@link DATA_LIMIT}. */
export function concatenate(parts: readonly (Uint8Array | undefined)[]): Uint8Array | undefined {
  const present = parts.filter((part) => part !== undefined);
  const size = present.reduce((sum, part) => sum + part.length, 0);
  return present.length === parts.length && size <= DATA_LIMIT ? joinBytes(present) : undefined;
}

/** `substring`: an offset past the end gives empty data, not nothing. */
export function substring(data: Uint8Array, offset: number, length: number): Uint8Array {
  if (offset < 0 || offset >= data.length) return data.subarray(0, 0);
  return data.subarray(offset, length < 0 ? data.length : offset + length);
}

/** `suffix`: the last `length` bytes, or all there are. */
export function suffix(data: Uint8Array, length: number): Uint8Array {
  return length < 0 || length >= data.length ? data : data.subarray(data.length - length);
}

/** `lcase` and `ucase`: ASCII letters only, as in the C locale. */
export function changeCase(data: Uint8Array, to: "lower" | "upper"): Uint8Array {
  const first = to === "lower" ? 65 : 97;
  const changed = data.slice();
  for (let index = 0; index < changed.length; index += 1) {
    const byte = changed[index]!;
    if (byte >= first && byte < first + 26) changed[index] = byte ^ 32;
  }
  return changed;
}

/** `reverse`: groups of `width` bytes in the opposite order; nothing if the data are no whole number of groups. */
export function reverse(data: Uint8Array, width: number): Uint8Array | undefined {
  if (width < 1 || data.length % width !== 0) return undefined;
  const turned = new Uint8Array(data.length);
  for (let index = 0; index < data.length; index += width) {
    turned.set(data.subarray(data.length - index - width, data.length - index), index);
  }
  return turned;
}

/**
 * `binary-to-ascii`: each big-endian integer of `width` bits in `base`. Nothing unless the width is 8, 16 or 32 and the data
 * are a whole number of integers; empty text for each integer if the base is over 16.
 */
export function binaryToAscii(base: number, width: number, separator: string, data: Uint8Array): string | undefined {
  if (width !== 8 && width !== 16 && width !== 32) return undefined;
  const size = width / 8;
  if (base < 1 || data.length % size !== 0) return undefined;
  const numbers: string[] = [];
  for (let index = 0; index < data.length; index += size) numbers.push(digits(integerAt(data, index, size), base));
  return numbers.join(separator);
}

/**
 * dhcpd counts the digits with powers of the base modulo 2^32, so that in base 10 a number from 1410065408 on gets a leading
 * zero. Names made of such numbers have to stay what they were.
 */
function digits(number: number, base: number): string {
  if (base > 16) return "";
  let count = 1;
  let column = base;
  while (number >= column) {
    count += 1;
    const next = (column * base) % 0x1_0000_0000;
    if (next <= column) break;
    column = next;
  }
  return (base === 1 ? "0" : number.toString(base)).padStart(count, "0");
}

/** `encode-int`: the low bits of `value`, big-endian. */
export function encodeInteger(value: number, bits: 8 | 16 | 32): Uint8Array {
  const low = Number(BigInt.asUintN(32, BigInt(Math.trunc(value))));
  if (bits === 8) return Uint8Array.of(low & 255);
  if (bits === 16) return Uint8Array.of((low >>> 8) & 255, low & 255);
  return Uint8Array.of(low >>> 24, (low >>> 16) & 255, (low >>> 8) & 255, low & 255);
}

/** `extract-int`: the leading `bits` as an unsigned number; nothing if there are fewer. */
export function extractInteger(data: Uint8Array, bits: 8 | 16 | 32): number | undefined {
  return data.length < bits / 8 ? undefined : integerAt(data, 0, bits / 8);
}

/**
 * dhcpd's arithmetic is on unsigned 64-bit numbers. Here a result "below zero" stays negative, which is the same number
 * modulo 2^64 and gives the same bytes when encoded; nothing for a division by zero.
 */
export function calculate(operator: "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^", left: number, right: number): number | undefined {
  if (operator === "+" || operator === "-" || operator === "*") {
    const simple = operator === "+" ? left + right : operator === "-" ? left - right : left * right;
    return Number.isSafeInteger(simple) ? simple : wrapped(operator, left, right);
  }
  if ((operator === "/" || operator === "%") && right === 0) return undefined;
  if (left >= 0 && right >= 0) {
    if (operator === "/") return Math.trunc(left / right);
    if (operator === "%") return left % right;
    if (left <= 0xffffffff && right <= 0xffffffff) return bitwise(operator, left, right);
  }
  return wrapped(operator, left, right);
}

const bitwise = (operator: "&" | "|" | "^", left: number, right: number): number =>
  (operator === "&" ? left & right : operator === "|" ? left | right : left ^ right) >>> 0;

function wrapped(operator: string, left: number, right: number): number {
  const a = BigInt.asUintN(64, BigInt(Math.trunc(left)));
  const b = BigInt.asUintN(64, BigInt(Math.trunc(right)));
  const results: Readonly<Record<string, () => bigint>> = {
    "+": () => a + b,
    "-": () => a - b,
    "*": () => a * b,
    "/": () => a / b,
    "%": () => a % b,
    "&": () => a & b,
    "|": () => a | b,
    "^": () => a ^ b,
  };
  return Number(BigInt.asIntN(64, results[operator]?.() ?? 0n));
}

function integerAt(data: Uint8Array, offset: number, size: number): number {
  let value = 0;
  for (let index = 0; index < size; index += 1) value = value * 256 + (data[offset + index] ?? 0);
  return value;
}

/** The bytes before the first NUL: what C makes of them as a string. */
export function untilNul(data: Uint8Array): Uint8Array {
  const end = data.indexOf(0);
  return end < 0 ? data : data.subarray(0, end);
}

/** For log lines: printable text as it is, other data as hex pairs. */
export const readable = (data: Uint8Array): string =>
  data.every((byte) => byte >= 32 && byte < 127) ? String.fromCharCode(...data.subarray(0, 200)) : hexPairs(data.subarray(0, 200));

/** `=` of dhcp-eval(5): nothing equals nothing, and values of different types are different. */
export function same(left: Uint8Array | number | boolean | undefined, right: Uint8Array | number | boolean | undefined): boolean {
  return left instanceof Uint8Array && right instanceof Uint8Array ? sameBytes(left, right) : left === right;
}
