import { describe, expect, test } from "vitest";
import { lackingInLedger } from "../../../edge-agent/agent/ledger-compare.ts";
import type { Relationship } from "../../../edge-agent/failover/relationship.ts";
import { type Lease, neverUsed } from "../../../edge-agent/leases/lease.ts";
import type { LeaseView, PoolId } from "../../../edge-agent/leases/lease-view.ts";
import type { CurrentRow } from "../../../edge-agent/ledger/calls.ts";
import { epochSeconds, type Instant, monotonicMillis } from "../../../edge-agent/values/time.ts";
import { address } from "../failover/pair.ts";

const NOW = 1_800_000_000;
const at: Instant = { now: epochSeconds(NOW), monotonic: monotonicMillis(0), wallOffset: 0 };
const IP = address("10.77.0.5");
const hardware = (last: number) => ({ htype: 1, bytes: Uint8Array.of(2, 0, 0, 0, 0, last) });
const held = (last: number, ends = NOW + 600): Lease => ({
  ...neverUsed(IP),
  ...{
    status: "ACTIVE",
    hardware: hardware(last),
    starts: epochSeconds(NOW - 100),
    ends: epochSeconds(ends),
    cltt: epochSeconds(NOW - 100),
  },
});
const row = (last: number, over: Partial<CurrentRow> = {}): CurrentRow => ({
  ...{ address: IP, status: "ACTIVE", client: `m:1:02000000000${last}`, startsMillis: 0, expiresMillis: (NOW + 600) * 1000 },
  ...{ potentialMillis: 0, hostname: undefined, reserved: false, server: "A", ...over },
});

/** What is told again where this server has `lease` and the ledger `rows`: status and client. */
function told(
  lease: Lease,
  rows: readonly CurrentRow[],
  over: { readonly isAlone?: boolean; readonly pending?: boolean; readonly pool?: number } = {},
) {
  const view = { all: () => [lease], poolOf: () => (over.pool ?? 1) as PoolId } as unknown as LeaseView;
  const relationship = { poolIds: new Set([1]) } as unknown as Relationship;
  const pending = new Set(over.pending === true ? [IP as number] : []);
  const events = lackingInLedger({ server: "A", rows, relationship, view, pending, at, epoch: 7, isAlone: over.isAlone ?? false });
  expect(events.every(({ epoch, fromPartner, address: of }) => epoch === 7 && !fromPartner && of === IP)).toBe(true);
  return events.map(({ status, client }) => `${status} ${client}`);
}
const ONE = "m:1:020000000001";
const TWO = "m:1:020000000002";

describe("what a restored ledger lacks", () => {
  test("a lease that it does not have, or with another end, and none that it has as it is", () => {
    expect(told(held(1), [])).toEqual([`ACTIVE ${ONE}`]);
    expect(told(held(1), [row(1, { expiresMillis: (NOW + 60) * 1000 })])).toEqual([`ACTIVE ${ONE}`]);
    expect(told(held(1), [row(1, { expiresMillis: (NOW - 60) * 1000 })])).toEqual([`ACTIVE ${ONE}`]);
    expect(told(held(1), [row(1)])).toEqual([]);
    expect(told(held(1, NOW - 1), [])).toEqual([]);
  });

  test("an end, of whoever has the address there, and before another's lease", () => {
    expect(told({ ...neverUsed(IP) }, [row(1)])).toEqual([`EXPIRED ${ONE}`]);
    expect(told(held(2), [row(1)])).toEqual([`EXPIRED ${ONE}`, `ACTIVE ${TWO}`]);
    expect(told(held(2), [row(1, { expiresMillis: NOW * 1000 })])).toEqual([`ACTIVE ${TWO}`]);
    expect(told({ ...neverUsed(IP) }, [row(1, { status: "RELEASED" })])).toEqual([]);
  });

  test("an address that is to be left alone", () => {
    const abandoned: Lease = { ...neverUsed(IP), status: "ABANDONED", ends: epochSeconds(NOW + 600) };
    expect(told(abandoned, [])).toEqual(["ABANDONED "]);
    expect(told(abandoned, [row(1)])).toEqual([`EXPIRED ${ONE}`, "ABANDONED "]);
    expect(told(abandoned, [row(1, { status: "ABANDONED" })])).toEqual([]);
  });

  test("nothing that is the partner's to tell, is on its way already, or belongs to another pair", () => {
    expect(told(held(2), [row(1, { server: "B" })])).toEqual([]);
    expect(told(held(2), [row(1, { server: "B" })], { isAlone: true })).toEqual([`EXPIRED ${ONE}`, `ACTIVE ${TWO}`]);
    expect(told(held(1), [], { pending: true })).toEqual([]);
    expect(told(held(1), [], { pool: 2 })).toEqual([]);
  });
});
