import { ByteReader } from "../../values/byte-reader.ts";
import { ByteWriter } from "../../values/byte-writer.ts";

/** What our agents announce in vendor-class-identifier, and know each other by. */
export const VENDOR_CLASS = "tandem-0.1";
export const isTandem = (vendorClass: string | undefined): boolean => vendorClass?.startsWith("tandem-") === true;

/** What two agents of our kind tell each other in vendor-specific-options; a stock partner is never sent any. */
export interface PrivateData {
  /** BNDUPD: option 12 as the client sent it. */
  readonly hostname?: string | undefined;
  /** BNDUPD: option 82 as the relay sent it. */
  readonly agentOptions?: Uint8Array | undefined;
  /** CONTACT: xid of the message that this one answers. A message that merely arrives proves nothing; an answer does. */
  readonly echo?: number | undefined;
  /** CONTACT: please answer this one at once. */
  readonly ask?: boolean;
  /** CONTACT: the latest epoch of the ledger that the sender knows of. */
  readonly epoch?: number | undefined;
  /** CONNECT, CONNECTACK: the longest MCLT by which either may have promised something; seconds. Only while it is not the present one. */
  readonly longestMclt?: number | undefined;
  /** CONTACT: a number of the sender's that only ever grows, and is on its disk. */
  readonly mark?: number | undefined;
  /** CONTACT: the highest such number that the sender has had from the receiver. */
  readonly seen?: number | undefined;
}

const MAGIC = 0x54444d31;
const HOSTNAME = 1;
const AGENT_OPTIONS = 2;
const ECHO = 3;
const ASK = 4;
const EPOCH = 5;
const LONGEST_MCLT = 6;
const MARK = 7;
const SEEN = 8;

export function encodePrivateData(data: PrivateData): Uint8Array {
  const out = new ByteWriter(1024, 64).u32(MAGIC);
  if (data.hostname !== undefined) item(out, HOSTNAME, new TextEncoder().encode(data.hostname));
  if (data.agentOptions !== undefined) item(out, AGENT_OPTIONS, data.agentOptions);
  if (data.echo !== undefined) out.u8(ECHO).u16(4).u32(data.echo);
  if (data.ask === true) out.u8(ASK).u16(0);
  if (data.epoch !== undefined) out.u8(EPOCH).u16(4).u32(data.epoch);
  if (data.longestMclt !== undefined) out.u8(LONGEST_MCLT).u16(4).u32(data.longestMclt);
  if (data.mark !== undefined) out.u8(MARK).u16(4).u32(data.mark);
  if (data.seen !== undefined) out.u8(SEEN).u16(4).u32(data.seen);
  return out.finish();
}

function item(out: ByteWriter, code: number, bytes: Uint8Array): void {
  if (bytes.length <= 400) out.u8(code).u16(bytes.length).bytes(bytes);
}

/** Empty for anything that is not ours; unknown items are skipped. */
export function decodePrivateData(bytes: Uint8Array | undefined): PrivateData {
  if (bytes === undefined) return {};
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC) return {};
  const data: {
    hostname?: string;
    agentOptions?: Uint8Array;
    echo?: number;
    ask?: boolean;
    epoch?: number;
    longestMclt?: number;
    mark?: number;
    seen?: number;
  } = {};
  while (reader.remaining >= 3) {
    const code = reader.u8();
    const body = reader.bytes(reader.u16());
    if (reader.failed) return {};
    if (code === HOSTNAME) data.hostname = new TextDecoder().decode(body);
    else if (code === AGENT_OPTIONS) data.agentOptions = new Uint8Array(body);
    else if (code === ECHO) data.echo = new ByteReader(body).u32();
    else if (code === ASK) data.ask = true;
    else if (code === EPOCH) data.epoch = new ByteReader(body).u32();
    else if (code === LONGEST_MCLT) data.longestMclt = new ByteReader(body).u32();
    else if (code === MARK) data.mark = new ByteReader(body).u32();
    else if (code === SEEN) data.seen = new ByteReader(body).u32();
  }
  return data;
}
