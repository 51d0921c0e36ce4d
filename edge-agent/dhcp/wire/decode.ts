import { type Ipv4Address, ipv4FromBytes } from "../../values/ipv4.ts";
import { err, ok, type Result } from "../../values/result.ts";
import type { DhcpMessage } from "./message.ts";
import {
  FILE_OFFSET,
  FILE_SIZE,
  HEADER_SIZE,
  MAGIC_COOKIE,
  OPTION,
  OPTIONS_OFFSET,
  OVERLOAD_FILE,
  OVERLOAD_SNAME,
  SNAME_OFFSET,
  SNAME_SIZE,
} from "./option-codes.ts";

const CHADDR_OFFSET = 28;
const CHADDR_SIZE = 16;
const NO_OPTIONS: ReadonlyMap<number, Uint8Array> = new Map();

/**
 * Reads a BOOTP or DHCP datagram (RFC 951, RFC 2131 §2). Refuses what dhcpd drops: less than the fixed header, hlen over
 * 16, an option area in which an option runs past the end, and an empty client identifier; the error is dhcpd's log line.
 * Fields are views on `bytes`, not copies.
 */
export function decodeMessage(bytes: Uint8Array): Result<DhcpMessage, string> {
  if (bytes.length < HEADER_SIZE) return err(`${bytes.length} bytes are too few for a BOOTP header`);
  const hlen = bytes[2]!;
  if (hlen > CHADDR_SIZE) return err("Discarding packet with bogus hlen.");
  const hasCookie = bytes.length >= OPTIONS_OFFSET && ipv4FromBytes(bytes, HEADER_SIZE) === MAGIC_COOKIE;
  let options = NO_OPTIONS;
  if (hasCookie) {
    const collected = collectOptions(bytes);
    if (typeof collected === "string") return err(collected);
    if (collected.get(OPTION.clientIdentifier)?.length === 0) return err("Dropped DHCPv4 packet with zero-length client-id");
    options = collected;
  }
  return ok({
    op: bytes[0]!,
    htype: bytes[1]!,
    hlen,
    hops: bytes[3]!,
    xid: ipv4FromBytes(bytes, 4) as number,
    secs: (bytes[8]! << 8) | bytes[9]!,
    flags: (bytes[10]! << 8) | bytes[11]!,
    ciaddr: address(bytes, 12),
    yiaddr: address(bytes, 16),
    siaddr: address(bytes, 20),
    giaddr: address(bytes, 24),
    chaddr: bytes.subarray(CHADDR_OFFSET, CHADDR_OFFSET + CHADDR_SIZE),
    sname: bytes.subarray(SNAME_OFFSET, SNAME_OFFSET + SNAME_SIZE),
    file: bytes.subarray(FILE_OFFSET, FILE_OFFSET + FILE_SIZE),
    hasCookie,
    options,
    bytes,
  });
}

const address = (bytes: Uint8Array, offset: number): Ipv4Address => ipv4FromBytes(bytes, offset);

/** Options of the whole message: the option area, then `file`, then `sname` as option 52 says (RFC 2131 §4.1). */
function collectOptions(bytes: Uint8Array): Map<number, Uint8Array> | string {
  const collector = new OptionCollector();
  if (!collector.scan(bytes, OPTIONS_OFFSET, bytes.length)) return collector.failure;
  const overload = collector.options.get(OPTION.overload)?.[0] ?? 0;
  if ((overload & OVERLOAD_FILE) !== 0 && !collector.scan(bytes, FILE_OFFSET, FILE_OFFSET + FILE_SIZE)) return collector.failure;
  if ((overload & OVERLOAD_SNAME) !== 0 && !collector.scan(bytes, SNAME_OFFSET, SNAME_OFFSET + SNAME_SIZE)) return collector.failure;
  return collector.finish();
}

/** Gathers options and joins the parts of those that come more than once, in order (RFC 3396 §7), in linear time. */
class OptionCollector {
  readonly options = new Map<number, Uint8Array>();
  #parts: Map<number, Uint8Array[]> | undefined;
  failure = "";

  /** One area; false, and `failure` says why, if an option runs past its end. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    const options = this.options;
    let offset = start;
    while (offset < end) {
      const code = bytes[offset]!;
      if (code === OPTION.end) return true;
      offset += 1;
      if (code === OPTION.pad) continue;
      if (offset >= end) {
        this.failure = malformed(code, "code tag at end of buffer - missing length field");
        return false;
      }
      const length = bytes[offset]!;
      offset += 1;
      if (offset + length > end) {
        this.failure = malformed(code, "option length exceeds option buffer length");
        return false;
      }
      const value = bytes.subarray(offset, offset + length);
      if (options.has(code)) this.#join(code, value);
      else options.set(code, value);
      offset += length;
    }
    return true;
  }

  #join(code: number, value: Uint8Array): void {
    this.#parts ??= new Map();
    const parts = this.#parts.get(code);
    if (parts === undefined) this.#parts.set(code, [this.options.get(code)!, value]);
    else parts.push(value);
  }

  finish(): Map<number, Uint8Array> {
    if (this.#parts !== undefined) for (const [code, parts] of this.#parts) this.options.set(code, joinBytes(parts));
    return this.options;
  }
}

const malformed = (code: number, why: string): string => `parse_option_buffer: malformed option dhcp.<unknown> (code ${code}): ${why}.`;

/** All `parts` in one array. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const joined = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
