import type { Ipv4Address } from "../../values/ipv4.ts";

/** BOOTREQUEST and BOOTREPLY (RFC 951, RFC 2131 §2). */
export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;
/** `flags` bit: the client cannot take unicast before it is configured (RFC 2131 §4.1). */
export const BROADCAST_FLAG = 0x8000;

/**
 * A DHCP or BOOTP message, decoded. `options` has one entry a code: parts are joined (RFC 3396) and overloaded `file` and
 * `sname` are read in (RFC 2131 §4.1). An option that came with length 0 is there, empty.
 */
export interface DhcpMessage {
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: Ipv4Address;
  readonly yiaddr: Ipv4Address;
  readonly siaddr: Ipv4Address;
  readonly giaddr: Ipv4Address;
  /** 16 bytes as sent; the first min(hlen, 16) count. */
  readonly chaddr: Uint8Array;
  /** 64 bytes as sent. */
  readonly sname: Uint8Array;
  /** 128 bytes as sent. */
  readonly file: Uint8Array;
  /** False for BOOTP without the magic cookie. */
  readonly hasCookie: boolean;
  readonly options: ReadonlyMap<number, Uint8Array>;
  /** The whole datagram, for dhcp-eval's `packet`. */
  readonly bytes: Uint8Array;
}
