import fc from "fast-check";
import { expect, test } from "vitest";
import { internetChecksum, readUdpPacket, writeUdpPacket } from "../../../edge-agent/rim/raw-reply.ts";
import { hexPairs } from "../../../edge-agent/values/hardware-address.ts";
import { ipv4, parseIpv4 } from "../../../edge-agent/values/ipv4.ts";

const address = (text: string) => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

test("headers are as a packet capture shows them", () => {
  const into = new Uint8Array(64);
  const endpoints = { source: address("10.9.0.1"), sourcePort: 67, target: address("10.9.0.10"), targetPort: 68 };
  const used = writeUdpPacket(into, 0, endpoints, Uint8Array.of(1, 2, 3));
  expect(used).toBe(31);
  // tshark says "correct" of both checksums.
  expect(hexPairs(into.subarray(0, used), "")).toBe("4510001f00000000801126a20a0900010a09000a00430044000be732010203");
});

test("the IP checksum of RFC 1071's worked example", () => {
  expect(internetChecksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0x220d);
});

const endpoint = fc.record({
  source: fc.nat(0xffffffff).map(ipv4),
  target: fc.nat(0xffffffff).map(ipv4),
  sourcePort: fc.nat(0xffff),
  targetPort: fc.nat(0xffff),
});

test("what is written is read back, and one flipped bit is noticed", () => {
  fc.assert(
    fc.property(endpoint, fc.uint8Array({ maxLength: 700 }), fc.nat(), fc.nat(16), (endpoints, payload, flip, offset) => {
      const into = new Uint8Array(800);
      const used = writeUdpPacket(into, offset, endpoints, payload);
      const read = readUdpPacket(into, offset, offset + used, false);
      expect(read).toMatchObject(endpoints);
      expect(into.slice(read?.start, read?.end)).toEqual(payload);
      const bit = flip % (used * 8);
      into[offset + (bit >> 3)] = (into[offset + (bit >> 3)] ?? 0) ^ (1 << (bit & 7));
      expect(readUdpPacket(into, offset, offset + used, false)).toBeUndefined();
    }),
  );
});

test("bytes after the datagram (a frame's padding) are ignored, and garbage is refused", () => {
  const into = new Uint8Array(60);
  const endpoints = { source: ipv4(1), sourcePort: 68, target: ipv4(2), targetPort: 67 };
  writeUdpPacket(into, 0, endpoints, Uint8Array.of(9));
  const read = readUdpPacket(into, 0, 60, false);
  expect([read?.start, read?.end]).toEqual([28, 29]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const found = readUdpPacket(bytes, 0, bytes.length, true);
      if (found !== undefined) expect(found.end).toBeLessThanOrEqual(bytes.length);
    }),
  );
  expect(writeUdpPacket(new Uint8Array(20), 0, endpoints, Uint8Array.of(1))).toBe(0);
});
