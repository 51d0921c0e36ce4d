import { beforeEach, expect, test } from "vitest";
import { put } from "../../../cloud/contract/expression.ts";
import { CtlItem, SrvItem } from "../../../cloud/contract/items.ts";
import { queryAll } from "../../../cloud/contract/ledger.ts";
import { clearWrites, partnerDownWrites, registerWrites, type SiteSnapshot } from "../../../cloud/contract/switch-expressions.ts";
import { ctlKey, histPartition, type ServerName, srvKey } from "../../../cloud/contract/tables.ts";
import { embeddedLedger, type Fault } from "../../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import type { BindingEvent } from "../../../edge-agent/ledger/binding-event.ts";
import type { LedgerCall, OutboxEntry } from "../../../edge-agent/ledger/calls.ts";
import { farewell } from "../../../edge-agent/ledger/farewell.ts";
import { silenceThatEnds } from "../../../edge-agent/ledger/lengths.ts";
import { serviceAt } from "../../../edge-agent/ledger/serving-lease.ts";
import { onLedgerAnswer, type SiteHappening } from "../../../edge-agent/ledger/site.ts";
import { nextCallAt, startCalls } from "../../../edge-agent/ledger/site-calls.ts";
import { doubted, type KnownStanding, newSite, type SiteState } from "../../../edge-agent/ledger/site-state.ts";
import { mayGivePeerLease, peerLeaseGiven } from "../../../edge-agent/ledger/witness.ts";
import { ledgerClient } from "../../../edge-agent/rim/ledger-client.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";
import { type MonotonicMillis, monotonicMillis } from "../../../edge-agent/values/time.ts";

const SITE = "TEST-1";
const AUTONOMY = 60_000;
const WALL = 1_800_000_000_000;

let now: MonotonicMillis;
let fault: Fault;
let ledger: ReturnType<typeof embeddedLedger>;

beforeEach(async () => {
  now = monotonicMillis(1000);
  fault = "none";
  ledger = embeddedLedger(createEmbeddedTable(), { fault: () => fault });
  const cfg = {
    mcltMs: 60_000,
    maxLeaseMs: 3_600_000,
    autonomyMs: AUTONOMY,
    names: { A: "a", B: "b" },
    pools: [],
    serials: { A: [], B: [] },
    foreign: "none" as const,
  };
  const outcome = await ledger.transact(registerWrites(SITE, cfg, { id: "r", at: 1, by: "test", note: "" }));
  expect(outcome.kind).toBe("done");
});

/** One server of the site with a virtual clock: runs its calls until nothing is due before `until`. */
class Agent {
  state: SiteState;
  interrupted = false;
  outbox: OutboxEntry[] = [];
  readonly happenings: SiteHappening[] = [];
  readonly call;

  /** Calls other than these get no answer. */
  only: "boot" | "mirror" | undefined;

  constructor(server: ServerName, boot = `boot-${server}`, known?: KnownStanding) {
    const config = {
      site: SITE,
      server,
      leaseMillis: AUTONOMY,
      mcltMillis: 60_000,
      coldStart: "run-down" as const,
      writeBudget: 0,
      partnerIsForeign: false,
    };
    this.state = newSite(config, boot, known, now);
    this.call = ledgerClient(ledger, {
      site: SITE,
      server,
      keepMillis: 0,
      version: "test",
      wallMillis: () => WALL + now,
      monotonic: () => now,
      askControlPlane: undefined,
    });
  }

  get service() {
    return serviceAt(this.state.lease, now, "run-down");
  }

  async turn() {
    const around = {
      failoverState: "NORMAL",
      interrupted: this.interrupted,
      outbox: { head: this.outbox.slice(0, 49), queued: this.outbox.length },
    };
    const started = startCalls(this.state, now, around);
    this.state = started.state;
    const calls = [...started.calls];
    for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
      const { only } = this;
      const isCut = only !== undefined && call.op !== only && call.op !== "read-self";
      if (isCut) fault = "lost-request";
      const answer = await this.call(call);
      if (isCut) fault = "none";
      const step = onLedgerAnswer(this.state, answer, around, () => 0);
      this.state = step.state;
      calls.push(...step.calls);
      this.happenings.push(...step.happenings);
      for (const happening of step.happenings) {
        if (happening.kind === "mirrored") this.outbox = this.outbox.filter(({ seq }) => seq > happening.upTo);
      }
    }
  }
}

async function run(agents: readonly Agent[], millis: number) {
  const end = now + millis;
  for (;;) {
    for (const agent of agents) await agent.turn();
    const due = agents.map((agent) => nextCallAt(agent.state, { interrupted: agent.interrupted, queued: agent.outbox.length }) ?? end);
    const next = Math.max(now + 1, Math.min(...due));
    if (next > end) break;
    now = monotonicMillis(next);
  }
  now = monotonicMillis(end);
}

async function snapshot(): Promise<SiteSnapshot> {
  const [ctl, A, B] = await Promise.all([ledger.get(ctlKey(SITE)), ledger.get(srvKey(SITE, "A")), ledger.get(srvKey(SITE, "B"))]);
  return { ctl: CtlItem.parse(ctl), servers: { A: SrvItem.parse(A), B: SrvItem.parse(B) } };
}
const grant = async (sole: ServerName) =>
  (await ledger.transact(partnerDownWrites(await snapshot(), sole, "lapsed", { id: `g${now}`, at: WALL, by: "test", note: "" }))).kind;

const event = (address: number, client: string, more: Partial<BindingEvent> = {}): BindingEvent => ({
  address: ipv4(address),
  status: "ACTIVE",
  client,
  ts: WALL + now,
  expires: WALL + now + 600_000,
  potential: WALL + now + 900_000,
  epoch: 1,
  hostname: undefined,
  fromPartner: false,
  renewal: false,
  renewals: 1,
  lastTs: WALL + now,
  ...more,
});

test("a server that starts serves nobody new before its first heartbeat succeeded, then for its lease after each", async () => {
  const a = new Agent("A");
  expect(a.service).toBe("run-down");
  await run([a], 1000);
  expect(a.service).toBe("full");
  fault = "lost-request";
  await run([a], AUTONOMY + 1000);
  expect(a.service).toBe("run-down");
  fault = "none";
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
  const cleared = await ledger.transact(clearWrites(await snapshot(), "A", "agent", { id: "c", at: WALL, by: "A", note: "" }));
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
  const row = { ...(await ledger.get(srvKey(SITE, "A"))), ...srvKey(SITE, "A"), ack: 1 };
  await ledger.write(put(row));
  a.outbox.push({ seq: 4, event: event(0x0a000004, "m:1:01") });
  await run([a], 30_000);
  expect(a.happenings).toContainEqual({ kind: "set-back", cursor: 1 });
  await ledger.write(put({ ...row, boot: "zero" }));
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
  a.state = { ...a.state, notBefore: { ...a.state.notBefore, beat: now } };
  const started = startCalls(a.state, now, { failoverState: "NORMAL", interrupted: true, outbox: { head: [], queued: 0 } });
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
  a.state = { ...a.state, evidence: peerLeaseGiven(a.state.evidence, now) };
  a.interrupted = true;
  await run([a], 20_000);
  expect(await grant("A")).toBe("refused");
  await run([a], 20_000);
  expect(await grant("A")).toBe("done");
});

test("a server that is stopped while it starts does not begin to run by the answer to its boot", async () => {
  const a = new Agent("A");
  const read = startCalls(a.state, now, { interrupted: false, failoverState: "NORMAL", outbox: { head: [], queued: 3 } });
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
  a.state = doubted(a.state, now);
  expect(a.service).toBe("run-down");
  await run([a], 10);
  expect(a.service).toBe("full");
});

test("the outbox drains in order, once each, through lost answers and throttling", async () => {
  const a = new Agent("A");
  await run([a], 1000);
  for (let seq = 1; seq <= 200; seq += 1)
    a.outbox.push({ seq, event: event(0x0a000000 + (seq % 7), `m:1:0${seq % 7}`, { ts: WALL + now + seq, lastTs: WALL + now + seq }) });
  const faults: Fault[] = ["lost-answer", "throttled", "none", "lost-request", "none"];
  for (let round = 0; round < 60; round += 1) {
    fault = faults[round % faults.length] ?? "none";
    await run([a], 7000);
  }
  expect(a.outbox).toEqual([]);
  const rows = [];
  for (let last = 0; last < 7; last += 1) {
    rows.push(...(await queryAll(ledger, { partition: histPartition(SITE, (0x0a000000 + last).toString(16).padStart(8, "0")) })));
  }
  expect(rows.map((row) => row["seq"]).sort((left, right) => Number(left) - Number(right))).toEqual(
    Array.from({ length: 200 }, (_, index) => index + 1),
  );
});
