import { ByteReader } from "../../values/byte-reader.ts";
import { ByteWriter } from "../../values/byte-writer.ts";
import { err, ok, type Result } from "../../values/result.ts";
import {
  FAILOVER_OPTIONS,
  type Field,
  MESSAGE_OPTIONS,
  MESSAGE_TYPES,
  type MessageType,
  OPTION_BY_CODE,
  type OptionName,
  type Options,
  readOption,
} from "./options.ts";

/** Smallest and largest message (failover-12 §6.1: the header; ISC's buffer). */
export const HEADER_SIZE = 12;
export const MAXIMUM_MESSAGE = 2048;

/** One failover message (failover-12 §6.1). `time` is the sender's wall clock, in seconds since 1970. */
export interface FailoverMessage {
  readonly type: MessageType;
  readonly time: number;
  readonly xid: number;
  readonly options: Options;
}

/** Why bytes are no message, or one that nobody needs to look at. */
export type MessageFault =
  | { readonly kind: "unknown-type"; readonly type: number; readonly hasOptions: boolean }
  | { readonly kind: "malformed"; readonly reason: string };

const TYPE_BY_NUMBER: readonly (MessageType | undefined)[] = (() => {
  const table = new Array<MessageType | undefined>(13).fill(undefined);
  for (const [name, value] of Object.entries(MESSAGE_TYPES)) table[value] = name as MessageType;
  return table;
})();

/** Options of each type as sets of codes, for the decoder. */
const ALLOWED: ReadonlyMap<MessageType, readonly boolean[]> = new Map(
  (Object.entries(MESSAGE_OPTIONS) as [MessageType, readonly OptionName[]][]).map(([type, names]) => {
    const codes = new Array<boolean>(30).fill(false);
    for (const name of names) codes[FAILOVER_OPTIONS[name].code] = true;
    return [type, codes];
  }),
);

/**
 * Reads one whole message, as dhcpd does: options of other messages are skipped, one that is the message's own must have
 * its size and stand only once. Never throws.
 */
export function decodeMessage(bytes: Uint8Array): Result<FailoverMessage, MessageFault> {
  const reader = new ByteReader(bytes);
  const length = reader.u16();
  const number = reader.u8();
  const offset = reader.u8();
  const time = reader.u32();
  const xid = reader.u32();
  if (reader.failed || length !== bytes.length) return malformed(`length ${length} of ${bytes.length} bytes`);
  if (offset < HEADER_SIZE || offset > length) return malformed(`payload offset ${offset}`);
  reader.skip(offset - HEADER_SIZE);
  const type = TYPE_BY_NUMBER[number];
  if (type === undefined) return err({ kind: "unknown-type", type: number, hasOptions: reader.remaining > 0 });
  const options = readOptions(type, reader);
  return typeof options === "string" ? malformed(options) : ok({ type, time, xid, options });
}

const malformed = (reason: string) => err({ kind: "malformed", reason } as const);

function readOptions(type: MessageType, reader: ByteReader): Options | string {
  const allowed = ALLOWED.get(type) ?? [];
  const options: Record<string, unknown> = {};
  while (reader.remaining > 0) {
    const code = reader.u16();
    const length = reader.u16();
    if (reader.failed || length > reader.remaining) return `option ${code} runs past the end of the message`;
    const name = allowed[code] === true ? OPTION_BY_CODE[code] : undefined;
    if (name === undefined) {
      reader.skip(length);
      continue;
    }
    if (options[name] !== undefined) return `option ${FAILOVER_OPTIONS[name].draftName} is there twice`;
    const value = readOption(code, reader, length);
    if (value === undefined) return `option ${FAILOVER_OPTIONS[name].draftName} has a length of ${length}`;
    options[name] = value;
  }
  return options as Options;
}

/** The bytes of `message`: its type's options in dhcpd's order, others left out. Cut short at 2048 bytes: an option that does not fit is not there. */
export function encodeMessage(message: FailoverMessage): Uint8Array {
  const out = new ByteWriter(MAXIMUM_MESSAGE, 128);
  writeMessage(message, out);
  return out.finish();
}

/** As {@link encodeMessage}, behind what `out` has already. */
export function writeMessage(message: FailoverMessage, out: ByteWriter): void {
  const start = out.length;
  out.u16(0).u8(MESSAGE_TYPES[message.type]).u8(HEADER_SIZE).u32(message.time).u32(message.xid);
  // most messages have few of the options that theirs may have, and those first
  let left = Object.keys(message.options).length;
  for (const name of MESSAGE_OPTIONS[message.type]) {
    if (left === 0) break;
    const value = message.options[name as OptionName];
    if (value === undefined) continue;
    writeOption(name, value, out, start + MAXIMUM_MESSAGE);
    left -= 1;
  }
  out.patchU16(start, out.length - start);
}

function writeOption(name: OptionName, value: unknown, out: ByteWriter, end: number): void {
  const row = FAILOVER_OPTIONS[name];
  const field = row.field as Field<unknown>;
  const whole = field.size === undefined ? bytesOf(value) : undefined;
  const size = whole?.length ?? field.size ?? 0;
  if (out.length + 4 + size > end) return;
  out.u16(row.code).u16(size);
  if (whole === undefined) field.write(value, out);
  else out.bytes(whole);
}

/** What a field of any size holds: bytes, or text in UTF-8. */
const bytesOf = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new TextEncoder().encode(String(value)));
