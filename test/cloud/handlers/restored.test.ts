import { beforeEach, expect, test } from "vitest";
import { boot } from "../../../cloud/contract/agent-calls.ts";
import type { Was } from "../../../cloud/contract/agent-expressions.ts";
import { queryAll } from "../../../cloud/contract/ledger.ts";
import { evtPartition, type ServerName } from "../../../cloud/contract/tables.ts";
import { sweep } from "../../../cloud/handlers/sweep.ts";
import { type Api, createApi, start, watch } from "../../support/api.ts";
import { CONFIG, SITE, serverOf } from "../../support/ledger-samples.ts";

let api: Api;
const path = { site: SITE };
const restored = (generation = 1) => api.call("markRestored", { path, body: { generation, reason: "the table was lost" } });
const settle = (word?: object) => api.call("settleSite", { path, body: word === undefined ? {} : { word } });
const tell = async (server: ServerName, ep: number, mode: Was["mode"]) =>
  expect(
    (await boot(api.ledger, await serverOf(api.ledger, server), `again-${server}-${ep}`, undefined, undefined, { ep, mode, leaseMs: 1 }))
      .kind,
  ).toBe("booted");
const state = async () => (await api.call("getSite", { path })).body;
beforeEach(async () => {
  api = createApi();
  expect((await api.call("registerSite", { path, body: CONFIG })).status).toBe(200);
  await start(api.ledger, "A");
  await start(api.ledger, "B");
});

test("the act changes a site once for a generation, settled or not", async () => {
  expect((await restored()).body).toEqual({ site: SITE, epoch: 1_000_000, generation: 1, already: false });
  expect((await restored()).body).toMatchObject({ epoch: 1_000_000, already: true });
  await tell("A", 1, "PAIR");
  await tell("B", 1, "PAIR");
  expect((await settle()).body).toMatchObject({ epoch: 1_000_001, state: "NORMAL", basis: "told", from: 1 });
  expect((await restored()).body).toMatchObject({ epoch: 1_000_001, already: true });
  expect((await restored(3)).body).toMatchObject({ epoch: 3_000_000, already: false });
  expect((await state()).servers.A).toMatchObject({ mode: "RESTORED", running: true });
  expect((await restored(2)).body).toMatchObject({ epoch: 3_000_000, already: true });
  const trail = (await queryAll(api.ledger, { partition: evtPartition(SITE) })).map(({ what }) => what);
  expect(trail).toEqual(["REGISTERED", "RESTORED", "SETTLED", "RESTORED"]);
});

test("until it is settled nobody is declared alone, on evidence, by word or by a wish of before", async () => {
  await api.call("requestPartnerDown", { path, body: { survivor: "B", standing: true } });
  await restored();
  const force = { attestation: "PARTNER IS POWERED OFF", reason: "pulled the plug" };
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "B", force } })).body.code).toBe("RESTORED");
  expect((await api.call("takeOver", { path, body: { survivor: "B", force } })).body.code).toBe("NOT_PARTNER_DOWN");
  expect((await state()).canDeclare.A).toMatchObject({ ok: false, code: "RESTORED" });
  expect(await sweep(api.deps)).toMatchObject({ SitesRestored: 1, SitesNotNormal: 1, RequestsGranted: 0 });
  await tell("A", 1, "PAIR");
  await tell("B", 1, "PAIR");
  expect(await sweep(api.deps)).toMatchObject({ SitesRestored: 0, SitesNotNormal: 0 });
  await watch(api.ledger, "B");
  expect(await sweep(api.deps)).toMatchObject({ RequestsGranted: 0 });
});

test.each([
  ["both a pair", [7, "PAIR"], [7, "PAIR"], { state: "NORMAL", from: 7 }],
  ["one passed over", [7, "PAIR"], [5, "SOLE"], { state: "NORMAL", from: 7 }],
  ["B alone, and A does not know", [6, "PAIR"], [7, "SOLE"], { state: "PARTNER_DOWN", sole: "B", from: 7 }],
  ["A down, and B does not know that it is alone", [7, "DOWN"], [6, "PAIR"], { state: "PARTNER_DOWN", sole: "B", from: 7 }],
  ["B alone and A down", [7, "DOWN"], [7, "SOLE"], { state: "PARTNER_DOWN", sole: "B", from: 7 }],
  ["A remembers nothing", [0, "PAIR"], [7, "PAIR"], { code: "NOT_AGREED" }],
  ["both alone", [7, "SOLE"], [7, "SOLE"], { code: "NOT_AGREED" }],
  ["both down", [7, "DOWN"], [7, "DOWN"], { code: "NOT_AGREED" }],
  ["a pair and alone", [7, "PAIR"], [7, "SOLE"], { code: "NOT_AGREED" }],
] as const)("by what both told: %s", async (_what, a, b, expected) => {
  await restored();
  expect((await settle()).body.code).toBe("NOT_AGREED");
  await tell("A", a[0], a[1]);
  expect((await settle()).body.code).toBe("NOT_AGREED");
  await tell("B", b[0], b[1]);
  expect((await state()).servers.B.was).toEqual({ epoch: b[0], mode: b[1] });
  expect((await settle()).body).toMatchObject(expected);
});

test("a person's word settles what is open, goes on with what agrees with it, and needs its own right", async () => {
  const word = { sole: "lis-b", reason: "A burnt down" };
  expect((await settle(word)).body.code).toBe("NOT_RESTORED");
  await restored();
  expect((await api.call("settleSite", { path, body: { word }, scopes: ["dhcp/switch"] })).status).toBe(403);
  expect((await settle({ reason: "they are a pair" })).body.code).toBe("NOT_AGREED");
  expect((await settle({ sole: "nobody", reason: "so it was" })).body.code).toBe("BAD_REQUEST");
  expect((await settle(word)).body).toMatchObject({ state: "PARTNER_DOWN", sole: "B", basis: "attested", from: 0 });
  expect(await state()).toMatchObject({ basis: "attested", down: "A" });
  await restored(2);
  await tell("B", 1_000_001, "SOLE");
  expect((await settle(word)).body).toMatchObject({ sole: "B", from: 1_000_001 });
  await restored(3);
  await tell("B", 2_000_001, "SOLE");
  expect((await settle({ reason: "A was back" })).body).toMatchObject({ state: "NORMAL", from: 0 });
  await restored(4);
  await tell("A", 3_000_001, "PAIR");
  expect((await settle({ reason: "B has a new disk" })).body).toMatchObject({ state: "NORMAL", from: 3_000_001 });
});

test("who has not told may serve by a lease of the lost ledger's: evidence against it waits for the site's autonomy at least", async () => {
  const { servers } = await state();
  expect(servers.B.leaseMs).toBe(60_000);
  await start(api.ledger, "B", { leaseMs: 0 });
  await restored();
  await tell("A", 1, "PAIR");
  expect((await settle({ reason: "B is cut off" })).body).toMatchObject({ state: "NORMAL" });
  await watch(api.ledger, "A", 32_000);
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "A" } })).body).toMatchObject({ code: "EVIDENCE_PENDING" });
  await watch(api.ledger, "A", 63_000);
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "A" } })).status).toBe(200);
});

test("beside a partner that is no agent, the one there is speaks for both", async () => {
  await api.call("configureSite", { path, body: { foreign: "B" } });
  await restored();
  await tell("A", 4, "SOLE");
  expect((await settle()).body).toMatchObject({ sole: "A", from: 4 });
});

test("health says what is missing, and the list has it among those that are not normal", async () => {
  await restored();
  await tell("A", 1, "PAIR");
  const { body } = await api.call("getHealth", { path });
  expect(body.verdict).toBe("restored");
  expect(body.findings.map(({ about }: { about: string }) => about)).toEqual(["pair", "B"]);
  expect((await api.call("listSites", { query: { state: "notnormal" } })).body.items).toMatchObject([{ site: SITE, state: "RESTORED" }]);
  expect((await api.call("markRestored", { path: { site: "NOWHERE" }, body: { generation: 1, reason: "lost" } })).body.code).toBe(
    "NO_SUCH_SITE",
  );
});
