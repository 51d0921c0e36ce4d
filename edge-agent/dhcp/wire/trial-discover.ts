import { ETHERNET } from "../../values/hardware-address.ts";
import { type Ipv4Address, UNSPECIFIED } from "../../values/ipv4.ts";
import { encodeMessage } from "./encode.ts";
import { MESSAGE_TYPE, OPTION } from "./option-codes.ts";

/** A client as somebody describes it who wants to know how it would be treated. */
export interface TrialClient {
  /** At most 16 bytes; what is beyond is left out. */
  readonly hardware: Uint8Array;
  /** Option 61, type byte included. */
  readonly clientId: Uint8Array | undefined;
  /** Option 60. */
  readonly vendorClass: string | undefined;
}

const NOTHING = new Uint8Array(0);

/** The DHCPDISCOVER (RFC 2131 §4.4.1) that such a client would send; by a relay at `giaddr`, unless that is 0.0.0.0. */
export function trialDiscover({ hardware, clientId, vendorClass }: TrialClient, giaddr: Ipv4Address): Uint8Array {
  const address = hardware.subarray(0, 16);
  const chaddr = new Uint8Array(16);
  chaddr.set(address);
  const options = new Map<number, Uint8Array>([[OPTION.messageType, Uint8Array.of(MESSAGE_TYPE.DHCPDISCOVER)]]);
  if (clientId !== undefined) options.set(OPTION.clientIdentifier, clientId.subarray(0, 255));
  if (vendorClass !== undefined && vendorClass !== "")
    options.set(
      OPTION.vendorClass,
      Uint8Array.from(vendorClass.slice(0, 255), (each) => each.charCodeAt(0) & 255),
    );
  const fixed = { op: 1, htype: ETHERNET, hlen: address.length, hops: 0, xid: 0, secs: 0, flags: 0, sname: NOTHING, file: NOTHING };
  const addresses = { ciaddr: UNSPECIFIED, yiaddr: UNSPECIFIED, siaddr: UNSPECIFIED, giaddr };
  return encodeMessage({ ...fixed, ...addresses, chaddr, hasCookie: true, options });
}

/** At most 255 hex pairs with ":" or "-" or nothing between, as people write hardware addresses and client identifiers; undefined for anything else. */
export function hexBytes(text: string): Uint8Array | undefined {
  const parts = /[:-]/.test(text) ? text.split(/[:-]/) : (text.match(/../g) ?? []);
  if (parts.length === 0 || parts.length > 255 || (!/[:-]/.test(text) && text.length % 2 !== 0)) return undefined;
  if (!parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part))) return undefined;
  return Uint8Array.from(parts, (part) => Number.parseInt(part, 16));
}
