import { beforeEach, expect, test } from "vitest";
import { sweep } from "../../../cloud/handlers/sweep.ts";
import { type Api, beat, createApi, start, watch } from "../../support/api.ts";
import { CONFIG, SITE } from "../../support/ledger-samples.ts";

let api: Api;
const SITES = ["S-01", "S-02", "S-03", "S-04", "S-05"];
const body = { sites: SITES, survivor: "B", reason: "the data centre is gone", atOnce: 2, stopAfter: 1, waitMs: 600_000, settleMs: 60_000 };
const states = (plan: { sites: { site: string; state: string }[] }) => plan.sites.map(({ state }) => state).join(" ");
beforeEach(async () => {
  api = createApi();
  for (const site of SITES) {
    await api.call("registerSite", { path: { site }, body: CONFIG });
    for (const server of ["A", "B"] as const) await start(api.ledger, server, {}, site);
    await watch(api.ledger, "B", undefined, site);
  }
});

test("goes in waves: no more than the limit between the switch and a survivor seen serving", async () => {
  const started = (await api.call("startFailover", { body })).body;
  expect(states(started)).toBe("switched switched waiting waiting waiting");
  const path = { id: started.id };
  const advance = async () => (await api.call("advanceFailover", { path })).body;
  expect(states(await advance())).toBe("switched switched waiting waiting waiting");
  await beat(api.ledger, "B", { failoverState: "PARTNER-DOWN" }, "S-01");
  expect(states(await advance())).toBe("serving switched switched waiting waiting");
  for (const site of ["S-02", "S-03"]) await beat(api.ledger, "B", {}, site);
  expect((await sweep(api.deps)).FailoversRunning).toBe(1);
  for (const site of ["S-04", "S-05"]) await beat(api.ledger, "B", {}, site);
  expect(await advance()).toMatchObject({ state: "done", counts: { serving: 5 } });
  expect((await sweep(api.deps)).FailoversRunning).toBe(0);
});

test("stops when a switched site's survivor is not heard of, and leaves the rest", async () => {
  const started = (await api.call("startFailover", { body })).body;
  api.clock.now += 61_000;
  const stopped = (await api.call("advanceFailover", { path: { id: started.id } })).body;
  expect(stopped).toMatchObject({ state: "stopped", counts: { unhealthy: 2, left: 3 } });
  expect((await api.call("getSite", { path: { site: "S-03" } })).body.state).toBe("NORMAL");
});

test("waits for evidence, gives a site up in the end, and can be stopped", async () => {
  for (const site of SITES) await beat(api.ledger, "A", {}, site);
  const started = (await api.call("startFailover", { body })).body;
  expect(states(started)).toBe("trying trying waiting waiting waiting");
  api.clock.now += 600_000;
  expect(states((await api.call("advanceFailover", { path: { id: started.id } })).body)).toBe("refused refused waiting waiting waiting");
  const stop = () => api.call("stopFailover", { path: { id: started.id }, body: { reason: "it is back" } });
  expect((await stop()).body).toMatchObject({ state: "stopped", counts: { refused: 2, left: 3 } });
  expect((await stop()).body.code).toBe("ALREADY_DONE");
  expect((await api.call("getFailover", { path: { id: started.id } })).body.state).toBe("stopped");
});

test("needs the fleet's right beside the switch's; unknown sites and servers are refused one by one", async () => {
  expect((await api.call("startFailover", { body, scopes: ["dhcp/switch"] })).body).toMatchObject({
    code: "FORBIDDEN",
    missing: ["dhcp/fleet"],
  });
  const plan = (await api.call("startFailover", { body: { ...body, sites: ["NOWHERE", SITE] } })).body;
  expect(plan).toMatchObject({ state: "done", counts: { refused: 2 } });
});

test("a stopped one is resumed with what was left; one that was healed goes on", async () => {
  const started = (await api.call("startFailover", { body })).body;
  const path = { id: started.id };
  const resume = () => api.call("resumeFailover", { path, body: { reason: "power is back" } });
  expect((await resume()).body.code).toBe("ALREADY_DONE");
  api.clock.now += 61_000;
  expect((await api.call("advanceFailover", { path })).body.state).toBe("stopped");
  expect((await api.call("listFailovers", {})).body.items).toEqual([]);
  expect((await api.call("listFailovers", { query: { state: "closed" } })).body.items).toMatchObject([
    { id: started.id, state: "stopped" },
  ]);
  for (const site of ["S-01", "S-02"]) await beat(api.ledger, "B", {}, site, api.clock.now);
  const resumed = (await resume()).body;
  expect(states(resumed)).toBe("serving serving switched switched waiting");
  expect((await api.call("listFailovers", {})).body.items).toMatchObject([{ id: started.id, state: "running", reason: body.reason }]);
  expect((await api.call("listFleetEvents", {})).body.items.map(({ what }: { what: string }) => what).sort()).toEqual([
    "FAILOVER_RESUMED",
    "FAILOVER_STARTED",
  ]);
});

test("stops when a survivor that was seen serving falls silent", async () => {
  const started = (await api.call("startFailover", { body })).body;
  await beat(api.ledger, "B", {}, "S-01", api.clock.now);
  await api.call("advanceFailover", { path: { id: started.id } });
  api.clock.now += 95_000;
  for (const site of ["S-02", "S-03"]) await beat(api.ledger, "B", {}, site, api.clock.now);
  const stopped = (await api.call("advanceFailover", { path: { id: started.id } })).body;
  expect(stopped).toMatchObject({ state: "stopped", counts: { unhealthy: 1, serving: 2, left: 2 } });
});

test("a start that is repeated with its key finds its plan", async () => {
  const headers = { "Idempotency-Key": "key-00000001" };
  const first = (await api.call("startFailover", { body, headers })).body;
  expect((await api.call("startFailover", { body, headers })).body.id).toBe(first.id);
  expect((await api.call("startFailover", { body })).body.id).not.toBe(first.id);
  expect((await api.call("listFailovers", {})).body.items.length).toBe(2);
});
