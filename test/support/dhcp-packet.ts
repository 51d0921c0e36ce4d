/** DHCP messages and the frames around them, written and read independently of the product's own codec, so that the one can judge the other. */

export type OptionBytes = readonly [code: number, value: Uint8Array];

/** What a client or relay puts into a message; everything left out is zero. */
export interface Packet {
  readonly op?: number;
  readonly htype?: number;
  readonly hlen?: number;
  readonly hops?: number;
  readonly xid: number;
  readonly secs?: number;
  readonly flags?: number;
  readonly ciaddr?: string;
  readonly yiaddr?: string;
  readonly siaddr?: string;
  readonly giaddr?: string;
  /** Hexadecimal, colons allowed; at most 16 bytes. */
  readonly chaddr: string;
  readonly sname?: string | Uint8Array;
  readonly file?: string | Uint8Array;
  /** Written in this order, as given: neither split nor sorted. `undefined` leaves out the magic cookie too. */
  readonly options?: readonly OptionBytes[];
  /** Bytes put after the options instead of the end option. */
  readonly tail?: Uint8Array;
  /** The message is padded to this length; 300 unless told. */
  readonly padTo?: number;
}

/** A server's answer in comparable form. */
export interface Reply {
  readonly frame: {
    readonly macTo: string;
    readonly ipFrom: string;
    readonly ipTo: string;
    readonly portFrom: number;
    readonly portTo: number;
  };
  readonly length: number;
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly siaddr: string;
  readonly giaddr: string;
  readonly chaddr: string;
  readonly sname: string;
  readonly file: string;
  /** Options as they lie in the message, not joined: code, hex, and the region. */
  readonly options: readonly { readonly code: number; readonly hex: string; readonly region: "options" | "file" | "sname" }[];
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/[:\s]/g, ""), "hex"));
export const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
export const ipBytes = (text: string): Uint8Array => Uint8Array.from(text.split(".").map(Number));
const ipText = (bytes: Uint8Array): string => bytes.join(".");
const macText = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");

const COOKIE = bytesOf("63825363");

export function encodePacket(packet: Packet): Uint8Array {
  const chaddr = bytesOf(packet.chaddr);
  const fixed = Buffer.alloc(236);
  fixed[0] = packet.op ?? 1;
  fixed[1] = packet.htype ?? 1;
  fixed[2] = packet.hlen ?? chaddr.length;
  fixed[3] = packet.hops ?? 0;
  fixed.writeUInt32BE(packet.xid >>> 0, 4);
  fixed.writeUInt16BE(packet.secs ?? 0, 8);
  fixed.writeUInt16BE(packet.flags ?? 0, 10);
  [packet.ciaddr, packet.yiaddr, packet.siaddr, packet.giaddr].forEach((address, at) => {
    if (address) fixed.set(ipBytes(address), 12 + 4 * at);
  });
  fixed.set(chaddr.subarray(0, 16), 28);
  if (packet.sname) fixed.set(typeof packet.sname === "string" ? ascii(packet.sname) : packet.sname, 44);
  if (packet.file) fixed.set(typeof packet.file === "string" ? ascii(packet.file) : packet.file, 108);
  const parts: Uint8Array[] = [fixed];
  if (packet.options) {
    parts.push(COOKIE);
    for (const [code, value] of packet.options) parts.push(Uint8Array.of(code, value.length), value);
    parts.push(packet.tail ?? Uint8Array.of(255));
  }
  const message = Buffer.concat(parts);
  const padTo = packet.padTo ?? 300;
  return message.length >= padTo ? message : Buffer.concat([message, Buffer.alloc(padTo - message.length)]);
}

const checksum = (...parts: Uint8Array[]): number => {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] as number) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65536);
  return ~sum & 0xffff;
};

/** Where a frame comes from and goes to. */
export interface Envelope {
  readonly macFrom: string;
  readonly macTo: string;
  readonly ipFrom: string;
  readonly ipTo: string;
  readonly portFrom: number;
  readonly portTo: number;
}

/** Wraps a message in UDP, IPv4 and Ethernet with correct checksums. */
export function encodeFrame(envelope: Envelope, message: Uint8Array): Uint8Array {
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(envelope.portFrom, 0);
  udp.writeUInt16BE(envelope.portTo, 2);
  udp.writeUInt16BE(8 + message.length, 4);
  const from = ipBytes(envelope.ipFrom);
  const to = ipBytes(envelope.ipTo);
  const pseudo = Buffer.from([...from, ...to, 0, 17, (8 + message.length) >> 8, (8 + message.length) & 255]);
  udp.writeUInt16BE(checksum(pseudo, udp, message) || 0xffff, 6);
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip[1] = 0x10;
  ip.writeUInt16BE(28 + message.length, 2);
  ip[8] = 64;
  ip[9] = 17;
  ip.set(from, 12);
  ip.set(to, 16);
  ip.writeUInt16BE(checksum(ip), 10);
  return Buffer.concat([bytesOf(envelope.macTo), bytesOf(envelope.macFrom), bytesOf("0800"), ip, udp, message]);
}

/** Reads an Ethernet frame that carries a BOOTREPLY to port 67 or 68; anything else is undefined. */
export function decodeReply(frame: Uint8Array): Reply | undefined {
  const message = decodeFrame(frame);
  return message?.op === 2 ? message : undefined;
}

/** The same for a message of either direction. */
export function decodeFrame(frame: Uint8Array): Reply | undefined {
  if (frame.length < 42 || hex(frame.subarray(12, 14)) !== "0800" || frame[23] !== 17) return undefined;
  const view = Buffer.from(frame);
  const header = 14 + ((view[14] as number) & 15) * 4;
  const portTo = view.readUInt16BE(header + 2);
  const message = view.subarray(header + 8, header + view.readUInt16BE(header + 4));
  if (message.length < 236 || (portTo !== 67 && portTo !== 68)) return undefined;
  const text = (at: number, length: number): string => hex(message.subarray(at, at + length)).replace(/(00)+$/, "");
  const options = readOptions(message);
  const overload = Number(options.find((option) => option.code === 52)?.hex ?? 0);
  return {
    frame: {
      macTo: macText(frame.subarray(0, 6)),
      ipFrom: ipText(frame.subarray(26, 30)),
      ipTo: ipText(frame.subarray(30, 34)),
      portFrom: view.readUInt16BE(header),
      portTo,
    },
    length: message.length,
    op: message[0] as number,
    htype: message[1] as number,
    hlen: message[2] as number,
    hops: message[3] as number,
    xid: message.readUInt32BE(4),
    secs: message.readUInt16BE(8),
    flags: message.readUInt16BE(10),
    ciaddr: ipText(message.subarray(12, 16)),
    yiaddr: ipText(message.subarray(16, 20)),
    siaddr: ipText(message.subarray(20, 24)),
    giaddr: ipText(message.subarray(24, 28)),
    chaddr: hex(message.subarray(28, 44)),
    sname: overload & 2 ? "" : text(44, 64),
    file: overload & 1 ? "" : text(108, 128),
    options,
  };
}

function readOptions(message: Uint8Array): Reply["options"] {
  if (hex(message.subarray(236, 240)) !== hex(COOKIE)) return [];
  const found: Reply["options"][number][] = [];
  const read = (from: number, to: number, region: "options" | "file" | "sname"): void => {
    for (let at = from; at < to && message[at] !== 255; ) {
      const code = message[at] as number;
      if (code === 0) {
        at += 1;
        continue;
      }
      const end = at + 2 + (message[at + 1] ?? 0);
      found.push({ code, hex: hex(message.subarray(at + 2, Math.min(end, to))), region });
      at = end;
    }
  };
  read(240, message.length, "options");
  const overload = Number(found.find((option) => option.code === 52)?.hex ?? 0);
  if (overload & 1) read(108, 236, "file");
  if (overload & 2) read(44, 108, "sname");
  return found;
}

/** An option's value with all its pieces joined (RFC 3396), or undefined. */
export function optionOf(reply: Reply, code: number): Uint8Array | undefined {
  const pieces = reply.options.filter((option) => option.code === code);
  return pieces.length === 0 ? undefined : bytesOf(pieces.map((piece) => piece.hex).join(""));
}

const TYPES = [
  "NONE",
  "DISCOVER",
  "OFFER",
  "REQUEST",
  "DECLINE",
  "ACK",
  "NAK",
  "RELEASE",
  "INFORM",
  "FORCERENEW",
  "LEASEQUERY",
  "LEASEUNASSIGNED",
  "LEASEUNKNOWN",
  "LEASEACTIVE",
];

/** `OFFER`, `ACK`, `NAK`, or `BOOTREPLY` where there is no message type. */
export const replyType = (reply: Reply): string => {
  const type = optionOf(reply, 53)?.[0];
  return type === undefined ? "BOOTREPLY" : (TYPES[type] ?? `type ${type}`);
};
