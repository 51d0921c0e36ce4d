import { BINDING_STATUSES, type BindingStatus } from "../leases/binding-status.ts";
import type { FailoverTimes, Lease } from "../leases/lease.ts";
import type { IndexedFields } from "../leases/lease-table.ts";
import type { HardwareAddress } from "../values/hardware-address.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { EpochSeconds } from "../values/time.ts";

/*
 * Version 1, big-endian. `text` and `bytes` start with their length as a LEB128 number; text is UTF-8.
 *
 *   u8 version  u8 status  u8 presence  u8 failover  u32 starts  u32 ends  u32 cltt
 *   [failover: u32 tstp, tsfp, atsfp]  [hardware: u8 htype, bytes]  [client-id: bytes]  [agent options: bytes]
 *   [hostname: text]  [billing class: text]  [variables: number, then text and bytes each]  [on release, on expiry: text each]
 *
 * presence, from bit 0: client-id, hardware, hostname, agent options, reserved, bootp, variables, billing class.
 * failover: bit 0 present, bit 1 owed, from bit 2 the rewind status, bit 6 on release and on expiry. A status is its place in BINDING_STATUSES.
 */
const VERSION = 1;
const HEADER_SIZE = 16;
const HAS = { clientId: 1, hardware: 2, hostname: 4, agentOptions: 8, reserved: 16, bootp: 32, variables: 64, billingClass: 128 } as const;
const FAILOVER = 1;
const OWED = 2;
const ENDINGS = 64;
const REWIND_BITS = 15;
const NO_VARIABLES: ReadonlyMap<string, Uint8Array> = new Map();

/** Records are written one behind the other and never written over, since a transaction may still have to read them. */
const SCRATCH_BYTES = 65_536;
let scratch = Buffer.alloc(SCRATCH_BYTES);
let used = 0;

/** The record of a lease on disk, without its address, which is the key. */
export function encodeLease(lease: Lease): Buffer {
  reserve(lease);
  const { failover } = lease;
  const start = used;
  scratch[start] = VERSION;
  scratch[start + 1] = BINDING_STATUSES.indexOf(lease.status);
  scratch[start + 2] = presenceOf(lease);
  scratch[start + 3] =
    (lease.endings === undefined ? 0 : ENDINGS) |
    (failover === undefined ? 0 : FAILOVER | (failover.owed ? OWED : 0) | (BINDING_STATUSES.indexOf(failover.rewindStatus) << 2));
  let at = u32(u32(u32(start + 4, lease.starts), lease.ends), lease.cltt);
  if (failover !== undefined) at = u32(u32(u32(at, failover.tstp), failover.tsfp), failover.atsfp);
  if (lease.hardware !== undefined) {
    scratch[at++] = lease.hardware.htype;
    at = bytes(at, lease.hardware.bytes);
  }
  if (lease.clientId !== undefined) at = bytes(at, lease.clientId);
  if (lease.agentOptions !== undefined) at = bytes(at, lease.agentOptions);
  if (lease.hostname !== undefined) at = text(at, lease.hostname);
  if (lease.billingClass !== undefined) at = text(at, lease.billingClass);
  if (lease.variables.size > 0) {
    at = number(at, lease.variables.size);
    for (const [name, value] of lease.variables) at = bytes(text(at, name), value);
  }
  if (lease.endings !== undefined) at = text(text(at, lease.endings.release), lease.endings.expiry);
  used = at;
  return scratch.subarray(start, at);
}

/** The lease of a record; parts of it are views on `record`. The error says what is wrong, for a person. */
export function decodeLease(address: Ipv4Address, record: Buffer): Result<Lease, string> {
  const reader = new RecordReader(record);
  const header = readHeader(record, reader);
  if (!header.ok) return header;
  const { status, presence } = header.value;
  const failover = (record[3]! & FAILOVER) === 0 ? undefined : readFailover(record, reader);
  const hardware = (presence & HAS.hardware) === 0 ? undefined : { htype: reader.u8(), bytes: reader.bytes() };
  const clientId = (presence & HAS.clientId) === 0 ? undefined : reader.bytes();
  const agentOptions = (presence & HAS.agentOptions) === 0 ? undefined : reader.bytes();
  const hostname = (presence & HAS.hostname) === 0 ? undefined : reader.text();
  const billingClass = (presence & HAS.billingClass) === 0 ? undefined : reader.text();
  const variables = (presence & HAS.variables) === 0 ? NO_VARIABLES : readVariables(reader);
  const endings = (record[3]! & ENDINGS) === 0 ? undefined : { release: reader.text(), expiry: reader.text() };
  if (reader.failed || reader.offset !== record.length) return err("its length does not fit its contents");
  return ok({
    address,
    status,
    starts: record.readUInt32BE(4) as EpochSeconds,
    ends: record.readUInt32BE(8) as EpochSeconds,
    cltt: record.readUInt32BE(12) as EpochSeconds,
    clientId,
    hardware,
    hostname,
    agentOptions,
    reserved: (presence & HAS.reserved) !== 0,
    bootp: (presence & HAS.bootp) !== 0,
    variables,
    billingClass,
    endings,
    failover,
  });
}

/** Only what the indexes need. */
export function scanLease(address: Ipv4Address, record: Buffer): Result<IndexedFields, string> {
  const reader = new RecordReader(record);
  const header = readHeader(record, reader);
  if (!header.ok) return header;
  const { status, presence } = header.value;
  if ((record[3]! & FAILOVER) !== 0) reader.offset += 12;
  const hardware: HardwareAddress | undefined = (presence & HAS.hardware) === 0 ? undefined : { htype: reader.u8(), bytes: reader.bytes() };
  const clientId = (presence & HAS.clientId) === 0 ? undefined : reader.bytes();
  if (reader.failed) return err("its length does not fit its contents");
  return ok({ address, status, ends: record.readUInt32BE(8) as EpochSeconds, clientId, hardware });
}

function readHeader(record: Buffer, reader: RecordReader): Result<{ status: BindingStatus; presence: number }, string> {
  if (record.length === 0 || record[0] === 0) return err("it is empty");
  if (record[0] !== VERSION) return err(`it has version ${record[0]}, and this program knows only version ${VERSION}`);
  if (record.length < HEADER_SIZE) return err("its length does not fit its contents");
  const status = BINDING_STATUSES[record[1]!];
  if (status === undefined) return err(`it has the unknown binding status ${record[1]}`);
  reader.offset = HEADER_SIZE;
  return ok({ status, presence: record[2]! });
}

function readFailover(record: Buffer, reader: RecordReader): FailoverTimes {
  return {
    tstp: reader.u32() as EpochSeconds,
    tsfp: reader.u32() as EpochSeconds,
    atsfp: reader.u32() as EpochSeconds,
    owed: (record[3]! & OWED) !== 0,
    rewindStatus: BINDING_STATUSES[(record[3]! >>> 2) & REWIND_BITS] ?? "FREE",
  };
}

function readVariables(reader: RecordReader): ReadonlyMap<string, Uint8Array> {
  const variables = new Map<string, Uint8Array>();
  for (let left = reader.number(); left > 0 && !reader.failed; left -= 1) variables.set(reader.text(), reader.bytes());
  return variables;
}

function presenceOf(lease: Lease): number {
  return (
    (lease.clientId === undefined ? 0 : HAS.clientId) |
    (lease.hardware === undefined ? 0 : HAS.hardware) |
    (lease.hostname === undefined ? 0 : HAS.hostname) |
    (lease.agentOptions === undefined ? 0 : HAS.agentOptions) |
    (lease.reserved ? HAS.reserved : 0) |
    (lease.bootp ? HAS.bootp : 0) |
    (lease.variables.size === 0 ? 0 : HAS.variables) |
    (lease.billingClass === undefined ? 0 : HAS.billingClass)
  );
}

/** Makes room for the largest encoding `lease` can have. */
function reserve(lease: Lease): void {
  let size = 128 + 3 * ((lease.hostname?.length ?? 0) + (lease.billingClass?.length ?? 0));
  size += (lease.clientId?.length ?? 0) + (lease.hardware?.bytes.length ?? 0) + (lease.agentOptions?.length ?? 0);
  for (const [name, value] of lease.variables) size += 16 + 3 * name.length + value.length;
  if (lease.endings !== undefined) size += 3 * (lease.endings.release.length + lease.endings.expiry.length);
  if (used + size <= scratch.length) return;
  scratch = Buffer.alloc(Math.max(SCRATCH_BYTES, size));
  used = 0;
}

function u32(at: number, value: number): number {
  scratch[at] = value >>> 24;
  scratch[at + 1] = (value >>> 16) & 255;
  scratch[at + 2] = (value >>> 8) & 255;
  scratch[at + 3] = value & 255;
  return at + 4;
}

function number(start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest > 127) {
    scratch[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  scratch[at] = rest;
  return at + 1;
}

function bytes(start: number, value: Uint8Array): number {
  const at = number(start, value.length);
  if (value.length > 16) scratch.set(value, at);
  else for (let index = 0; index < value.length; index += 1) scratch[at + index] = value[index]!;
  return at + value.length;
}

function text(start: number, value: string): number {
  const at = number(start, Buffer.byteLength(value));
  return at + scratch.write(value, at);
}

/** Reads beyond the end give nothing and set `failed`. */
class RecordReader {
  readonly #record: Buffer;
  offset = 0;
  failed = false;

  constructor(record: Buffer) {
    this.#record = record;
  }

  u8(): number {
    const value = this.#record[this.offset++];
    if (value === undefined) this.failed = true;
    return value ?? 0;
  }
  u32(): number {
    return ((this.u8() << 24) | (this.u8() << 16) | (this.u8() << 8) | this.u8()) >>> 0;
  }
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    this.failed = true;
    return 0;
  }
  bytes(): Uint8Array {
    const size = this.number();
    const start = this.offset;
    if (start + size > this.#record.length) {
      this.failed = true;
      return new Uint8Array(0);
    }
    this.offset = start + size;
    return new Uint8Array(this.#record.buffer, this.#record.byteOffset + start, size);
  }
  text(): string {
    const value = this.bytes();
    return Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8");
  }
}
