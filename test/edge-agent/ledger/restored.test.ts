import { beforeEach, describe, expect, test } from "vitest";
import { bootWrite } from "../../../cloud/contract/agent-expressions.ts";
import type { Item } from "../../../cloud/contract/expression.ts";
import { put } from "../../../cloud/contract/expression.ts";
import { generationOf as contractGenerationOf, EPOCHS_IN_GENERATION } from "../../../cloud/contract/generation.ts";
import { restoredWrites, type Settlement, settleWrites } from "../../../cloud/contract/restore-expressions.ts";
import { ctlKey, srvKey } from "../../../cloud/contract/tables.ts";
import { settlementOf } from "../../../cloud/domain/settlement.ts";
import { isRefused } from "../../../cloud/handlers/shared/site.ts";
import { generationOf, goesOn, incarnationIn } from "../../../edge-agent/ledger/restored.ts";
import { onLedgerAnswer } from "../../../edge-agent/ledger/site.ts";
import { startCalls } from "../../../edge-agent/ledger/site-calls.ts";
import { Agent, event, freshSite, grant, rig, run, SITE, snapshot, WALL } from "./site-rig.ts";

beforeEach(freshSite);

let acts = 0;
const act = () => ({ id: `act-${acts++}`, at: WALL, by: "test", note: "" });
const KEYS = [ctlKey(SITE), srvKey(SITE, "A"), srvKey(SITE, "B")];
const rows = async (): Promise<readonly Item[]> => (await Promise.all(KEYS.map((key) => rig.ledger.get(key)))).map((row) => row!);

/** The table is as it was when `copy` was made, and an operator says so. */
async function restore(copy: readonly Item[], generation = 1) {
  for (const row of copy) await rig.ledger.write(put(row as Parameters<typeof put>[0]));
  expect((await rig.ledger.transact(restoredWrites(await snapshot(), generation, act()))).kind).toBe("done");
}
async function settle(word?: Settlement) {
  const read = await snapshot();
  const settlement = word ?? settlementOf(read);
  if (isRefused(settlement)) return settlement.detail;
  return (await rig.ledger.transact(settleWrites(read, settlement, act()))).kind;
}
const kinds = (agent: Agent) => agent.happenings.map(({ kind }) => kind).filter((kind) => kind !== "log" && kind !== "remember");
async function pair() {
  const agents = [new Agent("A"), new Agent("B")] as const;
  await run(agents, 30_000);
  for (const { happenings } of agents) happenings.splice(0);
  return agents;
}
/** A dies, and B is granted PARTNER-DOWN after the copy was made. */
async function aloneAfterCopy() {
  const [a, b] = await pair();
  const copy = await rows();
  b.interrupted = true;
  await run([b], 120_000);
  expect(await grant("B")).toBe("done");
  await run([b], 10_000);
  expect(b.state.standing).toMatchObject({ epoch: 2, mode: "SOLE" });
  return { a, b, copy };
}
const known = ({ state }: Agent) => ({ ...state.standing, nextClaim: state.nextClaim, boots: state.boots });

test("the core counts generations as the contract does", () => {
  for (const epoch of [1, EPOCHS_IN_GENERATION - 1, EPOCHS_IN_GENERATION, 7 * EPOCHS_IN_GENERATION + 1])
    expect(generationOf(epoch)).toBe(contractGenerationOf(epoch));
});

describe("B alone, and the table restored to before that", () => {
  test("without the act, A would believe that it is one of a pair; with it, A serves nobody new", async () => {
    const { a, b, copy } = await aloneAfterCopy();
    for (const row of copy) await rig.ledger.write(put(row as Parameters<typeof put>[0]));
    const fooled = new Agent("A", "boot-A2", known(a));
    await run([fooled], 20_000);
    expect([fooled.service, b.service]).toEqual(["full", "full"]);

    await restore(copy);
    const again = new Agent("A", "boot-A3", known(a));
    await run([again, b], 20_000);
    expect([again.state.phase, again.service]).toEqual(["told", "run-down"]);
    expect([b.state.phase, b.service, b.state.standing.mode]).toEqual(["told", "full", "SOLE"]);
  });

  test("both tell, B goes on where it was, and A is down", async () => {
    const { a, b, copy } = await aloneAfterCopy();
    await restore(copy);
    const again = new Agent("A", "boot-A2", known(a));
    b.happenings.splice(0);
    await run([again, b], 20_000);
    const { grant } = b.state;
    expect((await snapshot()).servers).toMatchObject({ A: { was: { ep: 1, mode: "PAIR" } }, B: { was: { ep: 2, mode: "SOLE" } } });
    expect(await settle()).toBe("done");
    await run([again, b], 20_000);
    expect(kinds(b)).toEqual(["continued"]);
    expect(b.state.grant).toEqual({ ...grant, epoch: 1_000_001 });
    expect([b.state.phase, b.service]).toEqual(["running", "full"]);
    expect(kinds(again)).toEqual(["fenced"]);
    expect([again.state.standing.mode, again.service]).toEqual(["DOWN", "none"]);
  });

  test("until it is settled B asks for nothing of A's share, and asks for it in the new epoch then", async () => {
    const { b, copy } = await aloneAfterCopy();
    await restore(copy);
    b.state = {
      ...b.state,
      claims: [{ entry: { seq: 1_000_000_000, event: event(1, "m:1:aa", { epoch: 2 }) }, wallMillis: WALL, asked: true }],
    };
    await run([b], 60_000);
    expect(b.state.claims).toMatchObject([{ asked: false }]);
    expect(await settle({ sole: "B", from: 2, basis: "attested" })).toBe("done");
    await run([b], 10_000);
    expect(b.happenings.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
    expect(await rig.ledger.get({ pk: `S#${SITE}#L`, sk: "00000001" })).toMatchObject({ ep: 1_000_001 });
  });
});

describe("a pair", () => {
  test("serves on by its leases while the site waits, hands nothing in, and goes on when it is settled", async () => {
    const [a, b] = await pair();
    const copy = await rows();
    a.outbox = [{ seq: 1, event: event(1, "m:1:aa") }];
    await run([a, b], 25_000);
    expect(a.state.ack).toBe(1);
    await restore(copy);
    a.outbox = [
      { seq: 1, event: event(1, "m:1:aa") },
      { seq: 2, event: event(2, "m:1:bb") },
    ];
    await run([a, b], 30_000);
    expect([a.state.phase, a.state.reachable, a.state.ack, a.service]).toEqual(["told", false, 0, "full"]);
    await run([a, b], 40_000);
    expect([a.service, b.service]).toEqual(["run-down", "run-down"]);
    expect(await settle()).toBe("done");
    for (const { happenings } of [a, b]) happenings.splice(0);
    await run([a, b], 30_000);
    expect([a.service, b.service]).toEqual(["full", "full"]);
    expect([kinds(a), kinds(b)]).toEqual([["continued", "mirrored"], ["continued"]]);
    expect((await snapshot()).servers.A.ack).toBe(2);
  });

  test("one that missed the last epoch of the lost ledger was passed over", async () => {
    const [a, b] = await pair();
    await restore(await rows());
    b.state = { ...b.state, standing: { ...b.state.standing, epoch: 3 } };
    await run([a, b], 25_000);
    expect(await settle()).toBe("done");
    await run([a, b], 25_000);
    expect([kinds(a), kinds(b)]).toEqual([["passed-over"], ["continued"]]);
  });

  test("what was settled long ago, and switched since, is nobody's own standing any more", async () => {
    const [a] = await pair();
    const row = { epoch: 1_000_003, mode: "PAIR", boot: "b", heartbeat: 1, ack: 0, leaseMillis: 1, continues: 1, clockSteps: [] } as const;
    expect(goesOn(a.state, row)).toBe(false);
    expect(goesOn(a.state, { ...row, epoch: 1_000_001 })).toBe(true);
    expect(goesOn(a.state, { ...row, epoch: 1_000_001, mode: "DOWN" })).toBe(false);
  });

  test("the silence of a counter is counted anew: it may come to the same number again", async () => {
    const [a, b] = await pair();
    b.interrupted = true;
    await run([a, b], 30_000);
    expect(b.state.evidence.counter).toBeDefined();
    await restore(await rows());
    await run([a, b], 25_000);
    expect(b.state.evidence.counter).toBeUndefined();
    expect((await snapshot()).servers.B).toMatchObject({ oHb: -1, oMs: 0 });
  });

  test("the row names a lease as long as the one that may run: evidence against its holder waits for that", async () => {
    const [a, b] = await pair();
    // this one's own setting is longer than the site was registered with
    a.state = { ...a.state, config: { ...a.state.config, leaseMillis: 120_000 } };
    await restore((await rows()).map((row) => ("lm" in row ? { ...row, lm: 0 } : row)));
    expect((await snapshot()).servers).toMatchObject({ A: { lm: 60_000 }, B: { lm: 60_000 } });
    await run([a, b], 25_000);
    expect((await snapshot()).servers).toMatchObject({ A: { lm: 120_000 }, B: { lm: 60_000 } });
  });

  test("a generation that is older than what a server knows is not believed, and another one is", async () => {
    const [a, b] = await pair();
    const copy = await rows();
    await restore(copy);
    await run([a, b], 25_000);
    expect(await settle()).toBe("done");
    await run([a, b], 30_000);
    await restore(copy);
    await run([a, b], 30_000);
    expect([a.state.phase, a.state.standing.epoch, a.state.reachable]).toEqual(["running", 1_000_001, false]);
    await restore(copy, 2);
    await run([a, b], 30_000);
    expect(await settle()).toBe("done");
    await run([a, b], 30_000);
    expect([a.state.standing.epoch, b.state.standing.epoch]).toEqual([2_000_001, 2_000_001]);
    expect([kinds(a), kinds(b)]).toEqual([
      ["continued", "continued"],
      ["continued", "continued"],
    ]);
  });
});

describe("who speaks for a server", () => {
  test("one that was let in before stops when another process has told in its name; one on another machine waits", async () => {
    const [a] = await pair();
    await restore(await rows());
    const other = new Agent("A", "boot-elsewhere");
    await run([other], 5_000);
    expect(other.state.phase).toBe("told");
    expect(other.state.lease.restUntil).toBeGreaterThan(rig.now);
    await run([a], 30_000);
    expect([a.state.phase, a.service]).toEqual(["stopped", "none"]);
  });

  test("one that has told stops, too, when another process tells after it", async () => {
    const [a] = await pair();
    await restore(await rows());
    await run([a], 25_000);
    expect(a.state.phase).toBe("told");
    await run([new Agent("A", "boot-elsewhere")], 5_000);
    await run([a], 10_000);
    expect([a.state.phase, a.service]).toEqual(["stopped", "none"]);
  });

  test("a gap that was told is told once", async () => {
    const read = (await snapshot()).servers.A;
    const told = { ...read, gaps: [{ from: 1, to: 2 }] };
    expect(JSON.stringify(bootWrite(told, "b", { from: 1, to: 2 }))).not.toContain("gaps");
    expect(JSON.stringify(bootWrite(told, "b", { from: 1, to: 3 }))).toContain('"gaps":[{"from":1,"to":2},{"from":1,"to":3}]');
  });

  test("a new disk does not overwrite what the server told before", async () => {
    const { b, copy } = await aloneAfterCopy();
    await restore(copy);
    await run([b], 10_000);
    await run([new Agent("B", "boot-B2")], 5_000);
    expect((await snapshot()).servers.B.was).toEqual({ ep: 2, mode: "SOLE" });
  });

  test("a word that settles it before a server has told is learnt from the settled row", async () => {
    const [a, b] = await pair();
    await restore(await rows());
    await run([a], 25_000);
    expect(await settle()).toContain("has not told");
    expect(await settle({ sole: "A", from: 0, basis: "attested" })).toBe("done");
    await run([a, b], 20_000);
    expect([kinds(a), kinds(b)]).toEqual([["granted", "caught-up"], ["fenced"]]);
    expect([a.service, b.service]).toEqual(["full", "none"]);
  });

  test("a server that the restored ledger has never seen tells and goes on, too", async () => {
    const never = await rows();
    const [a, b] = await pair();
    await restore(never);
    await run([a, b], 25_000);
    expect([a.state.phase, b.state.phase]).toEqual(["told", "told"]);
    expect(await settle()).toBe("done");
    await run([a, b], 25_000);
    expect([kinds(a), kinds(b)]).toEqual([["continued"], ["continued"]]);
  });

  test("a table from before this server first ran names no other process: it is not believed, and the server goes on", async () => {
    const never = await rows();
    const [a] = await pair();
    for (const row of never) await rig.ledger.write(put(row as Parameters<typeof put>[0]));
    await run([a], 25_000);
    expect([a.state.phase, a.state.reachable, a.service]).toEqual(["running", false, "full"]);
  });

  test("the incarnation of before a restore is known by its name", () => {
    expect([
      incarnationIn({ boot: "-x" }),
      incarnationIn({ boot: "x" }),
      incarnationIn({ boot: "-" }),
      incarnationIn({ boot: "--" }),
    ]).toEqual(["x", "x", "-", "-"]);
  });
});

test("an answer about data that was on its way when the ledger was restored counts for nothing", async () => {
  const [a, b] = await pair();
  const copy = await rows();
  a.outbox = [{ seq: 1, event: event(1, "m:1:aa") }];
  const around = { failoverState: "NORMAL", interrupted: false, outbox: { head: a.outbox, queued: 1 } };
  const started = startCalls(a.state, rig.now, around);
  a.state = started.state;
  const calls = started.calls.filter(({ op }) => op === "mirror");
  expect(calls).toHaveLength(1);
  const late = await a.call(calls[0]!);
  await restore(copy);
  a.outbox = [];
  await run([a, b], 25_000);
  expect(a.state.phase).toBe("told");
  const step = onLedgerAnswer(a.state, late, around, () => 0);
  expect([step.state.ack, step.happenings]).toEqual([0, []]);
});
