import { beforeEach, expect, test } from "vitest";
import { queryAll } from "../../../cloud/contract/ledger.ts";
import { histPartition } from "../../../cloud/contract/tables.ts";
import { decodeEvent } from "../../../edge-agent/ledger/binding-event.ts";
import { type LedgerSite, siteInNormal } from "../../support/ledger-site.ts";
import { SITE } from "../../support/ledger-site-cloud.ts";
import { memoryDisk } from "../../support/memory-store.ts";
import { address } from "../failover/pair.ts";

let site: LedgerSite;

beforeEach(async () => {
  site = await siteInNormal();
});

/** B was declared down, comes back while the cloud is out of reach, and recovers with A over the link. */
async function recoveredWithoutCloud(): Promise<void> {
  site.kill(site.B);
  await site.pass(100);
  expect(await site.grant("A")).toEqual({ outcome: "done" });
  await site.pass(10);
  expect(site.A.failoverState).toBe("PARTNER-DOWN");
  site.A.fault = "lost-request";
  site.B.fault = "lost-request";
  site.boot(site.B);
  await site.pass(200);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
  expect([site.A.mode, site.B.mode]).toEqual(["SOLE", "PAIR"]);
}

test("with the clear pending, the partner that came back serves on the word of the one that was alone", async () => {
  await recoveredWithoutCloud();
  expect(await site.dora(site.B, 5)).toBeDefined();
  expect(await site.dora(site.A, 6)).toBeDefined();
  site.linkCut = true;
  await site.pass(70);
  expect(await site.dora(site.B, 7)).toBeUndefined();
});

test("with the clear pending, what was claimed and not taken up does not keep the partner from serving", async () => {
  site.kill(site.B);
  await site.pass(100);
  expect(await site.grant("A")).toEqual({ outcome: "done" });
  await site.pass(80);
  let claimed: string | undefined;
  for (let mac = 10; mac < 30 && claimed === undefined; mac += 1) {
    const [offer] = await site.send(site.A, { type: 1, mac, secs: 10 });
    if (site.A.site?.claims.size === 1) claimed = offer?.yiaddr;
    else await site.dora(site.A, mac);
  }
  expect(claimed).toBeDefined();
  site.A.fault = "lost-answer";
  expect(await site.send(site.A, { type: 1, mac: 40, secs: 10 })).toEqual([]);
  expect([...(site.A.site?.claims.values() ?? [])].map(({ state }) => state)).toEqual(["granted", "asked"]);
  const addresses = [...(site.A.site?.claims.keys() ?? [])];
  site.B.fault = "lost-request";
  site.boot(site.B);
  await site.pass(30);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
  expect([site.A.mode, site.B.mode]).toEqual(["SOLE", "PAIR"]);
  expect(await site.dora(site.B, 5)).toBeDefined();
  expect(site.A.site?.claims.size).toBe(0);
  // the history says of both that nobody came for them
  site.A.fault = "none";
  site.B.fault = "none";
  await site.pass(120);
  expect([site.A.mode, site.B.mode]).toEqual(["PAIR", "PAIR"]);
  for (const each of addresses) {
    const rows = await queryAll(site.ledger, { partition: histPartition(SITE, (each >>> 0).toString(16).padStart(8, "0")) });
    expect(rows.map((row) => row["st"])).toEqual(["ACTIVE", "EXPIRED"]);
  }
});

test("with the clear pending, the cloud's return makes a pair again without another recovery, whoever sees it first", async () => {
  for (const first of ["A", "B"] as const) {
    await recoveredWithoutCloud();
    site[first].fault = "none";
    await site.pass(45);
    site[first === "A" ? "B" : "A"].fault = "none";
    await site.pass(60);
    expect([site.A.mode, site.B.mode], `${first} first`).toEqual(["PAIR", "PAIR"]);
    expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
    expect(site.B.log.join("\n")).not.toMatch(/moves? from normal to recover/i);
    expect(await site.dora(site.B, 8)).toBeDefined();
  }
});

test("with the clear pending, nobody is told that the ledger has granted what it has not", async () => {
  await recoveredWithoutCloud();
  site.kill(site.B);
  await site.pass(20);
  expect(await site.order(site.A, { verb: "partner-down" })).toMatchObject({ ok: false });
  expect(site.A.failoverState).toBe("COMMUNICATIONS-INTERRUPTED");
  expect(await site.order(site.A, { verb: "partner-down", force: { reason: "unplugged" } })).toMatchObject({ ok: true });
  expect(site.A.failoverState).toBe("PARTNER-DOWN");
});

test("a word given without the ledger while alone already is handed in, once", async () => {
  await recoveredWithoutCloud();
  site.kill(site.B);
  await site.pass(20);
  expect(await site.order(site.A, { verb: "partner-down", force: { reason: "unplugged" } })).toMatchObject({ ok: true });
  site.grants.length = 0;
  site.A.fault = "none";
  await site.pass(120);
  expect(site.grants).toEqual(["A attested refused"]);
  expect(site.A.mode).toBe("SOLE");
});

test("what a server does on its partner's word bears the partner's epoch, though its own store knows of none", async () => {
  const first = await site.dora(site.A, 1);
  await recoveredWithoutCloud();
  site.kill(site.B);
  site.B.disk = memoryDisk();
  site.boot(site.B);
  await site.pass(200);
  expect([site.B.failoverState, site.B.site?.core.standing.epoch]).toEqual(["NORMAL", 0]);
  const ip = await site.dora(site.B, 5);
  expect(ip).not.toBe(first);
  const queued = site.B.store.outbox(0, 100, "lab").map(({ value }) => decodeEvent(value));
  expect(queued.find((event) => event?.address === address(ip ?? ""))).toMatchObject({ status: "ACTIVE", epoch: 2 });
});
