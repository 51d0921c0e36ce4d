import { ByteReader } from "../../values/byte-reader.ts";
import { ByteWriter } from "../../values/byte-writer.ts";
import { err, ok, type Result } from "../../values/result.ts";
import { encodeName } from "./name.ts";

export const DNS_TYPE = { A: 1, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, DHCID: 49, TSIG: 250, ANY: 255 } as const;
export const DNS_CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;
/** RFC 1035 §4.1.1, RFC 2136 §2.2. */
export const RCODE = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  yxDomain: 6,
  yxRrset: 7,
  nxRrset: 8,
  notAuth: 9,
  notZone: 10,
} as const;

const RCODE_TEXT: Readonly<Record<number, string>> = {
  0: "success",
  1: "form error",
  2: "server failure",
  3: "no such domain",
  4: "not implemented",
  5: "refused",
  6: "domain name already exists",
  7: "RRset already exists",
  8: "RRset does not exist",
  9: "not authoritative",
  10: "not within zone",
  16: "bad signature or version",
  17: "bad key",
  18: "bad time",
};
export const rcodeText = (rcode: number): string => RCODE_TEXT[rcode] ?? `response code ${rcode}`;

/** A record in the prerequisite or update section; what class, ttl and data mean is RFC 2136 §2.4 and §2.5. */
export interface UpdateRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Uint8Array;
}

export interface DnsUpdate {
  readonly prerequisites: readonly UpdateRecord[];
  readonly updates: readonly UpdateRecord[];
}

const NO_DATA = new Uint8Array(0);
/** Prerequisite: nothing exists at `name` (§2.4.5). */
export const nameNotInUse = (name: string): UpdateRecord => ({ name, type: DNS_TYPE.ANY, class: DNS_CLASS.NONE, ttl: 0, data: NO_DATA });
/** Prerequisite: something exists at `name` (§2.4.4). */
export const nameInUse = (name: string): UpdateRecord => ({ name, type: DNS_TYPE.ANY, class: DNS_CLASS.ANY, ttl: 0, data: NO_DATA });
/** Prerequisite: records of `type` exist, whatever they say (§2.4.1). */
export const recordsExist = (name: string, type: number): UpdateRecord => ({ name, type, class: DNS_CLASS.ANY, ttl: 0, data: NO_DATA });
/** Prerequisite: the records of `type` are exactly this one (§2.4.2). */
export const recordIs = (name: string, type: number, data: Uint8Array): UpdateRecord => ({ name, type, class: DNS_CLASS.IN, ttl: 0, data });
/** Prerequisite: no records of `type` (§2.4.3). */
export const noRecords = (name: string, type: number): UpdateRecord => ({ name, type, class: DNS_CLASS.NONE, ttl: 0, data: NO_DATA });
/** Update: add a record (§2.5.1). */
export const addRecord = (name: string, type: number, ttl: number, data: Uint8Array): UpdateRecord => ({
  name,
  type,
  class: DNS_CLASS.IN,
  ttl,
  data,
});
/** Update: delete all records of `type` (§2.5.2). */
export const deleteRecords = (name: string, type: number): UpdateRecord => ({ name, type, class: DNS_CLASS.ANY, ttl: 0, data: NO_DATA });
/** Update: delete one record (§2.5.4). */
export const deleteRecord = (name: string, type: number, data: Uint8Array): UpdateRecord => ({
  name,
  type,
  class: DNS_CLASS.NONE,
  ttl: 0,
  data,
});

const OPCODE_UPDATE = 5 << 11;
const RESPONSE = 0x8000;
const MESSAGE_MAXIMUM = 65_535;

/** An UPDATE message without TSIG (RFC 2136 §2). `zone` with or without final dot. Refuses names that cannot be written. */
export function encodeUpdate(id: number, zone: string, update: DnsUpdate): Result<Uint8Array, string> {
  const writer = new ByteWriter(MESSAGE_MAXIMUM);
  const zoneName = encodeName(zone);
  if (!zoneName.ok) return zoneName;
  writer.u16(id).u16(OPCODE_UPDATE).u16(1).u16(update.prerequisites.length).u16(update.updates.length).u16(0);
  writer.bytes(zoneName.value).u16(DNS_TYPE.SOA).u16(DNS_CLASS.IN);
  for (const record of [...update.prerequisites, ...update.updates]) {
    const name = encodeName(record.name);
    if (!name.ok) return name;
    writer.bytes(name.value).u16(record.type).u16(record.class).u32(record.ttl).u16(record.data.length).bytes(record.data);
  }
  return writer.overflowed ? err("the update does not fit a DNS message") : ok(writer.finish());
}

/** The response code of an answer to message `id`; an error if it is no such answer. */
export function readResponse(bytes: Uint8Array, id: number): Result<number, string> {
  const reader = new ByteReader(bytes);
  const responseId = reader.u16();
  const flags = reader.u16();
  reader.bytes(8);
  if (reader.failed) return err("a DNS answer shorter than its header");
  if (responseId !== id) return err(`a DNS answer to message ${responseId}, not ${id}`);
  if ((flags & RESPONSE) === 0 || (flags & 0x7800) !== OPCODE_UPDATE) return err("not an answer to an update");
  return ok(flags & 15);
}
