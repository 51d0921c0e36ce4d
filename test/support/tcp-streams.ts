import { writeFileSync } from "node:fs";
import { runMeanwhile } from "./netns.ts";

/** What one side of a connection sent, put together from segments that may be repeated, cut otherwise, or out of order. */
export interface OneWay {
  readonly from: string;
  readonly stream: number;
  readonly pieces: readonly { readonly at: number; readonly bytes: Buffer }[];
  /** From when on bytes are missing that the other side acknowledged: the capture lacks them. */
  readonly lostAt: number | undefined;
}

interface Segment {
  readonly at: number;
  readonly seq: number;
  readonly bytes: Buffer;
}

/** Every byte on a TCP port of a capture, in order, once. What follows a hole is left out. */
export async function tcpStreams(capture: string, port: number): Promise<OneWay[]> {
  const fields = ["frame.time_epoch", "ip.src", "tcp.stream", "tcp.seq", "tcp.ack", "tcp.payload"].flatMap((name) => ["-e", name]);
  const plain = ["--disable-protocol", "dhcpfo", "-o", "tcp.relative_sequence_numbers:TRUE"];
  const lines = await runMeanwhile(["tshark", "-r", capture, ...plain, "-Y", `tcp.port == ${port}`, "-T", "fields", ...fields]);
  const ways = new Map<string, { readonly from: string; readonly stream: number; readonly segments: Segment[]; acknowledges: number }>();
  for (const line of lines.split("\n").filter(Boolean)) {
    const [at = "0", from = "", stream = "0", seq = "0", ack = "0", payload = ""] = line.split("\t");
    const key = `${from} ${stream}`;
    const way = ways.get(key) ?? { from, stream: Number(stream), segments: [], acknowledges: 0 };
    ways.set(key, way);
    way.acknowledges = Math.max(way.acknowledges, Number(ack));
    if (payload !== "") way.segments.push({ at: Number(at), seq: Number(seq), bytes: Buffer.from(payload.replaceAll(":", ""), "hex") });
  }
  return [...ways.values()].map(({ from, stream, segments }) => {
    const back = [...ways.values()].find((each) => each.stream === stream && each.from !== from);
    return { from, stream, ...inOrder(segments, back?.acknowledges ?? 0) };
  });
}

function inOrder(segments: readonly Segment[], acknowledged: number): Pick<OneWay, "pieces" | "lostAt"> {
  const pieces: { at: number; bytes: Buffer }[] = [];
  let next = 1;
  let hole: number | undefined;
  for (const { at, seq, bytes } of [...segments].sort((left, right) => left.seq - right.seq || left.at - right.at)) {
    if (seq > next) {
      hole = at;
      break;
    }
    if (seq + bytes.length <= next) continue;
    pieces.push({ at, bytes: bytes.subarray(next - seq) });
    next = seq + bytes.length;
  }
  // the FIN takes a number too
  return { pieces, lostAt: acknowledged > next + 1 ? (hole ?? pieces.at(-1)?.at ?? 0) : undefined };
}

/** A capture file in which each message is one segment of a connection of its own, so that a dissector sees every byte as its sender meant it. */
export function writeMessages(
  file: string,
  messages: readonly { readonly from: string; readonly at: number; readonly bytes: Uint8Array }[],
  port: number,
): void {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(0xffff, 16);
  header.writeUInt32LE(101, 20);
  writeFileSync(file, Buffer.concat([header, ...messages.map((message, index) => packet(message, index, port))]));
}

/** One record: raw IPv4, TCP from a port that no other message has. */
function packet(
  { from, at, bytes }: { readonly from: string; readonly at: number; readonly bytes: Uint8Array },
  index: number,
  port: number,
): Buffer {
  const length = 40 + bytes.length;
  const record = Buffer.alloc(16);
  record.writeUInt32LE(Math.floor(at), 0);
  record.writeUInt32LE(Math.floor((at % 1) * 1e6), 4);
  record.writeUInt32LE(length, 8);
  record.writeUInt32LE(length, 12);
  const headers = Buffer.alloc(40);
  headers.writeUInt8(0x45, 0);
  headers.writeUInt16BE(length, 2);
  headers.writeUInt8(64, 8);
  headers.writeUInt8(6, 9);
  Buffer.from(from.split(".").map(Number)).copy(headers, 12);
  // enough source ports for 60,000 messages, and another destination address for each 60,000 more
  Buffer.from([10, 255, 255, 1 + Math.floor(index / 60_000)]).copy(headers, 16);
  headers.writeUInt16BE(1024 + (index % 60_000), 20);
  headers.writeUInt16BE(port, 22);
  headers.writeUInt32BE(1, 24);
  headers.writeUInt8(0x50, 32);
  headers.writeUInt8(0x18, 33);
  headers.writeUInt16BE(0xffff, 34);
  return Buffer.concat([record, headers, Buffer.from(bytes)]);
}
