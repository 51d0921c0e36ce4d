import { expect, test } from "vitest";
import { hashBucket, isPrimarysBucket } from "../../../edge-agent/leases/load-balance.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

test("buckets as dhcpd computes them: the client identifier first, else the hardware address", () => {
  const hardware = { htype: 1, bytes: bytes("020000990000") };
  const split128 = Uint8Array.from({ length: 32 }, (_, index) => (index < 16 ? 255 : 0));
  const served = (mac: string) => isPrimarysBucket(split128, hashBucket(undefined, { htype: 1, bytes: bytes(mac) }) ?? -1);
  // who offered to whom in a capture of two dhcpd with split 128
  expect([served("020000990000"), served("020000990005"), served("020000990007")]).toEqual([true, false, false]);
  expect(hashBucket(bytes("01020000770002"), hardware)).not.toBe(hashBucket(undefined, hardware));
  expect(hashBucket(undefined, undefined)).toBeUndefined();
});

test("the hash is a permutation for keys of one byte", () => {
  expect(new Set(Array.from({ length: 256 }, (_, byte) => hashBucket(Uint8Array.of(byte), undefined))).size).toBe(256);
});
