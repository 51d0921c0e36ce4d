import { beforeEach, expect, test } from "vitest";
import { put } from "../../../cloud/contract/expression.ts";
import { queryAll } from "../../../cloud/contract/ledger.ts";
import { clearWrites } from "../../../cloud/contract/switch-expressions.ts";
import { histPartition, srvKey } from "../../../cloud/contract/tables.ts";
import type { Fault } from "../../../cloud/embedded/ledger.ts";
import type { LedgerCall } from "../../../edge-agent/ledger/calls.ts";
import { farewell } from "../../../edge-agent/ledger/farewell.ts";
import { silenceThatEnds } from "../../../edge-agent/ledger/lengths.ts";
import { onLedgerAnswer } from "../../../edge-agent/ledger/site.ts";
import { nextCallAt, startCalls } from "../../../edge-agent/ledger/site-calls.ts";
import { doubted } from "../../../edge-agent/ledger/site-state.ts";
import { mayGivePeerLease, peerLeaseGiven } from "../../../edge-agent/ledger/witness.ts";

import { Agent, AUTONOMY, event, freshSite, grant, rig, run, SITE, snapshot, WALL } from "./site-rig.ts";

beforeEach(freshSite);

test("a server that starts serves nobody new before its first heartbeat succeeded, then for its lease after each", async () => {
  const a = new Agent("A");
  expect(a.service).toBe("run-down");
  await run([a], 1000);
  expect(a.service).toBe("full");
  rig.fault = "lost-request";
  await run([a], AUTONOMY + 1000);
  expect(a.service).toBe("run-down");
  rig.fault = "none";
  await run([a], 31_000);
  expect(a.service).toBe("full");
});

test("partner-down is granted when the partner's lease is over by the survivor's clock, and not a moment before", async () => {
  const a = new Agent("A");
  const b = new Agent("B");
  await run([a, b], 30_000);
  a.interrupted = true;
  await run([a], silenceThatEnds(AUTONOMY) - 5000);
  expect(await grant("A")).toBe("refused");
  await run([a], 20_000);
  expect(await grant("A")).toBe("done");
  await run([a], 6000);
  expect(a.happenings.map(({ kind }) => kind)).toContain("granted");
  expect(a.state.standing).toMatchObject({ epoch: 2, mode: "SOLE" });
  expect(a.service).toBe("full");
  expect(b.service).toBe("run-down");
});

test("a partner that still beats is not declared down", async () => {
  const a = new Agent("A");
  const b = new Agent("B");
  a.interrupted = true;
  b.interrupted = true;
  await run([a, b], 200_000);
  expect(await grant("A")).toBe("refused");
});

test("a server that was declared down learns it at once when it starts, and serves nobody until the clear", async () => {
  const a = new Agent("A");
  await run([a, new Agent("B")], 10_000);
  a.interrupted = true;
  await run([a], 100_000);
  expect(await grant("A")).toBe("done");
  await run([a], 6000);
  const returned = new Agent("B", "second-boot");
  await run([returned], 6000);
  expect(returned.service).toBe("none");
  expect(returned.happenings.map(({ kind }) => kind)).toContain("fenced");
  const cleared = await rig.ledger.transact(clearWrites(await snapshot(), "A", "agent", { id: "c", at: WALL, by: "A", note: "" }));
  expect(cleared.kind).toBe("done");
  await run([a, returned], 30_000);
  expect(returned.happenings.map(({ kind }) => kind)).toContain("cleared");
  expect([a.service, returned.service]).toEqual(["full", "full"]);
});

test("a second process with the same name replaces the first, which stops", async () => {
  const first = new Agent("A", "one");
  await run([first], 1000);
  const second = new Agent("A", "two");
  await run([second], 1000);
  await run([first, second], 30_000);
  expect(first.service).toBe("none");
  expect(first.happenings.map(({ kind }) => kind)).toContain("replaced");
});

test("a process that cannot know that its predecessor ended (another machine, another disk) serves nobody before that one's right is over", async () => {
  const first = new Agent("A", "one");
  await run([first], 1000);
  const elsewhere = new Agent("A", "two");
  await run([elsewhere], silenceThatEnds(AUTONOMY) - 2000);
  expect(elsewhere.service).toBe("none");
  await run([elsewhere], 4000);
  expect(elsewhere.service).toBe("full");
  const here = new Agent("A", "three", { epoch: 1, mode: "PAIR", nextClaim: 1, boots: ["one", "two"] });
  await run([here], 1000);
  expect(here.service).toBe("full");
});

test("a table set back to before the last start is no other process: the server starts anew with it, and sends what it lacks", async () => {
  const known = { epoch: 1, mode: "PAIR", nextClaim: 1, boots: ["zero"] } as const;
  await run([new Agent("A", "zero")], 1000);
  const a = new Agent("A", "one", known);
  await run([a], 1000);
  for (let seq = 1; seq <= 3; seq += 1) a.outbox.push({ seq, event: event(0x0a000000 + seq, "m:1:01") });
  await run([a], 5000);
  const row = { ...(await rig.ledger.get(srvKey(SITE, "A"))), ...srvKey(SITE, "A"), ack: 1 };
  await rig.ledger.write(put(row));
  a.outbox.push({ seq: 4, event: event(0x0a000004, "m:1:01") });
  await run([a], 30_000);
  expect(a.happenings).toContainEqual({ kind: "set-back", cursor: 1 });
  await rig.ledger.write(put({ ...row, boot: "zero" }));
  await run([a], 30_000);
  expect(a.happenings.map(({ kind }) => kind)).not.toContain("replaced");
  expect(a.state.phase).toBe("running");
  expect(a.service).toBe("full");
});

test("the outbox does not lengthen a right that no heartbeat has published yet", async () => {
  const a = new Agent("A");
  a.only = "boot";
  await run([a], 1000);
  a.only = "mirror";
  a.outbox.push({ seq: 1, event: event(0x0a000001, "m:1:01") });
  await run([a], 5000);
  expect(a.outbox).toEqual([]);
  expect(a.service).toBe("run-down");
});

test("evidence binds until a heartbeat without any has succeeded, whatever is heard over the link meanwhile", async () => {
  const a = new Agent("A");
  const b = new Agent("B");
  await run([a, b], 30_000);
  a.interrupted = true;
  await run([a], 90_000);
  expect(a.state.evidence.published).toBe(true);
  // the heartbeat in question is under way when the link comes back
  a.state = { ...a.state, notBefore: { ...a.state.notBefore, beat: rig.now } };
  const started = startCalls(a.state, rig.now, { failoverState: "NORMAL", interrupted: true, outbox: { head: [], queued: 0 } });
  const beat = started.calls.find(({ op }) => op === "heartbeat");
  expect(beat).toMatchObject({ evidence: { partnerHb: expect.any(Number) } });
  a.interrupted = false;
  const answer = await a.call(beat as LedgerCall);
  const after = onLedgerAnswer(started.state, answer, { interrupted: false }, () => 0).state;
  expect(after.evidence.published).toBe(true);
  expect(mayGivePeerLease(after.evidence, "PAIR", undefined)).toBe(false);
  a.state = after;
  await run([a], 30_000);
  expect(mayGivePeerLease(a.state.evidence, "PAIR", undefined)).toBe(true);
});

test("a partner that stopped cleanly and came back without the ledger is not declared down while a partner lease may run", async () => {
  const a = new Agent("A");
  const b = new Agent("B");
  await run([a, b], 30_000);
  const { call } = farewell(b.state, { failoverState: "NORMAL", queued: 0 });
  await b.call(call as LedgerCall);
  // it lives on what A answers over the link, then the link goes
  a.state = { ...a.state, evidence: peerLeaseGiven(a.state.evidence, rig.now) };
  a.interrupted = true;
  await run([a], 20_000);
  expect(await grant("A")).toBe("refused");
  await run([a], 20_000);
  expect(await grant("A")).toBe("done");
});

test("a server that is stopped while it starts does not begin to run by the answer to its boot", async () => {
  const a = new Agent("A");
  const read = startCalls(a.state, rig.now, { interrupted: false, failoverState: "NORMAL", outbox: { head: [], queued: 3 } });
  const booting = onLedgerAnswer(read.state, await a.call(read.calls[0] as LedgerCall), { interrupted: false }, () => 0);
  expect(booting.calls).toMatchObject([{ op: "boot" }]);
  const { state: stopped } = farewell(booting.state, { failoverState: "NORMAL", queued: 3 });
  const booted = await a.call(booting.calls[0] as LedgerCall);
  expect(booted.result.outcome).toBe("booted");
  const after = onLedgerAnswer(stopped, booted, { interrupted: false }, () => 0);
  expect([after.state.phase, after.calls, after.happenings]).toEqual(["stopped", [], []]);
  // with events queued, running and not aligned it would be due at once, for ever
  expect(nextCallAt(after.state, { interrupted: false, queued: 3 })).toBeUndefined();
});

test("after a jump of the clock nobody new is served until the ledger or the partner has answered anew", async () => {
  const a = new Agent("A");
  await run([a], 1000);
  expect(a.service).toBe("full");
  a.state = doubted(a.state, rig.now);
  expect(a.service).toBe("run-down");
  await run([a], 10);
  expect(a.service).toBe("full");
});

test("the outbox drains in order, once each, through lost answers and throttling", async () => {
  const a = new Agent("A");
  await run([a], 1000);
  for (let seq = 1; seq <= 200; seq += 1)
    a.outbox.push({
      seq,
      event: event(0x0a000000 + (seq % 7), `m:1:0${seq % 7}`, { ts: WALL + rig.now + seq, lastTs: WALL + rig.now + seq }),
    });
  const faults: Fault[] = ["lost-answer", "throttled", "none", "lost-request", "none"];
  for (let round = 0; round < 60; round += 1) {
    rig.fault = faults[round % faults.length] ?? "none";
    await run([a], 7000);
  }
  expect(a.outbox).toEqual([]);
  const rows = [];
  for (let last = 0; last < 7; last += 1) {
    rows.push(...(await queryAll(rig.ledger, { partition: histPartition(SITE, (0x0a000000 + last).toString(16).padStart(8, "0")) })));
  }
  expect(rows.map((row) => row["seq"]).sort((left, right) => Number(left) - Number(right))).toEqual(
    Array.from({ length: 200 }, (_, index) => index + 1),
  );
});
