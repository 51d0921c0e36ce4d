import { ByteReader } from "../../values/byte-reader.ts";
import { ByteWriter } from "../../values/byte-writer.ts";
import { err, ok, type Result } from "../../values/result.ts";

/** What a message asks or answers (OMAPI as dhcpd 4.4 speaks it; omapi(3)). */
export const OPERATION = { open: 1, refresh: 2, update: 3, notify: 4, status: 5, delete: 6 } as const;

export const PROTOCOL_VERSION = 100;
export const HEADER_SIZE = 24;
/** Both sides send this when a connection comes up: version and header size. */
export const INTRODUCTION: Uint8Array = new ByteWriter(8).u32(PROTOCOL_VERSION).u32(HEADER_SIZE).finish();

/** A name and its value; a value of length 0 is "null" (in an update: unset). */
export interface OmapiValue {
  readonly name: string;
  readonly value: Uint8Array;
}

export interface OmapiMessage {
  /** Handle of the authenticator that signed, 0 for none. */
  readonly authid: number;
  readonly operation: number;
  readonly handle: number;
  /** The sender's number for this message. */
  readonly id: number;
  /** The `id` this answers; 0 for a request. */
  readonly rid: number;
  /** About the message: "type", "create", "result", … */
  readonly messageValues: readonly OmapiValue[];
  /** Attributes of the object. */
  readonly objectValues: readonly OmapiValue[];
}

/** A message off the wire, with what is needed to check its signature. */
export interface SignedMessage {
  readonly message: OmapiMessage;
  /** The bytes that the signature covers: from the authlen field to the end of the values. */
  readonly covered: Uint8Array;
  readonly signature: Uint8Array;
}

/** What a stranger may make us hold: no message that a real client sends comes near. */
export const MESSAGE_LIMIT = 65_536;
const VALUE_LIMIT = 128;

export type Taken = { readonly kind: "more" } | { readonly kind: "message"; readonly value: SignedMessage; readonly size: number };

/**
 * Reads one message from the front of `bytes`. "more" when it is not complete yet; an error when it never can be: too many
 * values, too long, a signature over 64 bytes. `headerExtra` is what the sender's headers have beyond ours.
 */
export function takeMessage(bytes: Uint8Array, headerExtra: number): Result<Taken, string> {
  if (bytes.length < HEADER_SIZE + headerExtra) return ok({ kind: "more" });
  const reader = new ByteReader(bytes);
  const authid = reader.u32();
  const authlen = reader.u32();
  const header = { operation: reader.u32(), handle: reader.u32(), id: reader.u32(), rid: reader.u32() };
  reader.bytes(headerExtra);
  if (authlen > 64) return err(`a signature of ${authlen} bytes; HMAC-SHA512 has 64`);
  const messageValues = readValues(reader);
  const objectValues = messageValues.ok ? readValues(reader) : messageValues;
  if (!messageValues.ok) return messageValues;
  if (!objectValues.ok) return objectValues;
  const end = reader.offset;
  const signature = reader.bytes(authlen);
  if (reader.failed) return bytes.length > MESSAGE_LIMIT ? err(`a message of over ${MESSAGE_LIMIT} bytes`) : ok({ kind: "more" });
  const message = { authid, ...header, messageValues: messageValues.value, objectValues: objectValues.value };
  return ok({ kind: "message", value: { message, covered: bytes.subarray(4, end), signature }, size: reader.offset });
}

/** A list of values up to its empty name. A list cut short gives what there was; the caller sees the reader's failure. */
function readValues(reader: ByteReader): Result<readonly OmapiValue[], string> {
  const values: OmapiValue[] = [];
  for (;;) {
    const nameLength = reader.u16();
    if (reader.failed || nameLength === 0) return ok(values);
    if (values.length === VALUE_LIMIT) return err(`more than ${VALUE_LIMIT} values in a message`);
    const name = latin1(reader.bytes(nameLength));
    const length = reader.u32();
    if (length > MESSAGE_LIMIT) return err(`a value of ${length} bytes; at most ${MESSAGE_LIMIT} are taken`);
    values.push({ name, value: reader.bytes(length).slice() });
  }
}

/** Makes the bytes of a message. `sign` gives the signature over what it covers; its length is `signatureSize`. */
export function encodeMessage(message: OmapiMessage, signatureSize: number, sign: (covered: Uint8Array) => Uint8Array): Uint8Array {
  const writer = new ByteWriter(MESSAGE_LIMIT);
  writer.u32(message.authid).u32(signatureSize).u32(message.operation).u32(message.handle).u32(message.id).u32(message.rid);
  for (const values of [message.messageValues, message.objectValues]) {
    for (const { name, value } of values) writer.u16(name.length).bytes(textBytes(name)).u32(value.length).bytes(value);
    writer.u16(0);
  }
  if (signatureSize > 0) writer.bytes(sign(writer.finish().subarray(4)));
  return writer.finish();
}

export const integerValue = (value: number): Uint8Array => new ByteWriter(4).u32(value).finish();
/** An integer is 4 bytes exactly; anything else is not one. */
export const readInteger = (value: Uint8Array): number | undefined => (value.length === 4 ? new ByteReader(value).u32() : undefined);
export const textBytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0) & 255);
export const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
