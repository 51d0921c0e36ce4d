import { beforeEach, expect, test } from "vitest";
import { LedgerSite } from "../../support/ledger-site.ts";

let site: LedgerSite;

beforeEach(async () => {
  site = await new LedgerSite().register();
  site.boot(site.A);
  site.boot(site.B);
  await site.pass(30);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
});

test("a clock that jumps ahead silences a server for new clients until the ledger has answered again", async () => {
  site.linkCut = true;
  site.A.fault = "lost-request";
  await site.pass(20);
  expect(await site.dora(site.A, 1)).toBeDefined();
  site.wallOffset = 3;
  expect(await site.dora(site.A, 2)).toBeUndefined();
  expect(site.A.log.join("\n")).toMatch(/clock jumped ahead/);
  site.A.fault = "none";
  await site.pass(40);
  expect(await site.dora(site.A, 2)).toBeDefined();
});

test("a clock that is set back silences nobody", async () => {
  site.linkCut = true;
  site.wallOffset = -3600;
  await site.pass(20);
  expect(await site.dora(site.A, 1)).toBeDefined();
});

test("updates that the partner acknowledges give no right to serve: it may have published its evidence", async () => {
  site.A.fault = "lost-request";
  const acknowledged = site.A.state?.failover.relationships.get("lab")?.link.answeredAt;
  await site.dora(site.A, 1);
  expect(site.A.state?.failover.relationships.get("lab")?.updates.unacked.size).toBe(0);
  expect(site.A.state?.failover.relationships.get("lab")?.link.answeredAt).toBe(acknowledged);
});

test("a server that missed both the switch and the clear does not trust its leases: it recovers first", async () => {
  site.kill(site.B);
  await site.pass(100);
  expect(await site.grant("A")).toEqual({ outcome: "done" });
  await site.pass(10);
  await site.clear("A", "attested");
  await site.pass(10);
  site.linkCut = true;
  site.boot(site.B);
  await site.pass(30);
  expect(site.B.log.join("\n")).toMatch(/served alone before epoch 3, unknown to us: recovering/);
  expect(site.B.failoverState).toBe("RECOVER");
  expect(await site.dora(site.B, 1)).toBeUndefined();
});

test("--last-alive is refused with a ledger, and says why", async () => {
  site.kill(site.B);
  await site.pass(100);
  expect(await site.order(site.A, { verb: "partner-down", lastAlive: 1_800_000_000 })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining("the waits count from its grant") },
  });
  expect(site.A.failoverState).toBe("COMMUNICATIONS-INTERRUPTED");
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
