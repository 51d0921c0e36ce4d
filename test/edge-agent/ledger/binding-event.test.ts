import fc from "fast-check";
import { expect, test } from "vitest";
import { BINDING_STATUSES } from "../../../edge-agent/leases/binding-status.ts";
import { type Lease, neverUsed } from "../../../edge-agent/leases/lease.ts";
import { type BindingEvent, bindingEvent, decodeEvent, encodeEvent } from "../../../edge-agent/ledger/binding-event.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";
import { epochSeconds } from "../../../edge-agent/values/time.ts";

const time = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 42 }),
  fc.nat(100_000_000),
  fc.maxSafeNat(),
  fc.constantFrom(0, 9, 10, 9_999_999, 10_000_000, 10_000_001, 2 ** 31, 99_999_999_999_999, Number.MAX_SAFE_INTEGER, -1, 0.5, 1e21),
);
const plainEvents: fc.Arbitrary<BindingEvent> = fc.record({
  address: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map(ipv4),
  status: fc.constantFrom(...BINDING_STATUSES),
  client: fc.constantFrom("", "m:1:020000000001", "i:01ff00"),
  ...{ ts: time, expires: time, potential: time, epoch: fc.nat(), lastTs: time },
  hostname: fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
  fromPartner: fc.boolean(),
  renewal: fc.boolean(),
  renewals: fc.nat(),
});

/** Half of them as most events are: nothing was merged into them, and no end is later than the one told. */
const bindingEvents = fc.tuple(plainEvents, fc.boolean(), fc.boolean()).map(([event, reserved, isUsual]) => ({
  ...event,
  ...(isUsual ? { lastTs: event.ts, potential: event.expires, renewals: 1 } : {}),
  ...(reserved ? { reserved } : {}),
}));

test("events are read back as they were written, whatever the host is called", () => {
  fc.assert(
    fc.property(fc.array(bindingEvents, { maxLength: 20 }), (written) => {
      const stored = written.map(encodeEvent);
      // one encoded later leaves those before it alone
      expect(stored.map(decodeEvent)).toEqual(written);
    }),
  );
});

test("an event that was written in full, as once all were, is read as it is", () => {
  const text =
    '{"address":1,"status":"ACTIVE","client":"m:1:aa","ts":5,"expires":6,"potential":7,"epoch":2,"fromPartner":true,"renewal":true,"renewals":3,"lastTs":8}';
  const event = { address: 1, status: "ACTIVE", client: "m:1:aa", ts: 5, expires: 6, potential: 7, epoch: 2, fromPartner: true };
  expect(decodeEvent(Buffer.from(text))).toEqual({ ...event, renewal: true, renewals: 3, lastTs: 8, hostname: undefined });
});

test("an event longer than the memory that events share is read back too", () => {
  const [event] = fc.sample(bindingEvents, { numRuns: 1, seed: 1 });
  if (event === undefined) throw new Error("no sample");
  const long = { ...event, hostname: "x".repeat(70_000) };
  expect(decodeEvent(encodeEvent(long))).toEqual(long);
});

test("an end names whoever had the address until then, even where the record of it names nobody", () => {
  const address = ipv4(0x0a000001);
  const hardware = { htype: 1, bytes: Uint8Array.of(2, 0, 0, 0, 0, 1) };
  const held: Lease = { ...neverUsed(address), status: "ACTIVE", hardware, ends: epochSeconds(1600) };
  const moment = { wallMillis: 1_000_000, wallOffset: 0, epoch: 1, fromPartner: false };
  const client = "m:1:020000000001";
  for (const status of ["ABANDONED", "FREE", "BACKUP"] as const) {
    expect(bindingEvent(held, { ...neverUsed(address), status }, moment)).toMatchObject({ status, client });
  }
  const released: Lease = { ...held, status: "RELEASED", ends: epochSeconds(1000) };
  expect(bindingEvent(held, released, moment)).toMatchObject({ status: "RELEASED", client });
  expect(bindingEvent(released, { ...released, status: "FREE" }, moment)).toMatchObject({ status: "FREE", client: "" });
});

test("what is no event is none", () => {
  for (const bytes of ["", "null", "{", '{"address":1}']) expect(decodeEvent(Buffer.from(bytes))).toBeUndefined();
});
