import { encodeMessage } from "../../edge-agent/dhcp/wire/encode.ts";
import { OPTION } from "../../edge-agent/dhcp/wire/option-codes.ts";
import { type Ipv4Address, ipv4ToBytes } from "../../edge-agent/values/ipv4.ts";
import { RELAY, UNSPECIFIED } from "./lan.ts";

/** What a message says beside who sends it. */
export interface MessageFields {
  readonly ciaddr?: Ipv4Address;
  readonly requested?: Ipv4Address;
  readonly server?: Ipv4Address;
}

/** Who sends a message, and how it travels. */
interface Sender {
  readonly hardware: Uint8Array;
  readonly sendsClientId: boolean;
  readonly asksSeconds: number | undefined;
  readonly broadcasts: boolean;
  readonly xid: number;
  /** Seconds since it began to ask. */
  readonly secs: number;
  /** It goes by way of the relay. */
  readonly relayed: boolean;
}

/** Where xid and secs stand in a message (RFC 2131 §2). */
const XID_OFFSET = 4;
const SECS_OFFSET = 8;
const MOST_KEPT = 64;
/** By client: messages that it sent, to be sent again with another xid. */
const kept = new WeakMap<Uint8Array, Map<string, Uint8Array>>();

/** A DHCP client's message as bytes; one that is relayed is as the relay hands it on. */
export function clientMessage(type: number, fields: MessageFields, sender: Sender): Uint8Array {
  const own = kept.get(sender.hardware) ?? new Map<string, Uint8Array>();
  kept.set(sender.hardware, own);
  const key = `${type} ${fields.ciaddr} ${fields.requested} ${fields.server} ${sender.asksSeconds} ${sender.relayed} ${sender.broadcasts} ${sender.sendsClientId}`;
  const known = own.get(key) ?? encoded(type, fields, sender);
  if (own.size >= MOST_KEPT) own.clear();
  own.set(key, known);
  const bytes = known.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(XID_OFFSET, sender.xid);
  view.setUint16(SECS_OFFSET, Math.min(65535, Math.max(0, sender.secs)));
  return bytes;
}

function encoded(type: number, fields: MessageFields, sender: Sender): Uint8Array {
  const options = new Map<number, Uint8Array>([[OPTION.messageType, Uint8Array.of(type)]]);
  if (sender.sendsClientId) options.set(OPTION.clientIdentifier, Uint8Array.of(1, ...sender.hardware));
  if (fields.requested !== undefined) options.set(OPTION.requestedAddress, ipv4ToBytes(fields.requested));
  if (fields.server !== undefined) options.set(OPTION.serverIdentifier, ipv4ToBytes(fields.server));
  if (sender.asksSeconds !== undefined) options.set(OPTION.leaseTime, ipv4ToBytes(sender.asksSeconds as Ipv4Address));
  const chaddr = new Uint8Array(16);
  chaddr.set(sender.hardware);
  return encodeMessage({
    ...{ op: 1, htype: 1, hlen: 6, hops: sender.relayed ? 1 : 0, xid: 0 },
    secs: 0,
    flags: sender.broadcasts ? 0x8000 : 0,
    ciaddr: fields.ciaddr ?? UNSPECIFIED,
    ...{ yiaddr: UNSPECIFIED, siaddr: UNSPECIFIED, giaddr: sender.relayed ? RELAY : UNSPECIFIED, chaddr },
    ...{ sname: new Uint8Array(0), file: new Uint8Array(0), hasCookie: true, options },
  });
}
