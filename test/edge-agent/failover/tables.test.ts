import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAcceptable, oursWins } from "../../../edge-agent/failover/binding/acceptance.ts";
import { emptyQueue, forgetUpdate, markForTransfer, queueUpdate, requeueUnacked } from "../../../edge-agent/failover/binding/queue.ts";
import { Reclaim } from "../../../edge-agent/failover/binding/reclaim.ts";
import { endpointRecords, readEndpoint } from "../../../edge-agent/failover/endpoint/state.ts";
import { COLUMNS, ON_LINK_LOST, ON_PARTNER_STATE, reactionTo } from "../../../edge-agent/failover/endpoint/transitions.ts";
import { grantable, potentialExpiry, reusableAt } from "../../../edge-agent/failover/lease-times.ts";
import { PERMISSIONS } from "../../../edge-agent/failover/permissions.ts";
import { neverUsed } from "../../../edge-agent/leases/lease.ts";
import type { Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import { type EpochSeconds, epochSeconds, INFINITE, NEVER, NO_TIME, seconds } from "../../../edge-agent/values/time.ts";

describe("states", () => {
  test("every state has a cell for every partner's state", () => {
    for (const state of COLUMNS) {
      expect(ON_PARTNER_STATE[state]).toHaveLength(COLUMNS.length);
      expect(ON_LINK_LOST[state]).toBeDefined();
      expect(PERMISSIONS[state]).toBeDefined();
    }
  });
  test("the regular ways to NORMAL", () => {
    expect(reactionTo("RECOVER-DONE", "NORMAL", false)).toBe("NORMAL");
    expect(reactionTo("RECOVER-DONE", "RECOVER-DONE", false)).toBe("NORMAL");
    expect(reactionTo("COMMUNICATIONS-INTERRUPTED", "NORMAL", true)).toBe("NORMAL");
    expect(reactionTo("PARTNER-DOWN", "RECOVER-DONE", false)).toBe("NORMAL");
    expect(reactionTo("CONFLICT-DONE", "NORMAL", false)).toBe("NORMAL");
  });
  test("NORMAL and then PARTNER-DOWN: recover after a start, resolve while running", () => {
    expect(reactionTo("NORMAL", "PARTNER-DOWN", true)).toBe("RECOVER");
    expect(reactionTo("NORMAL", "PARTNER-DOWN", false)).toBe("POTENTIAL-CONFLICT");
  });
  test("nobody is pushed into PARTNER-DOWN but by a SHUTDOWN", () => {
    for (const state of COLUMNS) {
      for (const partner of COLUMNS) if (partner !== "SHUTDOWN") expect(reactionTo(state, partner, false)).not.toBe("PARTNER-DOWN");
    }
  });
  test("records survive, and dhcpd's are read without ours", () => {
    const known = {
      state: "PARTNER-DOWN",
      since: epochSeconds(7),
      partner: "UNKNOWN",
      partnerSince: NO_TIME,
      partnerLastAlive: epochSeconds(3),
      mclt: seconds(20),
      hba: Uint8Array.from({ length: 32 }, (_, index) => index),
      partnerIsTandem: true,
      storeIntact: false,
      isOld: true,
    } as const;
    const records = new Map<string, Uint8Array>();
    for (const former of [0, 3600]) {
      for (const hba of [undefined, known.hba]) {
        const stored = { ...known, formerMclt: seconds(former), hba };
        for (const { key, value } of endpointRecords("a", stored)) records.set(key, value);
        expect(readEndpoint("a", (key) => records.get(key))).toEqual(stored);
      }
    }
    records.delete("failover-private/a");
    expect(readEndpoint("a", (key) => records.get(key))).toMatchObject({
      state: "PARTNER-DOWN",
      partnerLastAlive: 7,
      partnerIsTandem: false,
    });
    expect(readEndpoint("a", () => Uint8Array.of(1, 2, 3))).toBeUndefined();
    expect(readEndpoint("b", (key) => records.get(key))).toBeUndefined();
  });
});

describe("updates", () => {
  const now = epochSeconds(1000);
  const transition = { isPrimary: false, isNormal: true, ends: epochSeconds(990), theirPotentialExpiry: NO_TIME, now };
  test("in NORMAL the primary believes the end of its ACTIVE lease only by release or decline", () => {
    for (const theirs of ["FREE", "EXPIRED", "RESET", "BACKUP"] as const) {
      expect(isAcceptable({ ...transition, mine: "ACTIVE", theirs, isPrimary: true })).toBe(false);
    }
    expect(isAcceptable({ ...transition, mine: "ACTIVE", theirs: "RELEASED", isPrimary: true })).toBe(true);
  });
  test("an EXPIRED comes too early, but for 65 seconds of clock", () => {
    expect(isAcceptable({ ...transition, mine: "ACTIVE", theirs: "EXPIRED", ends: epochSeconds(1065) })).toBe(true);
    expect(isAcceptable({ ...transition, mine: "ACTIVE", theirs: "EXPIRED", ends: epochSeconds(1066) })).toBe(false);
  });
  test("a gift whose last promise is a little ahead of our clock is taken, one that promises more is not", () => {
    for (const theirs of ["FREE", "BACKUP"] as const) {
      expect(isAcceptable({ ...transition, mine: "ACTIVE", theirs, theirPotentialExpiry: epochSeconds(1065) })).toBe(true);
      expect(isAcceptable({ ...transition, mine: "ACTIVE", theirs, theirPotentialExpiry: epochSeconds(1066) })).toBe(false);
    }
  });
  test("out of NORMAL a lease in use is never just FREE", () => {
    for (const theirs of ["FREE", "BACKUP"] as const)
      expect(isAcceptable({ ...transition, isNormal: false, mine: "ACTIVE", theirs })).toBe(false);
  });
  test("duels: one of the two wins, never both, never none", () => {
    const statuses = ["FREE", "ACTIVE", "EXPIRED", "RELEASED", "ABANDONED", "RESET", "BACKUP"] as const;
    fc.assert(
      fc.property(fc.constantFrom(...statuses), fc.constantFrom(...statuses), fc.nat(2), fc.nat(2), (a, b, x, y) => {
        const ours = { status: a, cltt: x as EpochSeconds };
        const theirs = { status: b, cltt: y as EpochSeconds };
        expect(oursWins(ours, theirs, true)).toBe(!oursWins(theirs, ours, false));
      }),
    );
  });
  test("the queue holds each address once, first in first out, and counts what a transfer still needs", () => {
    const queue = emptyQueue();
    const [a, b, c] = [1, 2, 3] as unknown as [Ipv4Address, Ipv4Address, Ipv4Address];
    for (const address of [a, b, a]) queueUpdate(queue, address);
    markForTransfer(queue, 1);
    queueUpdate(queue, c, 1);
    queueUpdate(queue, c);
    expect([...queue.waiting.keys()]).toEqual([a, b, c]);
    expect(queue.transferLeft).toBe(3);
    queue.waiting.delete(a);
    queue.unacked.set(a, { xid: 1, status: "FREE", cltt: NO_TIME, potentialExpiry: NO_TIME, transfer: 1, isVoid: false });
    requeueUnacked(queue);
    expect([...queue.waiting.keys()]).toEqual([a, b, c]);
    for (const address of [a, b, c]) forgetUpdate(queue, address);
    expect(queue.transferLeft).toBe(0);
  });
  test("reclaimed addresses come in order of their time", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 60 }), (times) => {
        const heap = new Reclaim();
        for (const [index, time] of times.entries()) heap.add(index as Ipv4Address, epochSeconds(time));
        const taken: number[] = [];
        for (let next = heap.take(NEVER); next !== undefined; next = heap.take(NEVER)) taken.push(times[next] ?? -1);
        expect(taken).toEqual([...times].sort((left, right) => left - right));
      }),
    );
  });
  test("an address that ends again and again waits once, for the earliest of its times", () => {
    const heap = new Reclaim();
    const [a, b] = [1, 2] as unknown as [Ipv4Address, Ipv4Address];
    for (let time = 100; time < 200; time += 1) heap.add(a, epochSeconds(time));
    heap.add(b, epochSeconds(150));
    heap.add(b, epochSeconds(90));
    expect(heap.size).toBeLessThanOrEqual(3);
    const taken = [epochSeconds(89), NEVER, epochSeconds(99), NEVER, NEVER].map((now) => heap.take(now));
    expect(taken).toEqual([undefined, b, undefined, a, undefined]);
    heap.add(b, epochSeconds(150));
    expect(heap.take(epochSeconds(150))).toBe(b);
    expect(heap.take(NEVER)).toBeUndefined();
  });
});

describe("lease times (failover-12 §5.2.1)", () => {
  const MCLT = seconds(20);
  const held = (tsfp: number) => ({
    ...neverUsed(1 as Ipv4Address),
    failover: { tstp: epochSeconds(tsfp), tsfp: epochSeconds(tsfp), atsfp: NO_TIME, owed: false, rewindStatus: "ACTIVE" as const },
  });
  test("as dhcpd gave them: MCLT first, potential expiry at want plus half, the whole at the first renewal", () => {
    expect(grantable(undefined, seconds(120), MCLT, epochSeconds(1000))).toBe(20);
    expect(potentialExpiry(epochSeconds(1000), epochSeconds(1020), seconds(120))).toBe(1130);
    expect(grantable(held(1130), seconds(120), MCLT, epochSeconds(1010))).toBe(120);
    expect(potentialExpiry(epochSeconds(1010), epochSeconds(1130), seconds(120))).toBe(1190);
  });
  test("no lease ever ends later than MCLT after what the partner has agreed to", () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), fc.nat(10_000), (tsfp, now, want) => {
        const given = grantable(held(tsfp), seconds(want), MCLT, epochSeconds(now));
        expect(now + given).toBeLessThanOrEqual(Math.max(tsfp, now) + MCLT);
        expect(given).toBeLessThanOrEqual(want);
      }),
    );
  });
  test("what was agreed counts no further than what was announced since", () => {
    const lowered = { ...held(1500), failover: { ...held(1500).failover, tstp: epochSeconds(1030) } };
    expect(grantable(lowered, seconds(120), MCLT, epochSeconds(1010))).toBe(40);
    expect(grantable({ ...held(1500), status: "RELEASED", ends: epochSeconds(1005) }, seconds(120), MCLT, epochSeconds(1010))).toBe(20);
  });
  test("an infinite lease is given when the partner has agreed to one", () => {
    expect(grantable({ ...held(0), failover: { ...held(0).failover, tstp: NEVER, tsfp: NEVER } }, INFINITE, MCLT, epochSeconds(1000))).toBe(
      INFINITE,
    );
    expect(grantable(held(1130), INFINITE, MCLT, epochSeconds(1010))).toBe(140);
    expect(potentialExpiry(epochSeconds(1), epochSeconds(21), INFINITE)).toBe(NEVER);
  });
  test("§9.4.2 in PARTNER-DOWN a lease that the partner knows waits for everything ever promised, and MCLT", () => {
    const lease = { ...held(1500), ends: epochSeconds(1100) };
    expect(reusableAt({ ...lease, failover: { ...lease.failover, tstp: epochSeconds(1700) } }, epochSeconds(1000), MCLT)).toBe(1720);
    expect(reusableAt(lease, epochSeconds(1600), MCLT)).toBe(1620);
    expect(reusableAt({ ...lease, failover: { ...lease.failover, rewindStatus: "FREE" } }, epochSeconds(1600), MCLT)).toBe(1100);
  });
});
