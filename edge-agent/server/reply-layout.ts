import { FILE_SIZE, OPTION, OVERLOAD_FILE, OVERLOAD_SNAME, SNAME_SIZE } from "../dhcp/wire/option-codes.ts";

/** One option to send. */
export interface ReplyOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** Room for options: the option area after the cookie (relay agent information and end included), and which fields are free. */
export interface Room {
  readonly area: number;
  readonly file: boolean;
  readonly sname: boolean;
  /** Option 82 as it goes back, without code and length; undefined for none. */
  readonly agentOptions: Uint8Array | undefined;
}

/** Options laid out: `area` follows the cookie; `file` and `sname` are whole fields when they carry options. */
export interface Layout {
  readonly area: Uint8Array;
  readonly file: Uint8Array | undefined;
  readonly sname: Uint8Array | undefined;
  /** Where in `area` the value of an option stands, if it stands there in one piece. */
  readonly places: ReadonlyMap<number, number>;
  /** Codes that did not fit. */
  readonly left: readonly number[];
}

/** Code and length before a value. */
const HEAD = 2;
/** Option 52 with its value. */
const OVERLOAD_OPTION = 3;

class Buffer {
  readonly size: number;
  length = 0;
  #bytes: Uint8Array | undefined;

  constructor(size: number) {
    this.size = size;
  }
  /** Made when first needed: most replies leave the fields alone. */
  get bytes(): Uint8Array {
    this.#bytes ??= new Uint8Array(this.size);
    return this.#bytes;
  }
  put(code: number, part: Uint8Array): void {
    this.bytes[this.length] = code;
    this.bytes[this.length + 1] = part.length;
    this.bytes.set(part, this.length + HEAD);
    this.length += HEAD + part.length;
  }
  get free(): number {
    return this.size - this.length;
  }
}

/**
 * Puts options into the option area, then `file`, then `sname` (RFC 2131 §4.1), in the given order, which is that of
 * importance. One that fits nowhere in one piece is split over what is left (RFC 3396); one that does not fit at all is left
 * out whole. As in dhcpd the area keeps room for option 52, but for the code that is `last` of all that could be sent.
 */
export function layOut(options: readonly ReplyOption[], room: Room, last: number | undefined): Layout {
  const area = new Buffer(Math.max(0, room.area - agentLength(room.agentOptions)));
  const file = room.file ? new Buffer(FILE_SIZE) : undefined;
  const sname = room.sname ? new Buffer(SNAME_SIZE) : undefined;
  const places = new Map<number, number>();
  const left: number[] = [];
  for (const { code, value } of options) {
    const isLast = code === last && !isUsed(file) && !isUsed(sname);
    const whole = value.length > 255 ? undefined : fits(value.length, isLast ? 0 : OVERLOAD_OPTION, area, file, sname);
    if (whole !== undefined) {
      if (whole === area) places.set(code, area.length + HEAD);
      whole.put(code, value);
    } else if (!split(code, value, [area, file, sname])) left.push(code);
  }
  return finish(area, file, sname, room, { places, left });
}

/** Bytes that option 82 takes, split if it must be. */
export function agentLength(agentOptions: Uint8Array | undefined): number {
  return agentOptions === undefined ? 0 : agentOptions.length + HEAD * Math.max(1, Math.ceil(agentOptions.length / 255));
}

function fits(length: number, reserve: number, area: Buffer, file: Buffer | undefined, sname: Buffer | undefined): Buffer | undefined {
  if (HEAD + length + reserve < area.free) return area;
  // one byte of a field is for its end option
  if (file !== undefined && HEAD + length + 1 < file.free) return file;
  if (sname !== undefined && HEAD + length + 1 < sname.free) return sname;
  return undefined;
}

/** Spreads an option over the buffers in order; puts all back and tells false if it is too long for them together. */
function split(code: number, value: Uint8Array, buffers: readonly (Buffer | undefined)[]): boolean {
  const before = buffers.map((buffer) => buffer?.length ?? 0);
  let taken = 0;
  for (const [index, buffer] of buffers.entries()) {
    if (buffer === undefined) continue;
    const kept = index === 0 ? OVERLOAD_OPTION : 1;
    while (taken < value.length && buffer.free - kept - HEAD > 1) {
      const size = Math.min(255, value.length - taken, buffer.free - kept - HEAD);
      buffer.put(code, value.subarray(taken, taken + size));
      taken += size;
    }
  }
  if (taken === value.length) return true;
  buffers.forEach((buffer, index) => {
    if (buffer !== undefined) buffer.length = before[index]!;
  });
  return false;
}

function finish(
  area: Buffer,
  file: Buffer | undefined,
  sname: Buffer | undefined,
  room: Room,
  told: { readonly places: Map<number, number>; readonly left: readonly number[] },
): Layout {
  const overload = (isUsed(file) ? OVERLOAD_FILE : 0) | (isUsed(sname) ? OVERLOAD_SNAME : 0);
  if (overload !== 0) area.put(OPTION.overload, Uint8Array.of(overload));
  const bytes = new Uint8Array(Math.min(room.area, area.length + agentLength(room.agentOptions) + 1));
  bytes.set(area.bytes.subarray(0, area.length));
  let length = area.length;
  const agent = room.agentOptions;
  if (agent !== undefined && length + agentLength(agent) <= room.area) {
    if (agent.length <= 255) told.places.set(OPTION.relayAgentInformation, length + HEAD);
    for (let taken = 0; taken === 0 || taken < agent.length; taken += 255) {
      const part = agent.subarray(taken, taken + 255);
      bytes[length] = OPTION.relayAgentInformation;
      bytes[length + 1] = part.length;
      bytes.set(part, length + HEAD);
      length += HEAD + part.length;
    }
  }
  if (length < room.area) bytes[length] = OPTION.end;
  return {
    area: bytes,
    file: isUsed(file) ? ended(file) : undefined,
    sname: isUsed(sname) ? ended(sname) : undefined,
    ...told,
  };
}

const isUsed = (buffer: Buffer | undefined): buffer is Buffer => buffer !== undefined && buffer.length > 0;

/** An overloaded field ends like an option area; the rest is pad. */
function ended(buffer: Buffer): Uint8Array {
  buffer.bytes.fill(OPTION.pad, buffer.length);
  buffer.bytes[buffer.length] = OPTION.end;
  return buffer.bytes;
}
