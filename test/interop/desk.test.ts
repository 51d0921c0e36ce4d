import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dynamoClient, dynamoLedger } from "../../cloud/adapters/dynamo-ledger.ts";
import { boot, mirror } from "../../cloud/contract/agent-calls.ts";
import { put, update } from "../../cloud/contract/expression.ts";
import { queryAll } from "../../cloud/contract/ledger.ts";
import { confPartition, evtPartition, srvKey } from "../../cloud/contract/tables.ts";
import { type Desk, deskCredentials, startDesk } from "../../cloud/desk/desk.ts";
import { controlPlane } from "../../edge-agent/rim/control-plane.ts";
import { start, watch } from "../support/api.ts";
import { localClient } from "../support/dynamo.ts";
import { CONFIG, fact, senderOf, serverOf, T0 } from "../support/ledger-samples.ts";

const run = promisify(execFile);
const TANDEMCTL = resolve(import.meta.dirname, "../../cloud/bin/tandemctl");

describe.each([{ embedded: false }, { embedded: true }])("the control plane on a desk (embedded: $embedded)", ({ embedded }) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await startDesk({ embedded, logLevel: "error" });
  }, 120_000);
  afterAll(() => desk.stop());
  const call = async (method: string, path: string, options: { body?: unknown; token?: string } = {}) => {
    const response = await fetch(desk.url + path, {
      method,
      headers: { authorization: `Bearer ${options.token ?? (await desk.token())}`, "content-type": "application/json" },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  const ctl = async (...args: string[]) => {
    const env = { ...process.env, TANDEM_API: desk.url, TANDEM_TOKEN: await desk.token() };
    return run(TANDEMCTL, args, { env }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  };
  const asAgent = (site: string, server: "A" | "B", credentials = deskCredentials(site, server)) =>
    dynamoLedger(dynamoClient({ endpoint: desk.ledgerEndpoint, region: "local", credentials }), desk.tableName);
  const agentCalls = (site: string, server: "A" | "B", credentials = deskCredentials(site, server)) =>
    controlPlane({ api: desk.url, region: "local", site, server, credentials: async () => credentials });
  const open = () => dynamoLedger(localClient(desk.openEndpoint), desk.tableName);
  const eventually = async (what: () => Promise<boolean>) => {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (await what()) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error("it did not come about");
  };

  test("says which ledger it has", () => expect(desk.ledger).toMatch(embedded ? /^embedded/ : /^DynamoDB Local$/));

  test("authorizers stand at the door", async () => {
    expect((await call("GET", "/v1/sites", { token: "rubbish" })).status).toBe(401);
    expect((await call("GET", "/v1/sites", { token: await desk.token(["dhcp/admin"]) })).status).toBe(403);
    expect((await call("GET", "/v1/nothing")).status).toBe(404);
    expect((await call("POST", "/v1/agent/sites/S-1/servers/A/clear", { body: {} })).status).toBe(403);
    const clear = (site: string, server: "A" | "B", as = deskCredentials(site, server)) =>
      agentCalls(site, server, as)("ask-clear", 1, undefined);
    expect(await clear("S-1", "A", deskCredentials("S-1", "B"))).toMatchObject({
      code: "HTTP 403",
      detail: /not authorized to perform: execute-api/,
    });
    const forged = { ...deskCredentials("S-1", "A"), secretAccessKey: "any" };
    expect(await clear("S-1", "A", forged)).toMatchObject({ code: "HTTP 403", detail: expect.stringContaining("signature") });
    expect(await clear("S-1", "A")).toMatchObject({ code: "NO_SUCH_SITE" });
  });

  test("an agent's role holds on the desk as in AWS: its own site and server, and nothing else", async () => {
    for (const site of ["R-1", "R-10"]) {
      expect((await call("PUT", `/v1/sites/${site}`, { body: { ...CONFIG, serials: { A: [], B: [] } } })).status).toBe(200);
    }
    const agent = asAgent("R-1", "A");
    await start(agent, "A", {}, "R-1");
    expect((await serverOf(agent, "B", "R-1")).mode).toBe("PAIR");
    const row = await serverOf(agent, "A", "R-1");
    expect((await mirror(agent, senderOf(row), 0, [fact(1, "m:1:aa")])).kind).toBe("mirrored");
    const denied = { name: "AccessDeniedException" };
    await expect(serverOf(agent, "A", "R-10")).rejects.toMatchObject(denied);
    await expect(agent.query({ partition: "S#R-10#L" })).rejects.toMatchObject(denied);
    await expect(agent.query({ index: "gs1", partition: "C#m:1:aa" })).rejects.toMatchObject(denied);
    await expect(agent.write(update(srvKey("R-1", "B"), { set: { mode: "DOWN" } }))).rejects.toMatchObject(denied);
    await expect(agent.write(update({ pk: "S#R-1", sk: "CTL" }, { set: { ep: 9 } }))).rejects.toMatchObject(denied);
    await expect(agent.write(put({ pk: "S#R-1#E", sk: "1" }))).rejects.toMatchObject(denied);
    // One foreign part spoils a whole transaction.
    const own = put({ pk: "S#R-1#L", sk: "0a010014" });
    await expect(agent.transact([own, put({ pk: "S#R-10#L", sk: "0a010014" })])).rejects.toMatchObject(denied);
    expect(await open().get({ pk: "S#R-1#L", sk: "0a010014" })).toBeUndefined();
    await expect(serverOf(asAgent("R-1", "A", { accessKeyId: "stranger", secretAccessKey: "x" }), "A", "R-1")).rejects.toMatchObject({
      name: "UnrecognizedClientException",
    });
  });

  test("a site from its registration to partner-down, with tandemctl and an agent's call", async () => {
    expect((await call("PUT", "/v1/sites/S-1", { body: { ...CONFIG, serials: { A: [], B: [] } } })).status).toBe(200);
    for (const server of ["A", "B"] as const) await start(asAgent("S-1", server), server, {}, "S-1");
    const said = (pattern: RegExp) => ({ code: 0, stderr: "", stdout: expect.stringMatching(pattern) });
    expect(await ctl("sites")).toMatchObject(said(/S-1 +NORMAL +1/));
    const refused = await ctl("partner-down", "S-1", "--survivor", "lis-b");
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("PARTNER_ALIVE")]);
    expect((await ctl("partner-down", "S-1")).code).toBe(2);
    const waiting = ctl("partner-down", "S-1", "--survivor", "lis-b", "--wait", "--json");
    await watch(asAgent("S-1", "B"), "B", undefined, "S-1");
    const granted = await waiting;
    expect([granted.code, granted.stderr]).toEqual([0, expect.any(String)]);
    expect(JSON.parse(granted.stdout)).toMatchObject({ sole: "B", basis: "lapsed", epoch: 2 });
    expect((await serverOf(asAgent("S-1", "B"), "B", "S-1")).mode).toBe("SOLE");
    expect(await agentCalls("S-1", "B")("ask-clear", 2, undefined)).toEqual({ outcome: "done" });
    expect(await ctl("audit", "S-1")).toMatchObject(said(/CLEARED[\s\S]*PARTNER_DOWN /));
    expect(await desk.sweep()).toMatchObject({ SitesNotNormal: 0 });
  });

  test("the stream's consumer runs: a late event that overlapped becomes a conflict, a changed audit record is put anew", async () => {
    expect((await call("PUT", "/v1/sites/T-1", { body: { ...CONFIG, serials: { A: [], B: [] } } })).status).toBe(200);
    const [a, b] = [asAgent("T-1", "A"), asAgent("T-1", "B")];
    await start(a, "A", {}, "T-1");
    await start(b, "B", {}, "T-1");
    await mirror(a, senderOf(await serverOf(a, "A", "T-1")), 0, [fact(1, "m:1:aa", { ts: T0 })]);
    await mirror(b, senderOf(await serverOf(b, "B", "T-1")), 0, [fact(1, "m:1:bb", { ts: T0 + 60_000, server: "B", ord: "00000000.0" })]);
    await eventually(async () => (await queryAll(open(), { partition: confPartition("T-1") })).length === 1);
    const [record] = await queryAll(open(), { partition: evtPartition("T-1") });
    await open().write(update({ pk: String(record!["pk"]), sk: String(record!["sk"]) }, { set: { by: "nobody" } }));
    await eventually(async () =>
      (await queryAll(open(), { partition: evtPartition("T-1") })).some((found) => found["what"] === "AUDIT_RECORD_CHANGED"),
    );
  });

  test("a ledger that was restored: the act for all sites, what a server tells, and a settlement by word", async () => {
    for (const site of ["Q-1", "Q-2"]) {
      expect((await call("PUT", `/v1/sites/${site}`, { body: { ...CONFIG, serials: { A: [], B: [] } } })).status).toBe(200);
      for (const server of ["A", "B"] as const) await start(asAgent(site, server), server, {}, site);
    }
    const act = ["--generation", "1", "--reason", "the table was lost"];
    expect(await ctl("restored", "Q-1", ...act)).toMatchObject({ code: 0, stdout: expect.stringMatching(/Q-1 +1000000 +to be settled/) });
    const all = await ctl("restored", "--all", ...act);
    expect([all.code, all.stdout]).toEqual([0, expect.stringMatching(/Q-1 +1000000 +was done before\n[\s\S]*Q-2 +1000000 +to be settled/)]);
    for (const wrong of [
      ["restored", ...act],
      ["restored", "Q-1", "--reason", "none"],
      ["settle", "Q-1", "--sole", "A", "--pair"],
    ])
      expect((await ctl(...wrong)).code).toBe(2);
    for (const server of ["A", "B"] as const) {
      const ledger = asAgent("Q-1", server);
      const read = await serverOf(ledger, server, "Q-1");
      expect((await boot(ledger, read, `told-${server}`, undefined, undefined, { ep: 4, mode: "PAIR", leaseMs: 1 })).kind).toBe("booted");
    }
    expect((await ctl("settle", "Q-2")).stderr).toContain("NOT_AGREED");
    await desk.sweep();
    expect((await ctl("sites")).stdout).toMatch(/Q-1 +NORMAL +1000001/);
    const settled = await ctl("settle", "Q-2", "--sole", "lis-b", "--reason", "A is gone");
    expect([settled.code, settled.stdout]).toEqual([0, "Q-2: B serves alone (attested, epoch 1000001)\n"]);
  });
});
