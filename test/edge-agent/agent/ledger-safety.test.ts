import { beforeEach, expect, test } from "vitest";
import { LedgerSite, siteInNormal } from "../../support/ledger-site.ts";
import { START } from "../../support/ledger-site-cloud.ts";

let site: LedgerSite;

beforeEach(async () => {
  site = await siteInNormal();
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

test("a person's word given while the same request without it is under way is asked for, and answered by itself", async () => {
  site.kill(site.B);
  await site.pass(5);
  site.A.replies.clear();
  const orders = [{ verb: "partner-down" }, { verb: "partner-down", force: { reason: "pulled the plug" } }];
  await Promise.all(orders.map((order) => site.order(site.A, order)));
  await site.pass(10);
  expect([...site.A.replies.values()].map(({ ok }) => ok)).toEqual([false, true]);
  expect(site.grants).toEqual(["A lapsed refused", "A attested granted"]);
  expect(site.A.mode).toBe("SOLE");
});

test("a word that was acted upon without the ledger is on its record once it is in reach, though the pair recovered before", async () => {
  site.kill(site.B);
  site.A.fault = "lost-request";
  await site.pass(100);
  expect(await site.order(site.A, { verb: "partner-down", force: { reason: "unplugged" } })).toMatchObject({ ok: true });
  const actedAt = site.millis;
  site.B.fault = "lost-request";
  site.boot(site.B);
  await site.pass(200);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
  // a restart forgets nothing of it
  site.kill(site.A);
  await site.pass(5);
  site.boot(site.A);
  await site.pass(60);
  expect(site.words).toEqual([]);
  site.answersWords = false;
  site.A.fault = "none";
  site.B.fault = "none";
  await site.pass(60);
  expect(site.words.length).toBeGreaterThan(1);
  site.answersWords = true;
  await site.pass(60);
  // told until it was heard, always the same word; then no more
  expect(new Set(site.words.map((word) => JSON.stringify(word)))).toEqual(
    new Set([JSON.stringify({ server: "A", reason: "unplugged", actedAt: START * 1000 + Math.floor(actedAt / 1000) * 1000 })]),
  );
  const told = site.words.length;
  await site.pass(120);
  expect(site.words.length).toBe(told);
  expect(site.grants.filter((grant) => grant.includes("attested"))).toEqual([]);
  expect([site.A.mode, site.B.mode]).toEqual(["PAIR", "PAIR"]);
});

test("a word that the grant itself was asked for with is not handed in again", async () => {
  site.kill(site.B);
  site.A.fault = "lost-request";
  await site.pass(100);
  expect(await site.order(site.A, { verb: "partner-down", force: { reason: "unplugged" } })).toMatchObject({ ok: true });
  site.A.fault = "none";
  await site.pass(120);
  expect(site.A.mode).toBe("SOLE");
  expect(site.grants).toEqual(["A attested granted"]);
  expect([site.words, site.A.site?.words]).toEqual([[], []]);
});

test("a word given without the ledger is over when the pair has recovered: it frees nobody from his leases", async () => {
  site.kill(site.B);
  site.A.fault = "lost-request";
  await site.pass(100);
  expect(await site.order(site.A, { verb: "partner-down", force: { reason: "unplugged" } })).toMatchObject({ ok: true });
  expect(site.A.failoverState).toBe("PARTNER-DOWN");
  site.B.fault = "lost-request";
  site.boot(site.B);
  await site.pass(200);
  expect([site.A.failoverState, site.B.failoverState]).toEqual(["NORMAL", "NORMAL"]);
  expect(site.A.site?.forced).toBeUndefined();
  site.linkCut = true;
  await site.pass(100);
  expect(await site.dora(site.A, 1)).toBeUndefined();
});

test("with a clock that is not synchronised nothing of the partner's share is asked for; what is its own it gives", async () => {
  site.kill(site.B);
  await site.pass(100);
  expect(await site.grant("A")).toEqual({ outcome: "done" });
  await site.pass(70);
  site.clockDoubt = "not synchronised";
  await site.pass(10);
  let given = 0;
  for (let mac = 1; mac <= 12; mac++) given += (await site.dora(site.A, mac)) === undefined ? 0 : 1;
  expect(given).toBeGreaterThan(0);
  expect(given).toBeLessThan(12);
  expect(await site.order(site.A, { verb: "status" })).toMatchObject({
    result: { ledger: { note: expect.stringContaining("not synchronised") } },
  });
  site.clockDoubt = undefined;
  await site.pass(10);
  expect(await site.dora(site.A, 13)).toBeDefined();
});

test("new terms by HUP: a shorter autonomy is kept to from the heartbeat that says so, and what else there is stays", async () => {
  const long = await new LedgerSite({ autonomyMillis: 3_600_000 }).register();
  site = long;
  site.boot(site.A);
  site.boot(site.B);
  await site.pass(30);
  const setting = site.A.site?.setting;
  const before = site.A.site?.outbox;
  expect(setting).toBeDefined();
  site.event(site.A, { kind: "ledger-settings", settings: [{ ...setting, autonomyMillis: 60_000 }] } as never);
  await site.pass(25);
  expect(site.A.site?.outbox).toEqual(before);
  expect((await site.snapshot()).servers.A.lm).toBe(60_000);
  site.linkCut = true;
  site.A.fault = "lost-request";
  await site.pass(5);
  expect(await site.dora(site.A, 1)).toBeDefined();
  await site.pass(62);
  expect(await site.dora(site.A, 2)).toBeUndefined();
});

test("new terms by HUP: a longer autonomy counts once the ledger has heard of it", async () => {
  const setting = site.A.site?.setting;
  site.A.fault = "lost-request";
  site.linkCut = true;
  site.event(site.A, { kind: "ledger-settings", settings: [{ ...setting, autonomyMillis: 3_600_000 }] } as never);
  await site.pass(62);
  expect(await site.dora(site.A, 1)).toBeUndefined();
  site.A.fault = "none";
  await site.pass(40);
  site.A.fault = "lost-request";
  await site.pass(120);
  expect(await site.dora(site.A, 1)).toBeDefined();
});

test("new terms by HUP: a site that is no longer named is left to failover alone", async () => {
  site.event(site.A, { kind: "ledger-settings", settings: [] } as never);
  await site.pass(5);
  expect(site.A.site).toBeUndefined();
  expect(await site.dora(site.A, 1)).toBeDefined();
});

test("status says why the ledger does not answer, as long as it does not", async () => {
  const trouble = async () => {
    const reply = (await site.order(site.A, { verb: "status" })) as { readonly result: { readonly ledger: { readonly trouble?: string } } };
    return reply.result.ledger.trouble;
  };
  expect(await trouble()).toBeUndefined();
  site.A.fault = "lost-request";
  await site.pass(60);
  expect(await trouble()).toMatch(/^LedgerUnavailable|^lost|^no answer/);
  expect(await site.dora(site.A, 1)).toBeDefined();
  await site.pass(30);
  expect(await trouble()).toMatch(/^handing in: /);
  site.A.fault = "none";
  await site.pass(60);
  expect(await trouble()).toBeUndefined();
});
