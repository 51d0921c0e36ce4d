import { beforeEach, expect, test } from "vitest";
import { addressKey, curPartition } from "../../../cloud/contract/tables.ts";
import { certaintyOf } from "../../../cloud/domain/certainty.ts";
import { siteKey } from "../../../edge-agent/agent/ledger.ts";
import { decodeEvent } from "../../../edge-agent/ledger/binding-event.ts";
import { type LedgerSite, siteInNormal } from "../../support/ledger-site.ts";
import { SITE, START } from "../../support/ledger-site-cloud.ts";

let site: LedgerSite;
const clock = () => (START + site.millis / 1000) * 1000;
const events = (rows: ReturnType<LedgerSite["copy"]>) =>
  rows.filter(({ t }) => t === "H").map(({ srv, seq, a, st }) => `${srv} ${seq} ${a} ${st}`);

beforeEach(async () => {
  site = await siteInNormal();
});

test("a pair serves on while its restored ledger waits, and hands in what it lacks when it is settled", async () => {
  const copy = site.copy();
  expect(await site.dora(site.A, 1)).toBeDefined();
  expect(await site.dora(site.B, 2)).toBeDefined();
  await site.pass(30);
  const lost = events(site.copy());
  expect(lost.length).toBeGreaterThan(events(copy).length);
  await site.restore(copy);
  await site.pass(40);
  expect([site.A.site?.core.phase, site.B.site?.core.phase]).toEqual(["told", "told"]);
  expect(await site.dora(site.A, 3)).toBeDefined();
  await site.pass(300);
  // the partner's answers give the right to serve all the while
  expect(await site.dora(site.B, 4)).toBeDefined();
  expect(events(site.copy())).toEqual(events(copy));
  expect(await site.settleRestored()).toBe("done");
  await site.pass(60);
  expect([site.A.failoverState, site.B.failoverState, site.A.mode, site.B.mode]).toEqual(["NORMAL", "NORMAL", "PAIR", "PAIR"]);
  expect(events(site.copy())).toEqual(expect.arrayContaining(lost));
  expect(events(site.copy()).filter((text) => text.endsWith("ACTIVE"))).toHaveLength(4);
  const { servers } = await site.snapshot();
  expect([servers.A.gaps, servers.B.gaps]).toEqual([[], []]);
  expect([...site.A.log, ...site.B.log].filter((line) => line.includes("RECOVER"))).toEqual([]);
});

test("an order to be alone is answered while the ledger waits, as when it is out of reach", async () => {
  await site.restore(site.copy());
  await site.pass(40);
  expect(site.A.site?.core.phase).toBe("told");
  expect(await site.order(site.A, { verb: "partner-down" })).toMatchObject({ ok: false });
  expect(site.A.mode).toBe("PAIR");
});

test("who was alone goes on alone after a restart, enters PARTNER-DOWN no second time, and its partner is down", async () => {
  const copy = site.copy();
  site.kill(site.B);
  await site.pass(120);
  expect(await site.grant("A")).toEqual({ outcome: "done" });
  await site.pass(30);
  expect([site.A.mode, site.A.failoverState]).toEqual(["SOLE", "PARTNER-DOWN"]);
  await site.restore(copy);
  site.kill(site.A);
  site.boot(site.A);
  site.linkCut = true;
  site.boot(site.B);
  await site.pass(60);
  expect([site.A.site?.core.phase, site.B.site?.core.phase]).toEqual(["told", "told"]);
  expect(await site.dora(site.B, 5)).toBeUndefined();
  expect(await site.settleRestored()).toBe("done");
  await site.pass(30);
  expect([site.A.mode, site.A.failoverState, site.B.mode]).toEqual(["SOLE", "PARTNER-DOWN", "DOWN"]);
  expect(site.A.site?.entered).toBe(1_000_001);
  expect(await site.dora(site.A, 6)).toBeDefined();
  site.linkCut = false;
  await site.pass(400);
  expect([site.A.failoverState, site.B.failoverState, site.A.mode, site.B.mode]).toEqual(["NORMAL", "NORMAL", "PAIR", "PAIR"]);
});

/** The status of an address as the ledger has it. */
const current = (ip: string) => site.copy().find(({ pk, sk }) => pk === curPartition(SITE) && sk === addressKey(ip))?.["st"];

test("what the outbox has dropped and the ledger lost is a gap in the history, and who has an address is told again", async () => {
  const copy = site.copy();
  const kept = (await site.dora(site.B, 1)) ?? "";
  await site.pass(20);
  // the first lease is as short as MCLT
  expect((await site.again(site.B, 1, kept))?.seconds).toBe(600);
  await site.pass(40);
  expect(current(kept)).toBe("ACTIVE");
  const droppedAt = clock();
  expect(await site.dora(site.B, 2)).toBeDefined();
  await site.pass(30);
  site.kill(site.B);
  // a week later: the first of the two is in the outbox no more
  const { outbox, records } = site.B.disk;
  const known = JSON.parse(new TextDecoder().decode(records.get(siteKey("lab")))) as { ack: number };
  const first = [...outbox.entries()].flatMap(([key, { value }]) => ((decodeEvent(value)?.ts ?? 0) < droppedAt ? [key] : []));
  for (const key of first) outbox.delete(key);
  records.set(siteKey("lab"), new TextEncoder().encode(JSON.stringify({ ...known, trimmed: first.length })));
  await site.restore(copy);
  site.boot(site.B);
  await site.pass(60);
  // killed before it has told, for it does not know its partner's leases of today: it remembers that it is to
  site.linkCut = true;
  await site.pass(100);
  expect(await site.settleRestored()).toBe("done");
  await site.pass(20);
  expect([site.B.site?.core.phase, site.B.site?.core.compares]).toEqual(["running", true]);
  expect(current(kept)).toBeUndefined();
  site.kill(site.B);
  site.linkCut = false;
  site.boot(site.B);
  await site.pass(90);
  expect(current(kept)).toBe("ACTIVE");
  const read = await site.snapshot();
  expect(read.servers.B.gaps).toHaveLength(1);
  expect(read.servers.B.gaps[0]?.to).toBeGreaterThanOrEqual(droppedAt);
  const about = certaintyOf({ ...read, ctl: { ...read.ctl, reg: 0 } }, { from: droppedAt - 30_000, to: droppedAt - 30_000 }, 0, clock());
  expect(about).toMatchObject({ level: "incomplete", statement: expect.stringContaining("the ledger what it had dropped") });
  expect(site.B.site?.outbox.ack).toBe(site.B.site?.outbox.lastSeq);
  expect([site.B.site?.core.compares, site.A.site?.core.compares]).toEqual([false, false]);
});
