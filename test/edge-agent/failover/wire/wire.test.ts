import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EMPTY_STREAM, takeFrames } from "../../../../edge-agent/failover/wire/frame.ts";
import { decodeMessage, encodeMessage, type FailoverMessage } from "../../../../edge-agent/failover/wire/message.ts";
import {
  FAILOVER_OPTIONS,
  MESSAGE_OPTIONS,
  MESSAGE_TYPES,
  type MessageType,
  type OptionName,
  type Options,
} from "../../../../edge-agent/failover/wire/options.ts";
import { decodePrivateData, encodePrivateData } from "../../../../edge-agent/failover/wire/private-data.ts";
import { formatIpv4 } from "../../../../edge-agent/values/ipv4.ts";
import { ok } from "../../../../edge-agent/values/result.ts";
import { CAPTURES, captured, REFUSALS } from "../captured.ts";

describe("what two real dhcpd say to each other", () => {
  test.each(CAPTURES.filter((name) => !REFUSALS.includes(name)))("%s reads, and is written again to the same bytes", (name) => {
    let messages = 0;
    const rest = new Map<string, Uint8Array>();
    for (const happening of captured(name)) {
      if (typeof happening.what === "string") continue;
      const stream = `${happening.sender}${happening.connection}`;
      const taken = takeFrames(rest.get(stream) ?? EMPTY_STREAM, happening.what);
      expect(taken.fault).toBeUndefined();
      rest.set(stream, taken.rest);
      for (const frame of taken.frames) {
        const message = decodeMessage(frame);
        expect(message.ok).toBe(true);
        if (!message.ok) continue;
        messages += 1;
        expect(Buffer.from(encodeMessage(message.value)).toString("hex")).toBe(Buffer.from(frame).toString("hex"));
      }
    }
    expect(messages).toBeGreaterThan(60);
  });

  test("a CONNECT has the fields of dhcpd's configuration", () => {
    const first = captured("05-expiry").find((happening) => typeof happening.what !== "string");
    const message = decodeMessage(first?.what as Uint8Array);
    if (!message.ok) throw new Error("CONNECT does not read");
    expect(message.value).toMatchObject({
      type: "CONNECT",
      xid: 0,
      options: { maxUnackedBndupd: 10, receiveTimer: 30, mclt: 15, tlsRequest: 0 },
    });
    expect(message.value.options.vendorClassIdentifier).toBe("isc-4.4.3-P1");
    expect(message.value.options.hashBucketAssignment).toHaveLength(32);
  });
});

const anyOptions = (type: MessageType): fc.Arbitrary<Options> => {
  const shape: Record<string, fc.Arbitrary<unknown>> = {};
  for (const name of MESSAGE_OPTIONS[type]) shape[name] = anyValue(name);
  return fc.record(shape, { requiredKeys: [] }) as fc.Arbitrary<Options>;
};
function anyValue(name: OptionName): fc.Arbitrary<unknown> {
  const field = FAILOVER_OPTIONS[name].field;
  if (field.size === 1) return fc.nat(255);
  if (field.size === 2) return fc.nat(65_535);
  if (field.size === 4) return fc.nat(0xffffffff);
  if (name === "message" || name === "vendorClassIdentifier")
    return fc.string({ maxLength: 60 }).map((text) => text.replaceAll("\ufeff", ""));
  return fc.uint8Array({ maxLength: 80 });
}
const anyMessage: fc.Arbitrary<FailoverMessage> = fc
  .constantFrom(...(Object.keys(MESSAGE_TYPES) as MessageType[]))
  .chain((type) => fc.record({ type: fc.constant(type), time: fc.nat(0xffffffff), xid: fc.nat(0xffffffff), options: anyOptions(type) }));

test("every message survives the wire, in whatever pieces TCP brings it", () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (messages, cuts) => {
      const stream = Buffer.concat(messages.map((message) => encodeMessage(message)));
      const read: unknown[] = [];
      let rest = EMPTY_STREAM;
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = cuts[turn % cuts.length] ?? 1;
        const taken = takeFrames(rest, stream.subarray(at, at + size));
        at += size;
        rest = taken.rest;
        for (const frame of taken.frames) read.push(decodeMessage(frame));
      }
      expect(read).toEqual(messages.map((message) => ok(message)));
      expect(rest).toHaveLength(0);
    }),
  );
});

test("a hundred thousand frames of garbage never throw", () => {
  let seed = 42;
  const next = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed >>> 16;
  };
  let readable = 0;
  for (let round = 0; round < 100_000; round += 1) {
    const bytes = new Uint8Array(12 + (next() % 60));
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = next() & 255;
    bytes[0] = 0;
    bytes[1] = bytes.length;
    if (round % 2 === 0) {
      bytes[2] = 1 + (next() % 12);
      bytes[3] = 12;
      for (let at = 12; at + 4 <= bytes.length; at += 4 + (bytes[at + 3] ?? 0)) {
        bytes[at] = 0;
        bytes[at + 1] = next() % 32;
        bytes[at + 2] = 0;
        bytes[at + 3] = next() % 9;
      }
    }
    const message = decodeMessage(bytes);
    if (message.ok) readable += 1;
    takeFrames(EMPTY_STREAM, bytes.subarray(next() % 8));
  }
  expect(readable).toBeGreaterThan(1000);
});

test("what dhcpd refuses is refused", () => {
  const state = encodeMessage({ type: "STATE", time: 5, xid: 1, options: { serverState: 2, serverFlags: 0, startTimeOfState: 9 } });
  const twice = Uint8Array.of(...state, 0, 24, 0, 1, 2);
  twice[1] = twice.length;
  expect(decodeMessage(twice)).toMatchObject({ ok: false, error: { kind: "malformed" } });
  const early = state.slice();
  early[3] = 8;
  expect(decodeMessage(early)).toMatchObject({ ok: false });
  const late = Uint8Array.of(...state.subarray(0, 12), 9, 9, 9, 9, ...state.subarray(12));
  late[1] = late.length;
  late[3] = 16;
  expect(decodeMessage(late)).toMatchObject({ ok: true, value: { options: { serverState: 2 } } });
  const unknown = Uint8Array.of(0, 12, 77, 12, 0, 0, 0, 0, 0, 0, 0, 0);
  expect(decodeMessage(unknown)).toMatchObject({ ok: false, error: { kind: "unknown-type", hasOptions: false } });
  expect(takeFrames(EMPTY_STREAM, Uint8Array.of(8, 1, 0)).fault).toBeDefined();
  expect(takeFrames(EMPTY_STREAM, Uint8Array.of(0, 11, 0)).fault).toBeDefined();
});

test("an option of another message is skipped, whatever its size", () => {
  const contact = encodeMessage({ type: "CONTACT", time: 5, xid: 1, options: {} });
  const padded = Uint8Array.of(...contact, 0, 12, 0, 3, 1, 2, 3, 0, 12, 0, 0, 0, 99, 0, 0);
  padded[1] = padded.length;
  expect(decodeMessage(padded)).toEqual(ok({ type: "CONTACT", time: 5, xid: 1, options: {} }));
});

test("private data survives, and another vendor's bytes are nothing to us", () => {
  const data = { hostname: "till-7", agentOptions: Uint8Array.of(1, 2, 9, 9), echo: 0xfffffff0, ask: true, epoch: 7 };
  expect(decodePrivateData(encodePrivateData(data))).toEqual(data);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodePrivateData(bytes)));
  expect(decodePrivateData(Uint8Array.of(0, 0, 1, 55, 3, 1, 1))).toEqual({});
});

test("names in the matrix are the draft's options", () => {
  expect(new Set(Object.values(FAILOVER_OPTIONS).map((row) => row.code)).size).toBe(29);
  expect(formatIpv4(FAILOVER_OPTIONS.assignedIpAddress.field.read(Uint8Array.of(10, 0, 0, 1)))).toBe("10.0.0.1");
});
