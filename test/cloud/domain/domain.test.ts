import { expect, test } from "vitest";
import type { Hist } from "../../../cloud/contract/items.ts";
import { certaintyOf } from "../../../cloud/domain/holder-at.ts";
import { pairHealth } from "../../../cloud/domain/pair-health.ts";
import { overlapping, stintsOf, within } from "../../../cloud/domain/stints.ts";
import { afterLook, type Limits, nextToTry, type SiteProgress, verdictOf } from "../../../cloud/domain/waves.ts";
import { embeddedLedger } from "../../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import { beat, start } from "../../support/api.ts";
import { register, siteOf, T0 } from "../../support/ledger-samples.ts";

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
  expect(certaintyOf([site.servers.A, site.servers.B], T0 - 5000, 0).level).toBe("certain");
  expect(certaintyOf([site.servers.A, site.servers.B], T0 - 4999, 0)).toMatchObject({ level: "provisional", completeUntil: T0 - 5000 });
  expect(certaintyOf([site.servers.A, site.servers.B], T0 - 5000, 1).level).toBe("contested");
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
