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

/** A DHCP client's message as bytes; one that is relayed is as the relay hands it on. */
export function clientMessage(type: number, fields: MessageFields, sender: Sender): Uint8Array {
  const options = new Map<number, Uint8Array>([[OPTION.messageType, Uint8Array.of(type)]]);
  if (sender.sendsClientId) options.set(OPTION.clientIdentifier, Uint8Array.of(1, ...sender.hardware));
  if (fields.requested !== undefined) options.set(OPTION.requestedAddress, ipv4ToBytes(fields.requested));
  if (fields.server !== undefined) options.set(OPTION.serverIdentifier, ipv4ToBytes(fields.server));
  if (sender.asksSeconds !== undefined) options.set(OPTION.leaseTime, ipv4ToBytes(sender.asksSeconds as Ipv4Address));
  const chaddr = new Uint8Array(16);
  chaddr.set(sender.hardware);
  return encodeMessage({
    ...{ op: 1, htype: 1, hlen: 6, hops: sender.relayed ? 1 : 0, xid: sender.xid },
    secs: Math.min(65535, Math.max(0, sender.secs)),
    flags: sender.broadcasts ? 0x8000 : 0,
    ciaddr: fields.ciaddr ?? UNSPECIFIED,
    ...{ yiaddr: UNSPECIFIED, siaddr: UNSPECIFIED, giaddr: sender.relayed ? RELAY : UNSPECIFIED, chaddr },
    ...{ sname: new Uint8Array(0), file: new Uint8Array(0), hasCookie: true, options },
  });
}
