import { expect, test } from "vitest";
import { certainlyOverMs, PEER_LEASE_MS, SIGMA_MS, usableAfterMs } from "../../../cloud/contract/switch-expressions.ts";
import { ACT_MILLIS, LONGEST_PEER_LEASE_MILLIS, peerLeaseMillis, safeWait, silenceThatEnds } from "../../../edge-agent/ledger/lengths.ts";

const LEASES = [0, 1, 999, 1000, 30_000, 60_000, 61_234, 3_600_000, 86_400_000];

test("the agents and the control plane measure the end of a lease by the same arithmetic", () => {
  for (const lease of LEASES) expect(silenceThatEnds(lease), `${lease} ms`).toBe(certainlyOverMs(lease));
  expect(ACT_MILLIS).toBe(SIGMA_MS);
  expect(LONGEST_PEER_LEASE_MILLIS).toBe(PEER_LEASE_MS);
  for (const lease of LEASES) expect(peerLeaseMillis(lease)).toBeLessThanOrEqual(PEER_LEASE_MS);
  for (const mclt of LEASES) {
    expect(safeWait(mclt)).toBe(usableAfterMs(mclt, "lapsed", 3_600_000));
    expect(safeWait(mclt) + silenceThatEnds(3_600_000)).toBe(usableAfterMs(mclt, "attested", 3_600_000));
  }
});

test("a lease is over for certain when the holder's clock runs slow and the observer's fast, by one percent each, and no later than need be", () => {
  for (const lease of LEASES.filter((millis) => millis >= 1000)) {
    const holders = lease / 0.99;
    const observers = silenceThatEnds(lease) / 1.01;
    expect(observers).toBeGreaterThan(holders);
    expect(observers - holders).toBeLessThan(2001);
  }
});
