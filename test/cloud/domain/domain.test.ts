import { expect, test } from "vitest";
import { mirror } from "../../../cloud/contract/agent-calls.ts";
import type { Hist } from "../../../cloud/contract/items.ts";
import { certaintyOf } from "../../../cloud/domain/certainty.ts";
import { pairHealth } from "../../../cloud/domain/pair-health.ts";
import { overlapping, StintBuilder, stintsOf, within } from "../../../cloud/domain/stints.ts";
import { afterLook, type Limits, nextToTry, type SiteProgress, verdictOf } from "../../../cloud/domain/waves.ts";
import { embeddedLedger } from "../../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import { beat, start } from "../../support/api.ts";
import { fact, register, SITE, senderOf, siteOf, T0 } from "../../support/ledger-samples.ts";

const LIMITS: Limits = { atOnce: 2, stopAfter: 1, waitMs: 1000, settleMs: 1000 };
const row = (ts: number, client: string, over: Partial<Hist> = {}): Hist => ({
  pk: "p",
  sk: String(ts),
  v: 1,
  t: "H",
  site: "S-1",
  a: "0a000001",
  st: "ACTIVE",
  cid: client,
  ts,
  exp: ts + 100,
  srv: "A",
  seq: ts,
  ep: 1,
  ord: String(ts).padStart(9, "0"),
  ...over,
});

test("stints: renewals join, a gap or an end parts, addresses are kept apart", () => {
  const stints = stintsOf([
    row(0, "x"),
    row(50, "x"),
    row(300, "x"),
    row(350, "x", { st: "RELEASED", exp: 350 }),
    row(360, "x", { a: "0a000002", cf: 1 }),
  ]);
  expect(stints.map(({ address, from, until, renewals, ended, contested }) => [address, from, until, renewals, ended, contested])).toEqual([
    ["0a000001", 0, 150, 1, "ACTIVE", false],
    ["0a000001", 300, 350, 0, "RELEASED", false],
    ["0a000002", 360, 460, 0, "ACTIVE", true],
  ]);
  expect(within(stints, 150, 299)).toEqual([]);
});
test("a late row overlaps other clients only, and only until the next plain row", () => {
  const late = row(120, "y", { late: 1 });
  expect(overlapping(late, [row(50, "x")]).length).toBe(1);
  expect(overlapping(late, [row(50, "y")])).toEqual([]);
  expect(overlapping(late, [row(0, "x"), row(10, "x", { st: "RELEASED", exp: 10 })])).toEqual([]);
  expect(overlapping(row(120, "y", { late: 1, st: "RELEASED" }), [row(50, "x")])).toEqual([]);
});
test("health and certainty follow the servers' items", async () => {
  const ledger = embeddedLedger(createEmbeddedTable());
  await register(ledger);
  expect(pairHealth(await siteOf(ledger), T0).verdict).toBe("not-started");
  for (const server of ["A", "B"] as const) await start(ledger, server);
  expect(pairHealth(await siteOf(ledger), T0).verdict).toBe("healthy");
  expect(pairHealth(await siteOf(ledger), T0 + 200_000).verdict).toBe("silent");
  await beat(ledger, "A", { failoverState: "PARTNER-DOWN" });
  await beat(ledger, "B", { failoverState: "PARTNER-DOWN", queued: 3, oldestQueuedAt: T0 - 5000 });
  const site = await siteOf(ledger);
  expect(pairHealth(site, T0).findings).toContainEqual(expect.objectContaining({ severity: "critical", about: "pair" }));
  const old = { ...site, ctl: { ...site.ctl, reg: T0 - 9000 } };
  const sure = (from: number, to = from, contested = 0) => certaintyOf(old, { from: T0 + from, to: T0 + to }, contested, T0);
  expect(sure(-5000).level).toBe("certain");
  expect(sure(-4999)).toMatchObject({ level: "provisional", completeUntil: T0 - 5000, knownFrom: T0 - 9000 });
  expect(sure(-4999).statement).toMatch(/^Server B .*3 event\(s\) waited/);
  expect(sure(-5000, -5000, 1).level).toBe("contested");
  expect(sure(-9001)).toMatchObject({ level: "incomplete", statement: expect.stringContaining("knows of nothing before") });
  expect(sure(-9000, -4000).statement).toMatch(/the last 1 s of the time asked about are open/);
});
test("a mirror write moves a server's clock on, but not how far its word reaches; history that was deleted is not known", async () => {
  const ledger = embeddedLedger(createEmbeddedTable());
  await register(ledger);
  const row = await start(ledger, "A");
  await mirror(ledger, { ...senderOf(row), at: T0 + 60_000 }, 0, [fact(1, "m:1:aa")]);
  const site = await siteOf(ledger);
  expect(site.servers.A.at).toBe(T0 + 60_000);
  expect(certaintyOf(site, { from: T0 + 1, to: T0 + 1 }, 0, T0 + 60_000).level).toBe("provisional");
  await beat(ledger, "A", {}, SITE, T0 + 60_000);
  const told = await siteOf(ledger);
  expect(certaintyOf(told, { from: T0 + 1, to: T0 + 1 }, 0, T0 + 60_000).level).toBe("certain");
  const kept = { ...told, servers: { ...told.servers, A: { ...told.servers.A, kp: 1000 } } };
  expect(certaintyOf(kept, { from: T0 + 1, to: T0 + 1 }, 0, T0 + 60_000)).toMatchObject({ level: "incomplete", knownFrom: T0 + 59_000 });
});
test("stints are the same wherever the rows are cut in two", () => {
  const rows = [
    row(0, "x"),
    row(10, "x", { a: "0a000002" }),
    row(50, "x"),
    row(120, "x"),
    row(130, "x", { st: "RELEASED", exp: 130 }),
    row(500, "x"),
  ];
  const whole = stintsOf(rows);
  for (let cut = 0; cut <= rows.length; cut++) {
    const first = new StintBuilder();
    const before = rows.slice(0, cut).flatMap((found) => [...first.take(found)]);
    const second = new StintBuilder(first.open);
    const after = rows.slice(cut).flatMap((found) => [...second.take(found)]);
    expect([...before, ...after, ...second.end()].sort((left, right) => left.from - right.from)).toEqual(whole);
  }
});
test("waves leave room only as sites settle, and stop when one does not", () => {
  const sites = new Map<string, SiteProgress>([
    ["a", { kind: "switched", since: 0, heartbeats: 5 }],
    ["b", { kind: "trying", since: 0, why: "" }],
    ["c", { kind: "waiting" }],
  ]);
  expect(nextToTry(sites, LIMITS)).toEqual(["b"]);
  expect(afterLook(sites.get("a")!, { sole: true, heartbeats: 6 }, 10, LIMITS).kind).toBe("serving");
  expect(afterLook(sites.get("a")!, { sole: true, heartbeats: 5 }, 999, LIMITS).kind).toBe("switched");
  expect(afterLook(sites.get("a")!, { sole: true, heartbeats: 5 }, 1000, LIMITS).kind).toBe("unhealthy");
  expect(afterLook(sites.get("a")!, { sole: false, heartbeats: 6 }, 10, LIMITS).kind).toBe("unhealthy");
  expect(nextToTry(new Map(sites).set("a", { kind: "serving" }), LIMITS)).toEqual(["b", "c"]);
  expect(verdictOf(new Map(sites).set("a", { kind: "unhealthy", why: "" }), LIMITS).kind).toBe("stopped");
});
