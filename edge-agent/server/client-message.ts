import type { DhcpMessage } from "../dhcp/wire/message.ts";
import { OPTION } from "../dhcp/wire/option-codes.ts";
import { type HardwareAddress, hexPairs } from "../values/hardware-address.ts";
import { formatIpv4, type Ipv4Address, ipv4FromBytes, UNSPECIFIED } from "../values/ipv4.ts";
import type { DatagramReceived } from "./event.ts";

/** A client's message with what serving asks of it again and again. */
export interface ClientMessage {
  readonly datagram: DatagramReceived;
  /** With the relay's options of the lease put in, when {@link stashed}. */
  readonly message: DhcpMessage;
  /** Option 53; 0 for BOOTP. */
  readonly type: number;
  readonly hardware: HardwareAddress;
  /** `chaddr` as log lines show it. */
  readonly hardwareText: string;
  /** Option 61, type byte included. */
  readonly clientId: Uint8Array | undefined;
  /** Who asks, as a key: option 61, else htype and chaddr (RFC 2131 §4.2). */
  readonly key: string;
  /** Option 50. */
  readonly requested: Ipv4Address | undefined;
  /** Option 54. */
  readonly serverId: Ipv4Address | undefined;
  /** Option 12 without the NULs that some clients put at its end, a character a byte. */
  readonly hostname: string | undefined;
  /** Option 82: the relay's sub-options. */
  readonly agentOptions: Uint8Array | undefined;
  /** The relay's options are those of the lease, not of this message. */
  readonly stashed: boolean;
  /** Relay or interface, as log lines name it. */
  readonly via: string;
}

/** RFC 3046 and its successors: sub-options of option 82 that the server acts upon. */
export const LINK_SELECTION = 5; // RFC 3527
export const SERVER_ID_OVERRIDE = 11; // RFC 5107

export function readClientMessage(datagram: DatagramReceived, message: DhcpMessage): ClientMessage {
  const { options } = message;
  const hardware = { htype: message.htype, bytes: message.chaddr.subarray(0, message.hlen) };
  const clientId = options.get(OPTION.clientIdentifier);
  const known = clientId !== undefined && clientId.length > 0 ? clientId : undefined;
  return {
    datagram,
    message,
    type: options.get(OPTION.messageType)?.[0] ?? 0,
    hardware,
    hardwareText: hexPairs(hardware.bytes),
    clientId: known,
    key: known === undefined ? machineKey(hardware) : keyOf("i", known, 0),
    requested: addressOption(options, OPTION.requestedAddress),
    serverId: addressOption(options, OPTION.serverIdentifier),
    hostname: textOption(options.get(OPTION.hostName)),
    agentOptions: wellFormed(options.get(OPTION.relayAgentInformation)),
    stashed: false,
    via: message.giaddr === UNSPECIFIED ? datagram.interfaceName : formatIpv4(message.giaddr),
  };
}

/** {@link ClientMessage.key} of a client of this hardware that has no identifier. */
export const machineKey = ({ htype, bytes }: HardwareAddress): string => keyOf("h", bytes, htype);

/** The same message as if the relay had been in its way: with the options that it put in when the lease was made. */
export function withStashedAgentOptions(client: ClientMessage, agentOptions: Uint8Array): ClientMessage {
  const options = new Map(client.message.options);
  options.set(OPTION.relayAgentInformation, agentOptions);
  return { ...client, message: { ...client.message, options }, agentOptions, stashed: true };
}

/** The address that the client speaks of: ciaddr, else option 50. */
export function addressAskedFor(client: ClientMessage): Ipv4Address | undefined {
  return client.message.ciaddr === UNSPECIFIED ? client.requested : client.message.ciaddr;
}

/** A sub-option of option 82; undefined if it is not there or runs past the end. */
export function subOption(agentOptions: Uint8Array | undefined, code: number): Uint8Array | undefined {
  if (agentOptions === undefined) return undefined;
  for (let at = 0; at + 2 <= agentOptions.length; ) {
    const end = at + 2 + agentOptions[at + 1]!;
    if (end > agentOptions.length) return undefined;
    if (agentOptions[at] === code) return agentOptions.subarray(at + 2, end);
    at = end;
  }
  return undefined;
}

/** Four bytes as an address; undefined for any other length. */
export function asAddress(bytes: Uint8Array | undefined): Ipv4Address | undefined {
  return bytes !== undefined && bytes.length === 4 ? ipv4FromBytes(bytes) : undefined;
}

/** The sub-options of option 82 that are whole, and pads between them; one without any is as good as none, and is not echoed. */
function wellFormed(value: Uint8Array | undefined): Uint8Array | undefined {
  if (value === undefined || value.length === 0) return undefined;
  const end = endOfWhole(value);
  if (end === value.length) return value;
  const whole = value.subarray(0, end);
  return whole.some((byte) => byte !== 0) ? whole : undefined;
}

/** Where the last whole sub-option ends. */
function endOfWhole(value: Uint8Array): number {
  let at = 0;
  for (;;) {
    while (value[at] === 0) at += 1;
    const next = at + 2 + (value[at + 1] ?? value.length);
    if (next > value.length) return at;
    at = next;
  }
}

/** What dhcpd says of relay agent options that are cut off; undefined if they are whole. */
export function agentFault(value: Uint8Array): string | undefined {
  const end = endOfWhole(value);
  if (end >= value.length) return undefined;
  const why = end + 1 === value.length ? "code tag at end of buffer - missing length field" : "option length exceeds option buffer length";
  return `parse_option_buffer: malformed option agent.<unknown> (code ${value[end]}): ${why}.`;
}

function addressOption(options: ReadonlyMap<number, Uint8Array>, code: number): Ipv4Address | undefined {
  const value = options.get(code);
  return value !== undefined && value.length >= 4 ? ipv4FromBytes(value) : undefined;
}

function textOption(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  let end = value.length;
  while (end > 0 && value[end - 1] === 0) end -= 1;
  return end === 0 ? undefined : latin1(value, end);
}

function latin1(bytes: Uint8Array, end: number): string {
  let text = "";
  let at = 0;
  // four at a time: a string for every character costs more than all the rest
  for (; at + 4 <= end; at += 4) text += String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
  for (; at < end; at += 1) text += String.fromCharCode(bytes[at]!);
  return text;
}

function keyOf(kind: string, bytes: Uint8Array, htype: number): string {
  return kind + String.fromCharCode(htype) + latin1(bytes, bytes.length);
}
