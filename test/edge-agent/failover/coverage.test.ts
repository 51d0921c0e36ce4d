import fc from "fast-check";
import { expect, test } from "vitest";
import { type Coverage, coverageOf, decodeCoverage, encodeCoverage, leavePartners } from "../../../edge-agent/failover/coverage.ts";
import type { RelationshipConfig } from "../../../edge-agent/failover/relationship.ts";
import { Turn } from "../../../edge-agent/failover/turn.ts";
import { type Lease, neverUsed } from "../../../edge-agent/leases/lease.ts";
import { epochSeconds, monotonicMillis, NO_TIME } from "../../../edge-agent/values/time.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { address, peer } from "./pair.ts";

const range = (first: string, last: string) => ({ first: address(first), last: address(last) });
const NOW = epochSeconds(1_795_000_000);
const HORIZON = epochSeconds(NOW + 900);

function config(name: string, id: number, first: string, last: string): RelationshipConfig {
  return { peer: peer("primary", { name }), pools: [{ id, ranges: [range(first, last)], sharedNetwork: 0, networkName: "n" }] };
}

/** A lease that the partner has agreed to. */
const agreed = (where: string, changes: Partial<Lease>): Lease => ({
  ...neverUsed(address(where)),
  failover: { tstp: HORIZON, tsfp: HORIZON, atsfp: HORIZON, owed: false, rewindStatus: changes.status ?? "FREE" },
  ...changes,
});

test("what is on record comes back; garbage is no coverage", () => {
  const known: Coverage = [
    { name: "lab", ranges: [range("10.0.0.1", "10.0.0.9"), range("255.255.255.250", "255.255.255.254")] },
    { name: 'q "ü"', ranges: [] },
  ];
  expect(decodeCoverage(encodeCoverage(known))).toEqual(known);
  expect(decodeCoverage(undefined)).toEqual([]);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      (bytes) => {
        for (const { name, ranges } of decodeCoverage(bytes)) expect([typeof name, Array.isArray(ranges)]).toEqual(["string", true]);
      },
    ),
  );
});

test("addresses that come to another relationship are owed to its partner, who has agreed to nothing; a share of the former one's is free", () => {
  const store = new MemoryStore();
  const [left, stays] = ["10.0.0.1", "10.0.1.1"];
  const ends = epochSeconds(NOW + 60);
  store.layout([
    { id: 0, ranges: [range(left, "10.0.0.9")] },
    { id: 1, ranges: [range(stays, "10.0.1.9")] },
  ]);
  const leases = [
    agreed(left, { status: "ACTIVE", ends }),
    agreed("10.0.0.2", { status: "BACKUP" }),
    agreed("10.0.0.3", { status: "EXPIRED", ends: epochSeconds(NOW - 5) }),
    agreed(stays, { status: "ACTIVE", ends }),
    agreed("10.0.1.2", { status: "BACKUP" }),
  ];
  store.apply(leases.map((lease) => ({ kind: "lease", lease })));
  const before = coverageOf([config("lab", 0, left, "10.0.0.9"), config("b", 1, stays, "10.0.1.9")]);
  const pools = [config("b", 0, left, "10.0.0.9"), config("b", 1, stays, "10.0.1.9")].flatMap((each) => each.pools);
  const now = [{ ...config("b", 0, left, "10.0.0.9"), pools }];
  const turn = new Turn({ now: NOW, monotonic: monotonicMillis(0), wallOffset: 0 }, store.view, () => 0);
  leavePartners(turn, before, now, { alone: new Set(), record: (key) => store.record(key) });
  store.apply(turn.writes());
  const found = (where: string) => store.view.get(address(where));
  expect(found(left)).toMatchObject({ status: "ACTIVE", ends, failover: undefined });
  expect(found("10.0.0.2")).toMatchObject({ status: "FREE", failover: { owed: true, tsfp: NO_TIME, rewindStatus: "FREE" } });
  expect(found("10.0.0.3")).toMatchObject({ status: "FREE", failover: undefined });
  for (const kept of leases.slice(3)) expect(store.view.get(kept.address)).toEqual(kept);
});
