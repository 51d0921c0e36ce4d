import { beforeEach, expect, test } from "vitest";
import type { Item } from "../../../cloud/contract/expression.ts";
import { queryAll } from "../../../cloud/contract/ledger.ts";
import { evtPartition } from "../../../cloud/contract/tables.ts";
import { audit } from "../../../cloud/handlers/audit.ts";
import { sweep } from "../../../cloud/handlers/sweep.ts";
import { type Api, beat, createApi, start, watch } from "../../support/api.ts";
import { CONFIG, SITE, serverOf } from "../../support/ledger-samples.ts";

let api: Api;
const path = { site: SITE };
const force = { attestation: "PARTNER IS POWERED OFF", reason: "pulled the plug myself" };
const events = async (site = SITE) => (await queryAll(api.ledger, { partition: evtPartition(site) })).map((item) => item["what"]);
beforeEach(async () => {
  api = createApi();
  expect((await api.call("registerSite", { path, body: CONFIG })).status).toBe(200);
  await start(api.ledger, "A");
  await start(api.ledger, "B");
});

test("a site is registered once, shown and configured", async () => {
  expect((await api.call("registerSite", { path, body: CONFIG })).body).toMatchObject({
    code: "SITE_EXISTS",
    status: 409,
    type: "urn:tandem:problem:SITE_EXISTS",
  });
  expect((await api.call("getSite", { path })).body).toMatchObject({
    site: SITE,
    state: "NORMAL",
    epoch: 1,
    servers: { A: { name: "lis-a", mode: "PAIR", running: true } },
  });
  expect((await api.call("getSite", { path: { site: "NOWHERE" } })).body).toMatchObject({ code: "NO_SUCH_SITE" });
  expect((await api.call("configureSite", { path, body: { autonomyMs: 3_600_000 } })).body.config).toMatchObject({
    autonomyMs: 3_600_000,
    mcltMs: 600_000,
  });
  expect(await events()).toEqual(["REGISTERED", "RECONFIGURED"]);
});

test("a site that goes out of service leaves lists and counts, cannot be switched, and keeps its history", async () => {
  const gone = () => api.call("decommissionSite", { path, body: { reason: "the branch closed" } });
  expect((await sweep(api.deps)).Sites).toBe(1);
  expect((await gone()).body).toMatchObject({ state: "DECOMMISSIONED" });
  expect((await gone()).body.code).toBe("ALREADY_DONE");
  expect(await sweep(api.deps)).toMatchObject({ Sites: 0, SitesSilent: 0 });
  expect((await api.call("listSites", {})).body.items).toEqual([]);
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "B", force } })).body.code).toBe("DECOMMISSIONED");
  expect(await events()).toContain("DECOMMISSIONED");
});

test("refused while the partner is heard of, while the evidence is young, granted after; then both servers learn of it", async () => {
  const ask = () => api.call("requestPartnerDown", { path, body: { survivor: "lis-b" } });
  expect((await ask()).body).toMatchObject({ code: "PARTNER_ALIVE" });
  await watch(api.ledger, "B", 30_000);
  const pending = await ask();
  expect(pending).toMatchObject({ status: 425, headers: { "retry-after": "33" }, body: { code: "EVIDENCE_PENDING", waitMs: 33_000 } });
  await watch(api.ledger, "B");
  await beat(api.ledger, "A");
  expect((await ask()).body.code).toBe("PARTNER_ALIVE");
  await watch(api.ledger, "B");
  expect((await ask()).body).toEqual({ site: SITE, epoch: 2, sole: "B", down: "A", basis: "lapsed", usableAfterMs: 611_000 });
  expect(await serverOf(api.ledger, "A")).toMatchObject({ ep: 2, mode: "DOWN" });
  expect(await serverOf(api.ledger, "B")).toMatchObject({ ep: 2, mode: "SOLE", oHb: -1 });
  expect((await ask()).status).toBe(200);
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "A" } })).body).toMatchObject({
    code: "ALREADY_PARTNER_DOWN",
    sole: "B",
    epoch: 2,
  });
  expect((await api.call("getPartnerDown", { path })).body).toMatchObject({ state: "PARTNER_DOWN", survivorKnows: false });
  await beat(api.ledger, "B", { failoverState: "PARTNER-DOWN" });
  expect((await api.call("getPartnerDown", { path })).body).toMatchObject({ survivorKnows: true });
  const word = { survivor: "B", force: { attestation: "PARTNER IS POWERED OFF", reason: "it came back, and I pulled the plug" } };
  expect(await api.call("requestPartnerDown", { path, body: word })).toMatchObject({ status: 200, body: { epoch: 2, basis: "lapsed" } });
  const trail = (await api.call("listEvents", { path })).body.items;
  expect(trail.map((item: { what: string }) => item.what)).toEqual(
    expect.arrayContaining(["REGISTERED", "PARTNER_DOWN_REFUSED", "PARTNER_DOWN"]),
  );
  expect(trail.find((item: { what: string }) => item.what === "PARTNER_DOWN_ATTESTED")).toMatchObject({
    by: "ana",
    epoch: 2,
    note: word.force.reason,
  });
  expect(trail.find((item: { what: string }) => item.what === "PARTNER_DOWN")).toMatchObject({
    by: "ana",
    epoch: 2,
    detail: { sole: "B", basis: "lapsed" },
  });
});

test("a clean stop needs no waiting but for what the partner itself promised over the link", async () => {
  await beat(api.ledger, "A", { leaseMs: 0 });
  await watch(api.ledger, "B", 0);
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "B" } })).status).toBe(425);
  await beat(api.ledger, "B", { partnerHb: (await serverOf(api.ledger, "A")).hb, partnerStillMs: 0, peerLeaseAgoMs: 32_000 });
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "secondary" } })).status).toBe(200);
});

test("force needs a right of its own, the very words, and adds to the wait", async () => {
  const body = { survivor: "B", force };
  expect((await api.call("requestPartnerDown", { path, body, scopes: ["dhcp/switch"] })).body).toMatchObject({
    status: 403,
    code: "FORBIDDEN",
    scope: "dhcp/force",
  });
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "B", force: { ...force, attestation: "yes" } } })).status).toBe(
    400,
  );
  expect((await api.call("requestPartnerDown", { path, body })).body).toMatchObject({ basis: "attested", usableAfterMs: 674_000 });
  expect(await events()).toContain("PARTNER_DOWN");
});

test("both operators ask for opposite survivors at once: one is granted", async () => {
  await watch(api.ledger, "B");
  const [one, two] = await Promise.all([
    api.call("requestPartnerDown", { path, body: { survivor: "B", force } }),
    api.call("requestPartnerDown", { path, body: { survivor: "A", force } }),
  ]);
  expect([one.status, two.status].sort()).toEqual([200, 409]);
  expect([(await serverOf(api.ledger, "A")).mode, (await serverOf(api.ledger, "B")).mode].sort()).toEqual(["DOWN", "SOLE"]);
});

test("a foreign partner is never granted on evidence", async () => {
  await api.call("configureSite", { path, body: { foreign: "A" } });
  await watch(api.ledger, "B");
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "B" } })).body.code).toBe("FOREIGN_PARTNER");
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "B", force } })).status).toBe(200);
});

test("an Idempotency-Key gets the same answer again, and only for the same request", async () => {
  await watch(api.ledger, "B");
  const headers = { "Idempotency-Key": "key-00000001" };
  const first = await api.call("requestPartnerDown", { path, headers, body: { survivor: "B" } });
  expect(first.status).toBe(200);
  await beat(api.ledger, "B", { failoverState: "NORMAL" });
  expect((await api.call("recoverSite", { path, body: {} })).body).toEqual({ site: SITE, epoch: 3 });
  expect((await api.call("requestPartnerDown", { path, headers, body: { survivor: "B" } })).body).toEqual(first.body);
  expect((await serverOf(api.ledger, "B")).mode).toBe("PAIR");
  expect((await api.call("requestPartnerDown", { path, headers, body: { survivor: "A" } })).body.code).toBe("KEY_REUSED");
});

test("recovery waits for the sole server's report, and clears", async () => {
  expect((await api.call("recoverSite", { path, body: {} })).body.code).toBe("NOT_PARTNER_DOWN");
  await watch(api.ledger, "B");
  await api.call("requestPartnerDown", { path, body: { survivor: "B" } });
  expect((await api.call("recoverSite", { path, body: {} })).body.code).toBe("STILL_ALONE");
  expect((await api.call("recoverSite", { path, body: { expectedEpoch: 1 } })).body.code).toBe("EPOCH_CHANGED");
  await beat(api.ledger, "B", { failoverState: "NORMAL" });
  expect((await api.call("recoverSite", { path, body: {} })).status).toBe(200);
  expect((await api.call("getSite", { path })).body).toMatchObject({ state: "NORMAL", epoch: 3 });
  expect((await api.call("getSite", { path })).body.sole).toBeUndefined();
});

test("takeover swaps the servers, on a person's word only", async () => {
  const body = { survivor: "A", force };
  expect((await api.call("takeOver", { path, body })).body.code).toBe("NOT_PARTNER_DOWN");
  await api.call("requestPartnerDown", { path, body: { survivor: "B", force } });
  expect((await api.call("takeOver", { path, body: { survivor: "B", force } })).body.code).toBe("ALREADY_PARTNER_DOWN");
  expect((await api.call("takeOver", { path, body, scopes: ["dhcp/switch"] })).status).toBe(403);
  expect((await api.call("takeOver", { path, body })).body).toMatchObject({ sole: "A", down: "B", epoch: 3, basis: "attested" });
  expect(await serverOf(api.ledger, "B")).toMatchObject({ mode: "DOWN", ep: 3 });
});

test("a standing request is granted by the sweep when the evidence is there, and can be withdrawn before", async () => {
  await watch(api.ledger, "B", 10_000);
  const wish = { path, body: { survivor: "B", standing: true } };
  expect((await api.call("requestPartnerDown", wish)).body).toMatchObject({ code: "EVIDENCE_PENDING", standing: true });
  expect((await api.call("getPartnerDown", { path })).body.request).toMatchObject({ survivor: "B", state: "open", by: "ana" });
  expect((await sweep(api.deps)).RequestsGranted).toBe(0);
  expect((await api.call("cancelPartnerDown", { path })).body.request.state).toBe("cancelled");
  expect((await api.call("cancelPartnerDown", { path })).body.code).toBe("ALREADY_DONE");
  await watch(api.ledger, "B");
  expect((await sweep(api.deps)).RequestsGranted).toBe(0);
  await beat(api.ledger, "A");
  await api.call("requestPartnerDown", wish);
  await watch(api.ledger, "B");
  expect(await sweep(api.deps)).toMatchObject({ RequestsGranted: 1, Sites: 1, SitesNotNormal: 1 });
  expect((await api.call("getPartnerDown", { path })).body).toMatchObject({
    state: "PARTNER_DOWN",
    sole: "B",
    request: { state: "granted" },
  });
  expect((await api.call("cancelPartnerDown", { path })).body.code).toBe("ALREADY_PARTNER_DOWN");
});

test("an agent asks for itself only, and clears", async () => {
  const own = { path: { site: SITE, server: "B" }, session: "0b", body: {} };
  expect((await api.call("agentPartnerDown", { ...own, session: "0a" })).body.code).toBe("NOT_YOUR_SITE");
  expect((await api.call("agentPartnerDown", { path: own.path, body: {} })).status).toBe(401);
  expect((await api.call("agentPartnerDown", own)).body.code).toBe("PARTNER_ALIVE");
  await watch(api.ledger, "B");
  expect((await api.call("agentPartnerDown", { ...own, body: { expectedEpoch: 4 } })).body.code).toBe("EPOCH_CHANGED");
  expect((await api.call("agentPartnerDown", own)).body).toMatchObject({ sole: "B", basis: "lapsed" });
  expect((await api.call("agentClear", { path: { site: SITE, server: "A" }, session: "0a", body: {} })).body.code).toBe("NOT_SOLE");
  expect((await api.call("agentClear", own)).body).toEqual({ site: SITE, epoch: 3 });
});

test("the word of an operator at the agent's console is handed in with his name", async () => {
  const body = { attested: { operator: "root on lis-b", reason: "the other one burnt down" } };
  expect((await api.call("agentPartnerDown", { path: { site: SITE, server: "B" }, session: "0b", body })).body.basis).toBe("attested");
  const trail = (await api.call("listEvents", { path })).body.items;
  expect(trail.find((item: { what: string }) => item.what === "PARTNER_DOWN")).toMatchObject({
    by: `agent ${SITE}/B`,
    detail: { operator: "root on lis-b" },
  });
});

test("a ledger that does not answer is 503, and the same key finds out what came of it", async () => {
  const faults: ("none" | "lost-answer" | "throttled")[] = [];
  const unsure = createApi({ fault: (operation) => (operation === "transact" ? (faults.shift() ?? "none") : "none") });
  await unsure.call("registerSite", { path, body: CONFIG });
  await start(unsure.ledger, "B");
  const call = { path, headers: { "Idempotency-Key": "key-00000001" }, body: { survivor: "B", force } };
  faults.push("throttled", "lost-answer");
  expect((await unsure.call("requestPartnerDown", call)).body).toMatchObject({ code: "LEDGER_BUSY", status: 503 });
  expect((await unsure.call("requestPartnerDown", call)).body).toMatchObject({ sole: "B", epoch: 2 });
  expect((await unsure.call("requestPartnerDown", call)).body).toMatchObject({ sole: "B", epoch: 2 });
});

test("how long it took until the survivor served is on record, once a switch, and is answered while it is alone", async () => {
  const changes: { id: string; kind: "MODIFY"; before: Item; after: Item }[] = [];
  api.table.watch(({ before, after }) => {
    if (before !== undefined && after !== undefined) changes.push({ id: `s-${changes.length}`, kind: "MODIFY", before, after });
  });
  const status = async () => (await api.call("getPartnerDown", { path })).body.servingAfterMs;
  const seen = async (madeBy?: number) => {
    const found = changes.splice(0).map((change) => ({ ...change, ...(madeBy === undefined ? {} : { madeBy }) }));
    return (await audit(api.deps, [...found, ...found])).serving;
  };
  expect((await api.call("requestPartnerDown", { path, body: { survivor: "B", force } })).status).toBe(200);
  const switchedAt = api.clock.now;
  expect([await seen(), await status()]).toEqual([0, null]);
  await beat(api.ledger, "B", { failoverState: "COMMUNICATIONS-INTERRUPTED" });
  expect([await seen(), await status()]).toEqual([0, null]);
  await beat(api.ledger, "B", { failoverState: "PARTNER-DOWN" });
  // the stream came late: what counts is when the record was made
  api.clock.now = switchedAt + 60_000;
  expect([await seen(switchedAt + 4999), await status()]).toEqual([1, 4999]);
  // an agent that starts again says so again
  await beat(api.ledger, "B", { failoverState: "STARTUP" });
  await beat(api.ledger, "B", { failoverState: "PARTNER-DOWN" });
  expect([await seen(), await status()]).toEqual([0, 4999]);
  const trail = (await api.call("listEvents", { path })).body.items as { what: string; detail: object; by: string }[];
  expect(trail.filter(({ what }) => what === "SERVING_ALONE")).toMatchObject([
    { by: `agent ${SITE}/B`, epoch: 2, at: new Date(switchedAt + 4999).toISOString(), detail: { sole: "B", afterMs: 4999 } },
  ]);
  await beat(api.ledger, "B", { failoverState: "NORMAL" });
  expect((await api.call("recoverSite", { path, body: {} })).status).toBe(200);
  expect([await seen(), await status()]).toEqual([0, null]);
  // word of a switch that is over
  await beat(api.ledger, "B", { failoverState: "PARTNER-DOWN" });
  expect(await seen()).toBe(0);
});

test("a word that an operator gave an agent out of reach goes on record when its act is over, once, and switches nothing", async () => {
  const body = { operator: "console", reason: "the lights were off", actedAt: "2026-01-15T09:00:00Z" };
  const own = { path: { site: SITE, server: "B" }, session: "0b", body, headers: { "Idempotency-Key": "word-B-1" } };
  expect((await api.call("agentWord", { ...own, session: "0a" })).body.code).toBe("NOT_YOUR_SITE");
  expect((await api.call("agentWord", { ...own, body: { ...body, actedAt: "yesterday" } })).status).toBe(400);
  for (let time = 0; time < 2; time++) expect((await api.call("agentWord", own)).body).toEqual({ site: SITE, epoch: 1 });
  const trail = (await api.call("listEvents", { path })).body.items;
  expect(trail.filter(({ what }: { what: string }) => what === "PARTNER_DOWN_ATTESTED")).toMatchObject([
    {
      by: `agent ${SITE}/B`,
      note: "the lights were off",
      epoch: 1,
      detail: { operator: "console", actedAt: body.actedAt, sole: "B", handedInLate: true },
    },
  ]);
  expect((await api.call("getSite", { path })).body).toMatchObject({ state: "NORMAL", epoch: 1 });
  await api.call("decommissionSite", { path, body: { reason: "the branch closed" } });
  expect((await api.call("agentWord", { ...own, headers: { "Idempotency-Key": "word-B-2" } })).status).toBe(200);
});
