import { type Ipv4Address, ipv4 } from "../values/ipv4.ts";

/** Bytes of an IPv4 header without options and a UDP header. */
export const IP_UDP_HEADER_BYTES = 28;
const PROTOCOL_UDP = 17;
const TTL = 128;
/** TOS "minimize delay", as dhcpd sends it. */
const TOS = 0x10;

/** From where to where a datagram goes. */
export interface UdpEndpoints {
  readonly source: Ipv4Address;
  readonly sourcePort: number;
  readonly target: Ipv4Address;
  readonly targetPort: number;
}

/** Writes IPv4 and UDP headers and `payload` at `offset` of `into`; gives the bytes used, or 0 if they do not fit (RFC 791, RFC 768). */
export function writeUdpPacket(into: Uint8Array, offset: number, endpoints: UdpEndpoints, payload: Uint8Array): number {
  const total = IP_UDP_HEADER_BYTES + payload.length;
  if (total > 0xffff || offset + total > into.length) return 0;
  const udp = offset + 20;
  into.fill(0, offset, offset + IP_UDP_HEADER_BYTES);
  into[offset] = 0x45;
  into[offset + 1] = TOS;
  put16(into, offset + 2, total);
  into[offset + 8] = TTL;
  into[offset + 9] = PROTOCOL_UDP;
  put32(into, offset + 12, endpoints.source);
  put32(into, offset + 16, endpoints.target);
  put16(into, offset + 10, fold(sum16(into, offset, udp, 0)) ^ 0xffff);
  put16(into, udp, endpoints.sourcePort);
  put16(into, udp + 2, endpoints.targetPort);
  put16(into, udp + 4, 8 + payload.length);
  into.set(payload, udp + 8);
  const checksum = udpChecksum(into, offset, udp, 8 + payload.length);
  put16(into, udp + 6, checksum === 0 ? 0xffff : checksum); // 0 on the wire says "none" (RFC 768)
  return total;
}

/** Where the payload of a received packet lies, and its endpoints. */
export interface ReceivedUdp extends UdpEndpoints {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads an unfragmented IPv4 UDP packet in `bytes[offset, end)`; undefined if it is anything else, truncated, or damaged.
 * `checksumDone` says that the UDP checksum was verified already or is left to the hardware (local sender).
 */
export function readUdpPacket(bytes: Uint8Array, offset: number, end: number, checksumDone: boolean): ReceivedUdp | undefined {
  if (end - offset < IP_UDP_HEADER_BYTES || get8(bytes, offset) >>> 4 !== 4) return undefined;
  const headerBytes = (get8(bytes, offset) & 15) * 4;
  const total = get16(bytes, offset + 2);
  if (headerBytes < 20 || total < headerBytes + 8 || offset + total > end) return undefined;
  if (get8(bytes, offset + 9) !== PROTOCOL_UDP || (get16(bytes, offset + 6) & 0x3fff) !== 0) return undefined;
  if (fold(sum16(bytes, offset, offset + headerBytes, 0)) !== 0xffff) return undefined;
  const udp = offset + headerBytes;
  const length = get16(bytes, udp + 4);
  if (length < 8 || length > total - headerBytes) return undefined;
  if (!checksumDone && get16(bytes, udp + 6) !== 0 && udpChecksum(bytes, offset, udp, length) !== 0) return undefined;
  return {
    source: get32(bytes, offset + 12),
    target: get32(bytes, offset + 16),
    sourcePort: get16(bytes, udp),
    targetPort: get16(bytes, udp + 2),
    start: udp + 8,
    end: udp + length,
  };
}

/** The Internet checksum (RFC 1071) of `bytes`, complemented; an ICMP header carries it. */
export const internetChecksum = (bytes: Uint8Array): number => fold(sum16(bytes, 0, bytes.length, 0)) ^ 0xffff;

/** Checksum with the pseudo-header (RFC 768); 0 when a received packet's own checksum field is right. */
function udpChecksum(bytes: Uint8Array, ip: number, udp: number, length: number): number {
  const pseudo = sum16(bytes, ip + 12, ip + 20, PROTOCOL_UDP + length);
  return fold(sum16(bytes, udp, udp + length, pseudo)) ^ 0xffff;
}

function sum16(bytes: Uint8Array, start: number, end: number, initial: number): number {
  let sum = initial;
  let index = start;
  for (; index + 1 < end; index += 2) sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  return index < end ? sum + ((bytes[index] ?? 0) << 8) : sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

const get8 = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
const get16 = (bytes: Uint8Array, at: number): number => (get8(bytes, at) << 8) | get8(bytes, at + 1);
const get32 = (bytes: Uint8Array, at: number): Ipv4Address => ipv4((get16(bytes, at) << 16) | get16(bytes, at + 2));

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 255;
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value >>> 16);
  put16(bytes, at + 2, value & 0xffff);
}
