import { ByteReader } from "../../values/byte-reader.ts";
import { ByteWriter } from "../../values/byte-writer.ts";
import { err, ok, type Result } from "../../values/result.ts";
import { canonicalName, encodeName } from "./name.ts";
import { DNS_CLASS, DNS_TYPE } from "./update.ts";

/** Seconds by which the two clocks may differ (RFC 8945 §10). */
export const FUDGE_SECONDS = 300;

/** A key, its names encoded; `algorithm` is the name that goes on the wire, such as hmac-sha256. */
export interface TsigKey {
  readonly name: string;
  readonly algorithm: string;
}

/** The algorithm's name on the wire: HMAC-MD5 has its historic one (RFC 8945 §6). */
export function wireAlgorithm(algorithm: string): string {
  const plain = algorithm.toLowerCase().replace(/\.$/, "");
  return plain === "hmac-md5" || plain === "hmac-md5.sig-alg.reg.int" ? "hmac-md5.sig-alg.reg.int" : plain;
}

/** What the MAC of a request covers (§4.3.3): the message, then the TSIG variables. `signedAt`: wall-clock seconds. */
export function coveredByMac(message: Uint8Array, key: TsigKey, signedAt: number, requestMac?: Uint8Array): Result<Uint8Array, string> {
  const keyName = encodeName(key.name);
  const algorithm = encodeName(wireAlgorithm(key.algorithm));
  if (!keyName.ok) return keyName;
  if (!algorithm.ok) return algorithm;
  const writer = new ByteWriter(70_000);
  if (requestMac !== undefined) writer.u16(requestMac.length).bytes(requestMac);
  writer.bytes(message).bytes(canonicalName(keyName.value)).u16(DNS_CLASS.ANY).u32(0).bytes(canonicalName(algorithm.value));
  writer
    .u16(Math.floor(signedAt / 2 ** 32))
    .u32(signedAt % 2 ** 32)
    .u16(FUDGE_SECONDS)
    .u16(0)
    .u16(0);
  return ok(writer.finish());
}

/** The message with its TSIG record appended and counted (§4.2). */
export function withTsig(message: Uint8Array, key: TsigKey, signedAt: number, mac: Uint8Array): Result<Uint8Array, string> {
  const keyName = encodeName(key.name);
  const algorithm = encodeName(wireAlgorithm(key.algorithm));
  if (!keyName.ok) return keyName;
  if (!algorithm.ok) return algorithm;
  const id = ((message[0] ?? 0) << 8) | (message[1] ?? 0);
  const data = new ByteWriter(512).bytes(algorithm.value);
  data
    .u16(Math.floor(signedAt / 2 ** 32))
    .u32(signedAt % 2 ** 32)
    .u16(FUDGE_SECONDS);
  data.u16(mac.length).bytes(mac).u16(id).u16(0).u16(0);
  const record = data.finish();
  const writer = new ByteWriter(65_535).bytes(message).bytes(keyName.value);
  writer.u16(DNS_TYPE.TSIG).u16(DNS_CLASS.ANY).u32(0).u16(record.length).bytes(record);
  if (writer.overflowed) return err("the signed update does not fit a DNS message");
  const signed = writer.finish();
  const additional = (((message[10] ?? 0) << 8) | (message[11] ?? 0)) + 1;
  signed[10] = additional >> 8;
  signed[11] = additional & 255;
  return ok(signed);
}

/** The TSIG of a response, and the response without it, for checking its MAC. */
export interface ResponseTsig {
  readonly mac: Uint8Array;
  readonly signedAt: number;
  /** TSIG's own error: 16 BADSIG, 17 BADKEY, 18 BADTIME. */
  readonly error: number;
  readonly unsigned: Uint8Array;
}

/** Finds the TSIG record at the end of a response; an error when there is none or it is malformed. */
export function readResponseTsig(bytes: Uint8Array): Result<ResponseTsig, string> {
  const header = new ByteReader(bytes);
  header.u32();
  const counts = [header.u16(), header.u16(), header.u16(), header.u16()] as const;
  if (header.failed || counts[3] === 0) return err("the answer is not signed");
  const reader = new ByteReader(bytes, 12);
  for (let index = 0; index < counts[0]; index += 1) {
    skipName(reader);
    reader.u32();
  }
  const records = counts[1] + counts[2] + counts[3];
  for (let index = 0; index < records && !reader.failed; index += 1) {
    const start = reader.offset;
    skipName(reader);
    const type = reader.u16();
    reader.bytes(6);
    const data = reader.bytes(reader.u16());
    if (index === records - 1 && type === DNS_TYPE.TSIG && !reader.failed) return readTsigData(bytes, start, data, counts[3]);
  }
  return err("the answer is not signed");
}

function readTsigData(bytes: Uint8Array, start: number, data: Uint8Array, additional: number): Result<ResponseTsig, string> {
  const reader = new ByteReader(data);
  skipName(reader);
  const signedAt = reader.u16() * 2 ** 32 + reader.u32();
  reader.u16();
  const mac = reader.bytes(reader.u16());
  reader.u16();
  const error = reader.u16();
  if (reader.failed) return err("the answer's TSIG is cut short");
  const unsigned = bytes.slice(0, start);
  unsigned[10] = (additional - 1) >> 8;
  unsigned[11] = (additional - 1) & 255;
  return ok({ mac, signedAt, error, unsigned });
}

/** Steps over a name; a compression pointer ends it (RFC 1035 §4.1.4), so it needs no following. */
function skipName(reader: ByteReader): void {
  for (let labels = 0; labels < 128 && !reader.failed; labels += 1) {
    const length = reader.u8();
    if (length === 0) return;
    if (length >= 0xc0) {
      reader.u8();
      return;
    }
    reader.bytes(length);
  }
}
