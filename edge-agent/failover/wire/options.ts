import type { ByteReader } from "../../values/byte-reader.ts";
import type { ByteWriter } from "../../values/byte-writer.ts";
import { type Ipv4Address, ipv4FromBytes } from "../../values/ipv4.ts";

/** How a value stands on the wire: its size (undefined = any), and how it is read and written. */
export interface Field<T> {
  readonly size: number | undefined;
  read(bytes: Uint8Array): T;
  write(value: T, out: ByteWriter): void;
}

const number = (size: 1 | 2 | 4): Field<number> => ({
  size,
  read: (bytes) => {
    let value = 0;
    for (let index = 0; index < size; index += 1) value = value * 256 + (bytes[index] ?? 0);
    return value;
  },
  write: (value, out) => {
    if (size === 1) out.u8(value);
    else if (size === 2) out.u16(value);
    else out.u32(value);
  },
});
const u8 = number(1);
const u16 = number(2);
const u32 = number(4);
/** Seconds since 1970 on the sender's wall clock; 0 = none, 0x7fffffff = never. */
const time = number(4);
const address: Field<Ipv4Address> = { size: 4, read: (bytes) => ipv4FromBytes(bytes), write: (value, out) => out.address(value) };
const anyBytes: Field<Uint8Array> = { size: undefined, read: (raw) => new Uint8Array(raw), write: (value, out) => out.bytes(value) };
const text: Field<string> = {
  size: undefined,
  read: (raw) => new TextDecoder().decode(raw),
  write: (value, out) => out.bytes(new TextEncoder().encode(value)),
};

export interface OptionRow {
  readonly code: number;
  /** Its name in failover-12 §12. */
  readonly draftName: string;
  readonly field: Field<never> | Field<number> | Field<Ipv4Address> | Field<Uint8Array> | Field<string>;
}

/**
 * Failover options (failover-12 §12) as ISC dhcpd 4.4 has them. Where the draft's picture differs, dhcpd wins: IP-flags
 * are two bytes (the draft draws one), TLS options one byte, and a hash bucket of 1 is the primary's.
 */
export const FAILOVER_OPTIONS = {
  addressesTransferred: { code: 1, draftName: "addresses-transferred", field: u32 },
  assignedIpAddress: { code: 2, draftName: "assigned-IP-address", field: address },
  bindingStatus: { code: 3, draftName: "binding-status", field: u8 },
  clientIdentifier: { code: 4, draftName: "client-identifier", field: anyBytes },
  clientHardwareAddress: { code: 5, draftName: "client-hardware-address", field: anyBytes },
  clientLastTransactionTime: { code: 6, draftName: "client-last-transaction-time", field: time },
  clientReplyOptions: { code: 7, draftName: "client-reply-options", field: anyBytes },
  clientRequestOptions: { code: 8, draftName: "client-request-options", field: anyBytes },
  ddns: { code: 9, draftName: "DDNS", field: anyBytes },
  delayedServiceParameter: { code: 10, draftName: "delayed-service-parameter", field: u8 },
  hashBucketAssignment: { code: 11, draftName: "hash-bucket-assignment", field: anyBytes },
  ipFlags: { code: 12, draftName: "IP-flags", field: u16 },
  leaseExpirationTime: { code: 13, draftName: "lease-expiration-time", field: time },
  maxUnackedBndupd: { code: 14, draftName: "max-unacked-bndupd", field: u32 },
  mclt: { code: 15, draftName: "MCLT", field: u32 },
  message: { code: 16, draftName: "message", field: text },
  messageDigest: { code: 17, draftName: "message-digest", field: anyBytes },
  potentialExpirationTime: { code: 18, draftName: "potential-expiration-time", field: time },
  receiveTimer: { code: 19, draftName: "receive-timer", field: u32 },
  protocolVersion: { code: 20, draftName: "protocol-version", field: u8 },
  rejectReason: { code: 21, draftName: "reject-reason", field: u8 },
  relationshipName: { code: 22, draftName: "relationship-name", field: anyBytes },
  serverFlags: { code: 23, draftName: "server-flags", field: u8 },
  serverState: { code: 24, draftName: "server-state", field: u8 },
  startTimeOfState: { code: 25, draftName: "start-time-of-state", field: time },
  tlsReply: { code: 26, draftName: "TLS-reply", field: u8 },
  tlsRequest: { code: 27, draftName: "TLS-request", field: u8 },
  vendorClassIdentifier: { code: 28, draftName: "vendor-class-identifier", field: text },
  vendorSpecificOptions: { code: 29, draftName: "vendor-specific-options", field: anyBytes },
} as const satisfies Record<string, OptionRow>;

export type OptionName = keyof typeof FAILOVER_OPTIONS;
export type OptionValue<N extends OptionName> = (typeof FAILOVER_OPTIONS)[N]["field"] extends Field<infer T> ? T : never;
/** The options of one message; an absent one was not there. */
export type Options = { readonly [N in OptionName]?: OptionValue<N> };

/** Option names by code. */
export const OPTION_BY_CODE: readonly (OptionName | undefined)[] = (() => {
  const table = new Array<OptionName | undefined>(30).fill(undefined);
  for (const [name, row] of Object.entries(FAILOVER_OPTIONS)) table[row.code] = name as OptionName;
  return table;
})();

const FIELD_BY_CODE: readonly (Field<unknown> | undefined)[] = OPTION_BY_CODE.map((name) =>
  name === undefined ? undefined : (FAILOVER_OPTIONS[name].field as Field<unknown>),
);

/** Messages of failover-12 §6.1, by the number on the wire. */
export const MESSAGE_TYPES = {
  POOLREQ: 1,
  POOLRESP: 2,
  BNDUPD: 3,
  BNDACK: 4,
  CONNECT: 5,
  CONNECTACK: 6,
  UPDREQALL: 7,
  UPDDONE: 8,
  UPDREQ: 9,
  STATE: 10,
  CONTACT: 11,
  DISCONNECT: 12,
} as const;
export type MessageType = keyof typeof MESSAGE_TYPES;

const BINDING: readonly OptionName[] = [
  "assignedIpAddress",
  "bindingStatus",
  "clientIdentifier",
  "clientHardwareAddress",
  "leaseExpirationTime",
  "potentialExpirationTime",
  "startTimeOfState",
  "clientLastTransactionTime",
  "ipFlags",
  "clientReplyOptions",
  "clientRequestOptions",
  "ddns",
  "vendorSpecificOptions",
];
const SET_UP: readonly OptionName[] = ["relationshipName", "maxUnackedBndupd", "receiveTimer", "vendorClassIdentifier", "protocolVersion"];

/**
 * Which options each message may carry (failover-12 §7), in the order in which dhcpd sends them. An option that is not
 * in the row is skipped unread. vendor-specific-options are for agents of our own kind only.
 */
export const MESSAGE_OPTIONS = {
  POOLREQ: [],
  POOLRESP: ["addressesTransferred"],
  BNDUPD: BINDING,
  BNDACK: [...BINDING, "rejectReason", "message"],
  CONNECT: [...SET_UP, "tlsRequest", "mclt", "hashBucketAssignment", "vendorSpecificOptions"],
  CONNECTACK: [...SET_UP, "tlsReply", "rejectReason", "message", "vendorSpecificOptions"],
  UPDREQALL: [],
  UPDDONE: [],
  UPDREQ: [],
  STATE: ["serverState", "serverFlags", "startTimeOfState"],
  CONTACT: ["vendorSpecificOptions"],
  DISCONNECT: ["rejectReason", "message"],
} as const satisfies Record<MessageType, readonly OptionName[]>;

/** Reads the value of the option with this code; undefined if its size is not the field's. */
export function readOption(code: number, reader: ByteReader, length: number): unknown {
  const field = FIELD_BY_CODE[code];
  if (field === undefined || (field.size !== undefined && field.size !== length)) {
    reader.skip(length);
    return undefined;
  }
  // the commonest, without a view on the bytes
  if (field === u32 || field === time) return reader.u32();
  if (field === address) return reader.address();
  if (field === u8) return reader.u8();
  if (field === anyBytes) return reader.copy(length);
  return field.read(reader.bytes(length));
}
