import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dynamoLedger } from "../../cloud/adapters/dynamo-ledger.ts";
import { type Desk, deskAccessKey, startDesk } from "../../cloud/desk/desk.ts";
import { start, watch } from "../support/api.ts";
import { localClient } from "../support/dynamo.ts";
import { CONFIG, serverOf } from "../support/ledger-samples.ts";

const run = promisify(execFile);
const TANDEMCTL = resolve(import.meta.dirname, "../../cloud/bin/tandemctl");

describe.each([{ embedded: false }, { embedded: true }])("the control plane on a desk (embedded: $embedded)", ({ embedded }) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await startDesk({ embedded });
  }, 120_000);
  afterAll(() => desk.stop());
  const call = async (method: string, path: string, options: { body?: unknown; token?: string; key?: string } = {}) => {
    const authorization =
      options.key === undefined
        ? `Bearer ${options.token ?? (await desk.token())}`
        : `AWS4-HMAC-SHA256 Credential=${options.key}/20260101/local/execute-api/aws4_request`;
    const response = await fetch(desk.url + path, {
      method,
      headers: { authorization, "content-type": "application/json" },
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

  test("says which ledger it has", () => expect(desk.ledger).toMatch(embedded ? /^embedded/ : /^DynamoDB Local$/));

  test("authorizers stand at the door", async () => {
    expect((await call("GET", "/v1/sites", { token: "rubbish" })).status).toBe(401);
    expect((await call("GET", "/v1/sites", { token: await desk.token(["dhcp/admin"]) })).status).toBe(403);
    expect((await call("GET", "/v1/nothing")).status).toBe(404);
    expect((await call("POST", "/v1/agent/sites/S-1/servers/A/clear", { body: {} })).status).toBe(401);
    expect((await call("POST", "/v1/agent/sites/S-1/servers/A/clear", { body: {}, key: deskAccessKey("S-1", "B") })).status).toBe(403);
  });

  test("a site from its registration to partner-down, with tandemctl and an agent's call", async () => {
    const ledger = dynamoLedger(localClient(desk.ledgerEndpoint), desk.tableName);
    expect((await call("PUT", "/v1/sites/S-1", { body: { ...CONFIG, serials: { A: [], B: [] } } })).status).toBe(200);
    for (const server of ["A", "B"] as const) await start(ledger, server, {}, "S-1");
    expect((await ctl("sites")).stdout).toMatch(/S-1 +NORMAL +1/);
    const refused = await ctl("partner-down", "S-1", "--survivor", "lis-b");
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("PARTNER_ALIVE")]);
    expect((await ctl("partner-down", "S-1")).code).toBe(2);
    const waiting = ctl("partner-down", "S-1", "--survivor", "lis-b", "--wait", "--json");
    await watch(ledger, "B", undefined, "S-1");
    const granted = await waiting;
    expect(JSON.parse(granted.stdout)).toMatchObject({ sole: "B", basis: "lapsed", epoch: 2 });
    expect((await serverOf(ledger, "B", "S-1")).mode).toBe("SOLE");
    const clear = await call("POST", "/v1/agent/sites/S-1/servers/B/clear", { body: {}, key: deskAccessKey("S-1", "B") });
    expect(clear).toEqual({ status: 200, body: { site: "S-1", epoch: 3 } });
    expect((await ctl("audit", "S-1")).stdout).toMatch(/CLEARED[\s\S]*PARTNER_DOWN /);
    expect(await desk.sweep()).toMatchObject({ Sites: 1, SitesNotNormal: 0 });
  });
});
