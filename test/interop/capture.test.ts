import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeMessage } from "../../edge-agent/failover/wire/message.ts";
import { conversation } from "../support/failover-wire.ts";
import { tcpStreams } from "../support/tcp-streams.ts";

/** Captures as TCP and tcpdump leave them: cut anywhere, repeated, out of order, with holes. */
let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tandem-streams-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Segment {
  readonly from: 2 | 3;
  readonly seq: number;
  readonly ack: number;
  readonly bytes: Uint8Array;
  readonly syn?: boolean;
}

function capture(segments: readonly Segment[]): string {
  const header = Buffer.alloc(24);
  for (const [value, at] of [
    [0xa1b2c3d4, 0],
    [0x00040002, 4],
    [0xffff, 16],
    [101, 20],
  ] as const)
    header.writeUInt32LE(value, at);
  const records = segments.map(({ from, seq, ack, bytes, syn }, index) => {
    const out = Buffer.alloc(56);
    out.writeUInt32LE(1000 + index, 0);
    out.writeUInt32LE(40 + bytes.length, 8);
    out.writeUInt32LE(40 + bytes.length, 12);
    const ip = out.subarray(16);
    ip[0] = 0x45;
    ip.writeUInt16BE(40 + bytes.length, 2);
    ip[8] = 64;
    ip[9] = 6;
    ip.set([10, 0, 0, from], 12);
    ip.set([10, 0, 0, 5 - from], 16);
    ip.writeUInt16BE(from === 2 ? 40000 : 647, 20);
    ip.writeUInt16BE(from === 2 ? 647 : 40000, 22);
    ip.writeUInt32BE(seq, 24);
    ip.writeUInt32BE(ack, 28);
    ip[32] = 0x50;
    ip[33] = syn === true ? 0x12 : 0x18;
    ip.writeUInt16BE(0xffff, 34);
    return Buffer.concat([out, bytes]);
  });
  const file = join(directory, "capture.pcap");
  writeFileSync(file, Buffer.concat([header, ...records]));
  return file;
}
const contacts = (from: number, count: number): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, (_, index) => encodeMessage({ type: "CONTACT", time: 1, xid: from + index, options: {} })));
const none = new Uint8Array(0);
const opening: readonly Segment[] = [
  { from: 2, seq: 999, ack: 0, bytes: none, syn: true },
  { from: 3, seq: 4999, ack: 1000, bytes: none, syn: true },
];

test("segments that overlap, come twice, cut messages and come late give each message once, in order", async () => {
  const all = contacts(0, 6);
  const piece = (begin: number, end: number): Segment => ({ from: 2, seq: 1000 + begin, ack: 5000, bytes: all.subarray(begin, end) });
  const file = capture([...opening, piece(0, 7), piece(30, 50), piece(0, 20), piece(7, 40), piece(50, 72)]);
  expect((await conversation(file)).map(({ message }) => message.xid)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("what follows bytes that the other side has and the capture has not is left out, both ways, and said to be lost", async () => {
  const all = contacts(0, 6);
  const file = capture([
    ...opening,
    { from: 2, seq: 1000, ack: 5000, bytes: all.subarray(0, 24) },
    { from: 3, seq: 5000, ack: 1024, bytes: contacts(100, 1) },
    { from: 2, seq: 1048, ack: 5012, bytes: all.subarray(48, 72) },
    { from: 3, seq: 5012, ack: 1072, bytes: contacts(101, 1) },
  ]);
  expect((await tcpStreams(file, 647)).map(({ lostAt }) => lostAt !== undefined).sort()).toEqual([false, true]);
  expect((await conversation(file)).map(({ message }) => message.xid)).toEqual([0, 1, 100]);
});

test("bytes that never arrived are not lost to the capture", async () => {
  const all = contacts(0, 6);
  const file = capture([
    ...opening,
    { from: 2, seq: 1000, ack: 5000, bytes: all.subarray(0, 24) },
    { from: 2, seq: 1048, ack: 5000, bytes: all.subarray(48, 72) },
    { from: 3, seq: 5000, ack: 1024, bytes: contacts(100, 1) },
  ]);
  expect((await tcpStreams(file, 647)).every(({ lostAt }) => lostAt === undefined)).toBe(true);
  expect((await conversation(file)).map(({ message }) => message.xid)).toEqual([0, 1, 100]);
});

test("bytes that are no message are not passed over", async () => {
  const file = capture([...opening, { from: 2, seq: 1000, ack: 5000, bytes: Uint8Array.of(0xff, 0xff, 1, 2, 3, 4) }]);
  await expect(conversation(file)).rejects.toThrow("message length 65535");
});
