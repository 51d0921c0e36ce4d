import type { DhcpMessage } from "./message.ts";
import { FILE_OFFSET, FILE_SIZE, HEADER_SIZE, MAGIC_COOKIE, OPTION, OPTIONS_OFFSET, SNAME_OFFSET, SNAME_SIZE } from "./option-codes.ts";

/** Smallest BOOTP message (RFC 951 §3: 300 bytes); shorter ones are padded with zeros. */
export const MINIMUM_MESSAGE = 300;
const CHADDR_OFFSET = 28;

/** The fields of the fixed header that an encoder needs. */
export type MessageHeader = Pick<
  DhcpMessage,
  "op" | "htype" | "hlen" | "hops" | "xid" | "secs" | "flags" | "ciaddr" | "yiaddr" | "siaddr" | "giaddr" | "chaddr" | "sname" | "file"
>;

/**
 * A message as a datagram: options in the order of the map, those over 255 bytes split (RFC 3396 §5), padded to 300 bytes.
 * For relays and tests; replies to clients are laid out by server/response-options.ts.
 */
export function encodeMessage(message: MessageHeader & Pick<DhcpMessage, "hasCookie" | "options">): Uint8Array {
  let size = HEADER_SIZE;
  if (message.hasCookie) {
    size = OPTIONS_OFFSET + 1;
    for (const value of message.options.values()) size += value.length + 2 * Math.max(1, Math.ceil(value.length / 255));
  }
  const bytes = new Uint8Array(Math.max(size, MINIMUM_MESSAGE));
  writeHeader(bytes, message);
  if (!message.hasCookie) return bytes;
  writeUint32(bytes, HEADER_SIZE, MAGIC_COOKIE);
  let offset = OPTIONS_OFFSET;
  for (const [code, value] of message.options) offset = writeOption(bytes, offset, code, value);
  bytes[offset] = OPTION.end;
  return bytes;
}

/** Writes the fixed header (RFC 2131 §2); longer `sname` and `file` are cut. */
export function writeHeader(bytes: Uint8Array, header: MessageHeader): void {
  bytes[0] = header.op;
  bytes[1] = header.htype;
  bytes[2] = header.hlen;
  bytes[3] = header.hops;
  writeUint32(bytes, 4, header.xid);
  bytes[8] = header.secs >>> 8;
  bytes[9] = header.secs & 255;
  bytes[10] = header.flags >>> 8;
  bytes[11] = header.flags & 255;
  writeUint32(bytes, 12, header.ciaddr);
  writeUint32(bytes, 16, header.yiaddr);
  writeUint32(bytes, 20, header.siaddr);
  writeUint32(bytes, 24, header.giaddr);
  bytes.set(header.chaddr, CHADDR_OFFSET);
  if (header.sname.length > 0) bytes.set(cut(header.sname, SNAME_SIZE), SNAME_OFFSET);
  if (header.file.length > 0) bytes.set(cut(header.file, FILE_SIZE), FILE_OFFSET);
}

const cut = (value: Uint8Array, size: number): Uint8Array => (value.length > size ? value.subarray(0, size) : value);

/** Big-endian. */
export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = (value >>> 16) & 255;
  bytes[offset + 2] = (value >>> 8) & 255;
  bytes[offset + 3] = value & 255;
}

function writeOption(bytes: Uint8Array, start: number, code: number, value: Uint8Array): number {
  let offset = start;
  let taken = 0;
  do {
    const part = value.subarray(taken, taken + 255);
    bytes[offset] = code;
    bytes[offset + 1] = part.length;
    bytes.set(part, offset + 2);
    offset += 2 + part.length;
    taken += part.length;
  } while (taken < value.length);
  return offset;
}
