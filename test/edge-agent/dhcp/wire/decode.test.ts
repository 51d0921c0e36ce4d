import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeMessage } from "../../../../edge-agent/dhcp/wire/decode.ts";
import { encodeMessage } from "../../../../edge-agent/dhcp/wire/encode.ts";
import type { DhcpMessage } from "../../../../edge-agent/dhcp/wire/message.ts";
import { ipv4 } from "../../../../edge-agent/values/ipv4.ts";

const u32 = fc.nat(0xffffffff);
const address = u32.map(ipv4);
const block = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const options = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 700 })), { maxLength: 12 })
  .map((entries) => new Map(entries.filter(([code, value]) => code !== 52 && (code !== 61 || value.length > 0))));
const anyMessage = fc.record({
  op: fc.constantFrom(1, 2),
  htype: fc.nat(255),
  hlen: fc.nat(16),
  hops: fc.nat(255),
  xid: u32,
  secs: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  ciaddr: address,
  yiaddr: address,
  siaddr: address,
  giaddr: address,
  chaddr: block(16),
  sname: block(64),
  file: block(128),
  hasCookie: fc.constant(true),
  options,
});

const header = (tail: readonly number[], change: (bytes: Uint8Array) => void = () => undefined): Uint8Array => {
  const bytes = new Uint8Array(240 + tail.length);
  bytes.set([1, 1, 6, 0]);
  bytes.set([99, 130, 83, 99, ...tail], 236);
  change(bytes);
  return bytes;
};
const read = (bytes: Uint8Array): DhcpMessage => {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new Error(decoded.error);
  return decoded.value;
};
const listed = (bytes: Uint8Array) => [...read(bytes).options].map(([code, value]) => [code, [...value]]);

describe("any message", () => {
  test("survives the wire", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const { bytes, ...decoded } = read(encodeMessage(message));
        expect(bytes.length).toBeGreaterThanOrEqual(300);
        expect(decoded).toEqual(message);
      }),
    );
  });
  test("garbage is refused or read, never thrown at", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1500 }), fc.boolean(), (garbage, cookie) => {
        if (cookie && garbage.length >= 240) garbage.set([99, 130, 83, 99], 236);
        if (garbage.length > 2) garbage[2] = garbage[2]! & 15;
        const decoded = decodeMessage(garbage);
        expect(decoded.ok ? decoded.value.bytes : typeof decoded.error).toEqual(decoded.ok ? garbage : "string");
      }),
      { numRuns: 500 },
    );
  });
  test("thousands of pieces of one option are joined in linear time", () => {
    const pieces = Array.from({ length: 20_000 }, () => [77, 1, 65]).flat();
    expect(read(header(pieces)).options.get(77)?.length).toBe(20_000);
  });
});

describe("RFC 951 and RFC 2131 §2: the header", () => {
  test("235 bytes are too few, 236 are BOOTP", () => {
    expect(decodeMessage(new Uint8Array(235)).ok).toBe(false);
    expect(read(new Uint8Array(236)).hasCookie).toBe(false);
  });
  test("hlen over 16 is refused", () => {
    expect(decodeMessage(header([255], (bytes) => bytes.fill(17, 2, 3))).ok).toBe(false);
    expect(decodeMessage(header([255], (bytes) => bytes.fill(16, 2, 3))).ok).toBe(true);
  });
  test("without the cookie there are no options", () => {
    expect(read(header([53, 1, 1, 255], (bytes) => bytes.fill(0, 236, 240))).options.size).toBe(0);
  });
});

describe("RFC 2131 §3 and RFC 2132 §2: the option area", () => {
  test("pads are skipped, nothing counts after the end option, which may be missing", () => {
    expect(listed(header([0, 0, 53, 1, 1, 0, 255, 12, 1, 65]))).toEqual([[53, [1]]]);
    expect(listed(header([53, 1, 1]))).toEqual([[53, [1]]]);
  });
  test("an option of length 0 is there", () => {
    expect(listed(header([80, 0, 255]))).toEqual([[80, []]]);
  });
  test("an option that runs past the end, or has no length, makes the message void", () => {
    expect(decodeMessage(header([53, 1, 1, 12, 5, 65])).ok).toBe(false);
    expect(decodeMessage(header([53, 1, 1, 12])).ok).toBe(false);
  });
  test("RFC 2132 §9.14: an empty client identifier makes the message void", () => {
    expect(decodeMessage(header([53, 1, 1, 61, 0, 255]))).toEqual({ ok: false, error: "Dropped DHCPv4 packet with zero-length client-id" });
    expect(decodeMessage(header([53, 1, 1, 61, 1, 7, 255])).ok).toBe(true);
  });
  test("RFC 3396 §7: parts are joined in their order", () => {
    expect(listed(header([77, 1, 1, 53, 1, 1, 77, 2, 2, 3, 77, 0, 255]))).toEqual([
      [77, [1, 2, 3]],
      [53, [1]],
    ]);
  });
});

describe("RFC 2132 §9.3: option overload", () => {
  const overloaded = (flags: number) =>
    header([52, 1, flags, 77, 1, 1, 255], (bytes) => {
      bytes.set([77, 1, 3, 255], 44);
      bytes.set([77, 1, 2, 255], 108);
    });
  test("file is read before sname", () => {
    expect(listed(overloaded(3))).toEqual([
      [52, [3]],
      [77, [1, 2, 3]],
    ]);
    expect(read(overloaded(1)).options.get(77)).toEqual(Uint8Array.of(1, 2));
    expect(read(overloaded(2)).options.get(77)).toEqual(Uint8Array.of(1, 3));
  });
  test("a field that is malformed makes the message void", () => {
    const message = header([52, 1, 1, 255], (bytes) => bytes.set([12, 200], 108));
    expect(decodeMessage(message).ok).toBe(false);
  });
  test("an overload option without a value overloads nothing", () => {
    expect(listed(header([52, 0, 255], (bytes) => bytes.set([12, 200], 108)))).toEqual([[52, []]]);
  });
});
