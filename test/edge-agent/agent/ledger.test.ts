import { beforeEach, expect, test } from "vitest";
import { queryAll } from "../../../cloud/contract/ledger.ts";
import { histPartition } from "../../../cloud/contract/tables.ts";
import { address } from "../../support/agent-bench.ts";
import { LedgerSite } from "../../support/ledger-site.ts";
import { SITE } from "../../support/ledger-site-cloud.ts";

let site: LedgerSite;

const begin = async (options: ConstructorParameters<typeof LedgerSite>[0] = {}) => {
  site = await new LedgerSite(options).register();
  site.boot(site.A);
  site.boot(site.B);
  await site.pass(30);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
};
const history = async (ip: string) =>
  queryAll(site.ledger, { partition: histPartition(SITE, (address(ip) >>> 0).toString(16).padStart(8, "0")) });
/** Fills a server's own share with clients from `mac` on; their addresses. */
const fill = async (server: LedgerSite["A"], mac: number, count: number) => {
  const given: (string | undefined)[] = [];
  for (let index = 0; index < count; index += 1) given.push(await site.dora(server, mac + index));
  return given;
};

beforeEach(() => begin());

test("every change of a lease is in the history once, whoever was told of it too", async () => {
  const ip = await site.dora(site.A, 1);
  expect(ip).toBeDefined();
  await site.pass(20);
  const rows = await history(ip ?? "");
  expect(rows.map((row) => [row["st"], row["srv"]])).toEqual([["ACTIVE", "A"]]);
  expect(site.A.site?.outbox.ack).toBe(site.A.site?.outbox.lastSeq);
});

test("A dies: B is granted the site when A's lease is over, and gives A's addresses out by claim after MCLT", async () => {
  await fill(site.B, 10, 4);
  site.kill(site.A);
  await site.pass(30);
  expect(await site.grant("B")).toMatchObject({ outcome: "refused" });
  await site.pass(60);
  expect(await site.grant("B")).toEqual({ outcome: "done" });
  await site.pass(6);
  expect([site.B.mode, site.B.failoverState]).toEqual(["SOLE", "PARTNER-DOWN"]);
  const before = await fill(site.B, 30, 20);
  expect(new Set(before.filter((ip) => ip !== undefined)).size).toBe(6);
  await site.pass(70);
  const after = await fill(site.B, 60, 12);
  const given = after.filter((ip) => ip !== undefined);
  expect(given.length).toBeGreaterThanOrEqual(10);
  const theirs = given.find((ip) => Number(ip?.split(".")[3]) >= 110);
  const rows = await history(theirs ?? "");
  expect(rows[0]).toMatchObject({ claim: 1, st: "ACTIVE", srv: "B" });
});

test("a promised address that nobody comes for is given back to the ledger", async () => {
  site.kill(site.A);
  await site.pass(90);
  await site.grant("B");
  await site.pass(80);
  await fill(site.B, 10, 10);
  const [offer] = await site.send(site.B, { type: 1, mac: 90, secs: 10 });
  expect(offer?.type).toBe(2);
  expect(site.B.site?.claims.size).toBe(1);
  await site.pass(130);
  expect(site.B.site?.claims.size).toBe(0);
  const rows = await history(offer?.yiaddr ?? "");
  expect(rows.map((row) => row["st"])).toEqual(["ACTIVE", "EXPIRED"]);
  expect(await site.dora(site.B, 91)).toBe(offer?.yiaddr);
});

test("a server that starts unaware that the partner was chosen serves nobody, recovers with it, and serves again after the clear", async () => {
  const ip = await site.dora(site.B, 1);
  site.kill(site.B);
  await site.pass(90);
  expect(await site.grant("A")).toEqual({ outcome: "done" });
  await site.pass(10);
  site.linkCut = true;
  site.boot(site.B);
  await site.pass(60);
  expect(site.B.mode).toBe("DOWN");
  expect(await site.dora(site.B, 2)).toBeUndefined();
  expect(await site.again(site.B, 1, ip ?? "")).toBeUndefined();
  site.linkCut = false;
  await site.pass(200);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
  expect([site.A.mode, site.B.mode]).toEqual(["PAIR", "PAIR"]);
  expect(await site.dora(site.B, 2)).toBeDefined();
});

test("a lease that the dead partner mirrored and never told us stays its client's", async () => {
  site.linkCut = true;
  const ip = await site.dora(site.A, 7);
  await site.pass(3);
  site.kill(site.A);
  expect(site.B.store.view.get(address(ip ?? ""))?.status ?? "FREE").not.toBe("ACTIVE");
  await site.pass(120);
  expect(await site.grant("B")).toEqual({ outcome: "done" });
  await site.pass(10);
  expect(site.B.store.view.get(address(ip ?? ""))?.clientId ?? site.B.store.view.get(address(ip ?? ""))?.hardware?.bytes).toBeDefined();
  await site.pass(80);
  const given = await fill(site.B, 30, 25);
  expect(given).not.toContain(ip);
});

test("a long backlog merges renewals of one client, and says who had the address all the same", async () => {
  await begin({ mclt: 3600, leaseSeconds: 7200, mergeBacklog: 3 });
  site.A.fault = "lost-request";
  const ip = await site.dora(site.A, 1);
  for (let half = 0; half < 12; half += 1) {
    await site.pass(1800);
    await site.again(site.A, 1, ip ?? "");
  }
  expect(site.A.site?.outbox.lastSeq).toBe(4);
  site.A.fault = "none";
  await site.pass(120);
  const rows = await history(ip ?? "");
  expect(rows.length).toBe(4);
  expect(Math.max(...rows.map((row) => Number(row["exp"])))).toBeGreaterThan(1_800_000_000_000 + 12 * 1_800_000);
});

test("cut off from partner and cloud, a server gives new addresses for its autonomy, then renews known clients only", async () => {
  const ip = await site.dora(site.A, 1);
  await site.pass(5);
  site.linkCut = true;
  site.A.fault = "lost-request";
  await site.pass(20);
  expect(await site.dora(site.A, 2)).toBeDefined();
  expect(await site.again(site.A, 1, ip ?? "")).toMatchObject({ type: 5 });
  await site.pass(60);
  expect(await site.dora(site.A, 3)).toBeUndefined();
  expect(await site.again(site.A, 1, ip ?? "")).toMatchObject({ type: 5 });
  site.A.fault = "none";
  await site.pass(40);
  expect(await site.dora(site.A, 3)).toBeDefined();
});

test("opposite wishes: one is granted, the other refused, and only one serves alone", async () => {
  site.linkCut = true;
  await site.pass(100);
  expect(await site.grant("A")).toMatchObject({ outcome: "refused" });
  expect(await site.grant("B")).toMatchObject({ outcome: "refused" });
  const [a, b] = await Promise.all([site.grant("A", "attested"), site.grant("B", "attested")]);
  expect([a.outcome, b.outcome].sort()).toEqual(["done", "refused"]);
  await site.pass(30);
  expect([site.A.mode, site.B.mode].sort()).toEqual(["DOWN", "SOLE"]);
});

test("an operator's partner-down asks the ledger; without it only his word counts, which is handed in later", async () => {
  site.kill(site.B);
  await site.pass(5);
  expect(await site.order(site.A, { verb: "partner-down" })).toMatchObject({ ok: false });
  site.A.fault = "lost-request";
  await site.pass(100);
  expect(await site.order(site.A, { verb: "partner-down" })).toMatchObject({ ok: false });
  expect(site.A.failoverState).toBe("COMMUNICATIONS-INTERRUPTED");
  expect(await site.order(site.A, { verb: "partner-down", force: { reason: "pulled the plug" } })).toMatchObject({ ok: true });
  expect(site.A.failoverState).toBe("PARTNER-DOWN");
  expect(await site.dora(site.A, 5)).toBeDefined();
  site.A.fault = "none";
  await site.pass(40);
  expect(site.A.mode).toBe("SOLE");
  expect(await site.order(site.A, { verb: "status" })).toMatchObject({ ok: true, result: { ledger: { mode: "SOLE", reachable: true } } });
});

test("a clean stop gives the lease up: the partner is granted the site as soon as it has looked", async () => {
  site.event(site.B, { kind: "ledger-stop" });
  await site.settle();
  site.kill(site.B);
  await site.pass(40);
  expect(await site.grant("A")).toEqual({ outcome: "done" });
});
