import type { Brand } from "./brand.ts";
import { err, ok, type Result } from "./result.ts";

/** An IPv4 address as an unsigned 32-bit number: it sorts, it is a 4-byte key, and it is the wire form. */
export type Ipv4Address = Brand<number, "Ipv4Address">;

export interface Ipv4Network {
  /** The network's lowest address. */
  readonly address: Ipv4Address;
  readonly mask: Ipv4Address;
}

/** Addresses from `first` to `last`, both included. */
export interface Ipv4Range {
  readonly first: Ipv4Address;
  readonly last: Ipv4Address;
}

export const UNSPECIFIED = 0 as Ipv4Address;
export const LIMITED_BROADCAST = 0xffffffff as Ipv4Address;

/** The address with these 32 bits; bits beyond 32 are dropped. */
export const ipv4 = (value: number): Ipv4Address => (value >>> 0) as Ipv4Address;
export const ipv4FromBytes = (bytes: Uint8Array, offset = 0): Ipv4Address =>
  ((((bytes[offset] ?? 0) << 24) | ((bytes[offset + 1] ?? 0) << 16) | ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0)) >>>
    0) as Ipv4Address;
export function ipv4ToBytes(address: Ipv4Address): Uint8Array {
  const bytes = new Uint8Array(4);
  bytes[0] = address >>> 24;
  bytes[1] = (address >>> 16) & 255;
  bytes[2] = (address >>> 8) & 255;
  bytes[3] = address & 255;
  return bytes;
}

/** Dotted quad, four decimal parts of 0 to 255. */
export function parseIpv4(text: string): Result<Ipv4Address, string> {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const parts = match?.slice(1).map(Number) ?? [];
  if (parts.length !== 4 || parts.some((part) => part > 255)) return err(`"${text}" is not an IPv4 address such as 192.0.2.1`);
  return ok(ipv4FromBytes(Uint8Array.from(parts)));
}
export const formatIpv4 = (address: Ipv4Address): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

export const networkOf = (address: Ipv4Address, mask: Ipv4Address): Ipv4Address => ipv4(address & mask);
export const contains = (network: Ipv4Network, address: Ipv4Address): boolean => ipv4(address & network.mask) === network.address;
export const broadcastOf = (network: Ipv4Network): Ipv4Address => ipv4(network.address | ~network.mask);
export const inRange = (range: Ipv4Range, address: Ipv4Address): boolean => address >= range.first && address <= range.last;
