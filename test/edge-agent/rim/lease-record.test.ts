import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import { decodeLease, encodeLease, scanLease } from "../../../edge-agent/rim/lease-record.ts";
import type { Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import { anyLease } from "../../support/lease-arbitraries.ts";

const anyRecord = anyLease(fc.integer({ min: 1, max: 0xffffffff }));
const plain = (lease: Lease): unknown => ({
  ...lease,
  clientId: lease.clientId && [...lease.clientId],
  agentOptions: lease.agentOptions && [...lease.agentOptions],
  hardware: lease.hardware && { htype: lease.hardware.htype, bytes: [...lease.hardware.bytes] },
  variables: [...lease.variables].map(([name, value]) => [name, [...value]]),
});

describe("lease records", () => {
  test("every lease survives the disk", () => {
    fc.assert(
      fc.property(anyRecord, (lease) => {
        const decoded = decodeLease(lease.address, encodeLease(lease));
        expect(decoded.ok && plain(decoded.value)).toEqual(plain(lease));
      }),
    );
  });

  test("a scan sees what a full reading sees", () => {
    fc.assert(
      fc.property(anyRecord, (lease) => {
        const scanned = scanLease(lease.address, encodeLease(lease));
        const { address, status, ends, clientId, hardware } = lease;
        expect(scanned.ok && scanned.value).toEqual({ address, status, ends, clientId, hardware });
      }),
    );
  });

  test("garbage and cut records are errors, never exceptions or wrong leases", () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(), (lease, cut) => {
        const record = encodeLease(lease);
        const shorter = record.subarray(0, cut % record.length);
        expect(decodeLease(lease.address, shorter).ok).toBe(false);
        const longer = Buffer.concat([record, Buffer.of(1)]);
        expect(decodeLease(lease.address, longer).ok).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const record = Buffer.from([1, ...bytes]);
        decodeLease(1 as Ipv4Address, record);
        scanLease(1 as Ipv4Address, record);
      }),
    );
  });

  test("a record of another version says so", () => {
    expect(decodeLease(1 as Ipv4Address, Buffer.alloc(40, 2))).toEqual({
      ok: false,
      error: "it has version 2, and this program knows only version 1",
    });
  });

  test("a plain lease takes little room", () => {
    fc.assert(
      fc.property(anyRecord, (lease) => {
        const bare = {
          ...lease,
          variables: new Map(),
          agentOptions: undefined,
          hostname: "laptop-17",
          billingClass: undefined,
          endings: undefined,
        };
        const record = encodeLease({ ...bare, clientId: new Uint8Array(7), hardware: { htype: 1, bytes: new Uint8Array(6) } });
        expect(record.length).toBeLessThanOrEqual(16 + 12 + 8 + 8 + 10);
      }),
    );
  });
});
