import { beforeEach, expect, test } from "vitest";
import { mirror } from "../../../cloud/contract/agent-calls.ts";
import type { Fact } from "../../../cloud/contract/agent-expressions.ts";
import { ROUTES } from "../../../cloud/contract/api.ts";
import type { Item } from "../../../cloud/contract/expression.ts";
import { audit } from "../../../cloud/handlers/audit.ts";
import { type Api, beat, createApi, invoke, start } from "../../support/api.ts";
import { CONFIG, fact, SITE, senderOf, serverOf, T0 } from "../../support/ledger-samples.ts";

let api: Api;
const path = { site: SITE };
const time = (millis: number) => new Date(T0 + millis).toISOString();
const HOUR = 3_600_000;
const ip = "10.1.0.10";
const hand = async (server: "A" | "B", ...facts: Fact[]) => {
  const row = await serverOf(api.ledger, server);
  const answer = await mirror(api.ledger, senderOf(row), row.ack, facts);
  expect(answer.kind).toBe("mirrored");
};
const holder = async (millis: number) => (await api.call("getHolder", { path: { site: SITE, ip }, query: { at: time(millis) } })).body;

beforeEach(async () => {
  api = createApi();
  await api.call("registerSite", { path, body: CONFIG });
  await start(api.ledger, "A");
  await start(api.ledger, "B");
  await hand(
    "A",
    fact(1, "m:1:aa", { ts: T0 }),
    fact(2, "m:1:aa", { ts: T0 + HOUR / 2 }),
    fact(3, "m:1:aa", { ts: T0 + HOUR, status: "RELEASED", expires: T0 + HOUR }),
  );
  await hand("A", fact(4, "m:1:cc", { ts: T0 + 2 * HOUR }));
  for (const server of ["A", "B"] as const) await beat(api.ledger, server, {}, SITE, T0 + 4 * HOUR);
  api.clock.now = T0 + 4 * HOUR;
});

test("who had the address: the client, nobody, the next one; and how sure that is", async () => {
  expect(await holder(-1)).toMatchObject({ holder: null, certainty: { level: "incomplete", knownFrom: time(0) } });
  expect(await holder(HOUR / 4)).toMatchObject({ holder: { client: "m:1:aa", server: "A", epoch: 1 }, contested: [] });
  expect((await holder(HOUR * 1.5)).holder).toBeNull();
  expect((await holder(2.5 * HOUR)).holder.client).toBe("m:1:cc");
  expect((await holder(3.5 * HOUR)).holder).toBeNull();
  expect((await holder(5 * HOUR)).certainty).toMatchObject({ level: "provisional" });
  expect(ROUTES.getHolder.response.safeParse(await holder(2.5 * HOUR)).success).toBe(true);
});

test("another server's contradicting event makes the answer contested, and is a conflict to be settled once", async () => {
  await hand("B", fact(1, "m:1:bb", { ts: T0 + 2.2 * HOUR, server: "B" }));
  expect(await holder(2.5 * HOUR)).toMatchObject({
    holder: { client: "m:1:cc" },
    contested: [{ client: "m:1:bb", server: "B" }],
    certainty: { level: "contested" },
  });
  const { items } = (await api.call("listConflicts", {})).body;
  expect(items).toMatchObject([
    { site: SITE, address: ip, basis: "mirror", open: true, winner: { cid: "m:1:cc" }, loser: { cid: "m:1:bb" } },
  ]);
  const settle = () => api.call("resolveConflict", { path: { site: SITE, id: items[0].id }, body: { reason: "told the user" } });
  expect((await settle()).body).toMatchObject({ open: false, resolved: { by: "ana", reason: "told the user" } });
  expect((await settle()).body.code).toBe("ALREADY_DONE");
  expect((await api.call("listConflicts", {})).body.items).toEqual([]);
  expect((await api.call("listConflicts", { query: { site: SITE, all: "1" } })).body.items.length).toBe(1);
});

test("a late event that overlapped another client's lease becomes a conflict, once", async () => {
  await hand("B", fact(1, "m:1:bb", { ts: T0 + 60_000, server: "B", ord: "00000000.0" }));
  const changes = [...api.table.rows()]
    .filter((row: Item) => row["late"] === 1)
    .map((after) => ({ id: "s-1", kind: "INSERT" as const, before: undefined, after }));
  expect(changes.length).toBe(1);
  expect(await audit(api.deps, changes)).toEqual({ conflicts: 1, tampered: 0, serving: 0 });
  expect(await audit(api.deps, changes)).toEqual({ conflicts: 0, tampered: 0, serving: 0 });
  expect((await holder(HOUR / 4)).contested).toMatchObject([{ client: "m:1:bb" }]);
});

test("a late end of a lease that was over for longer than a lease lasts is no conflict", async () => {
  const ts = T0 + CONFIG.maxLeaseMs + 2 * HOUR;
  const over = {
    status: "EXPIRED" as const,
    ts,
    expires: T0 + HOUR / 2,
    potential: T0 + HOUR / 2,
    server: "B" as const,
    ord: "00000000.0",
  };
  await hand("B", fact(1, "m:1:bb", over));
  const late = [...api.table.rows()].filter((row: Item) => row["late"] === 1);
  expect(late).toMatchObject([{ st: "EXPIRED" }]);
  const changes = late.map((after) => ({ id: "s-2", kind: "INSERT" as const, before: undefined, after }));
  expect(await audit(api.deps, changes)).toEqual({ conflicts: 0, tampered: 0, serving: 0 });
});

test("where a client was, by any way of writing its name", async () => {
  const query = { from: time(HOUR / 4), to: time(HOUR * 3) };
  const { items } = (await api.call("getClientAddresses", { path: { site: SITE, client: "m:1:aa" }, query })).body;
  expect(items).toEqual([
    { site: SITE, address: ip, client: "m:1:aa", from: time(0), until: time(HOUR), renewals: 1, ended: "RELEASED", contested: false },
  ]);
  expect((await api.call("getClientEverywhere", { path: { client: "M:1:AA" }, query })).body.items.length).toBe(1);
  expect((await api.call("getClientEverywhere", { path: { client: "m:1:aa" }, query, scopes: ["dhcp/read"] })).status).toBe(403);
  expect(
    (await api.call("getClientAddresses", { path: { site: SITE, client: "m:1:aa" }, query: { from: time(2 * HOUR), to: time(3 * HOUR) } }))
      .body.items,
  ).toEqual([]);
});

test("everything in a site in a period, paged, as JSON, NDJSON and CSV", async () => {
  const query = { from: time(0), to: time(3 * HOUR) };
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const { body } = await api.call("getSiteHistory", {
      path,
      query: { ...query, limit: "3", ...(cursor === undefined ? {} : { cursor }) },
    });
    seen.push(...body.items.map((item: { at: string }) => item.at));
    cursor = body.cursor;
  } while (cursor !== undefined);
  expect(seen).toEqual([time(0), time(HOUR / 2), time(HOUR), time(2 * HOUR)]);
  const lines = await api.call("getSiteHistory", { path, query: { ...query, format: "ndjson" } });
  expect(
    lines.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).status),
  ).toEqual(["ACTIVE", "ACTIVE", "RELEASED", "ACTIVE"]);
  const csv = await api.call("getSiteHistory", { path, query: { ...query, limit: "2" }, headers: { Accept: "text/csv" } });
  expect(csv.headers["content-type"]).toMatch(/^text\/csv/);
  expect(csv.headers["x-next-cursor"]).toBeDefined();
  expect(csv.text.split("\r\n")[0]).toBe("at,address,status,client,expires,server,epoch,origin,mark");
});

test("a client's stints are the same whole ones, however small the pages are", async () => {
  const day = 24 * HOUR;
  const facts: Fact[] = [];
  const add = (client: string, over: Partial<Fact>) => facts.push(fact(5 + facts.length, client, over));
  // A day of renewals on one address, some hours on another beside it, then another client, then the first again.
  for (let half = 0; half < 48; half++) {
    add("m:1:ee", { address: "0a010020", ts: T0 + day + (half * HOUR) / 2 });
    if (half > 10 && half < 20) add("m:1:ee", { address: "0a010021", ts: T0 + day + (half * HOUR) / 2 });
  }
  add("m:1:ff", { address: "0a010020", ts: T0 + 2 * day + HOUR });
  add("m:1:ee", { address: "0a010020", ts: T0 + 2 * day + 3 * HOUR });
  for (let from = 0; from < facts.length; from += 49) await hand("A", ...facts.slice(from, from + 49));
  const query = { from: time(day + 2 * HOUR), to: time(3 * day) };
  const pages = async (limit: string, name: "getClientAddresses" | "getClientEverywhere", at: Record<string, string>) => {
    const items: { address: string; from: string; until: string; renewals: number }[] = [];
    let cursor: string | undefined;
    do {
      const { body, status } = await api.call(name, { path: at, query: { ...query, limit, ...(cursor === undefined ? {} : { cursor }) } });
      expect(status).toBe(200);
      items.push(...body.items);
      cursor = body.cursor;
    } while (cursor !== undefined);
    return items.map(({ address, from, until, renewals }) => [address, from, until, renewals]);
  };
  const expected = [
    ["10.1.0.33", time(day + 5.5 * HOUR), time(day + 10.5 * HOUR), 8],
    ["10.1.0.32", time(day), time(2 * day + HOUR / 2), 47],
    ["10.1.0.32", time(2 * day + 3 * HOUR), time(2 * day + 4 * HOUR), 0],
  ];
  for (const limit of ["1", "2", "100"]) {
    const byEnd = (items: unknown[][]) => [...items].sort((left, right) => (String(left[2]) < String(right[2]) ? -1 : 1));
    expect(byEnd(await pages(limit, "getClientAddresses", { site: SITE, client: "m:1:ee" }))).toEqual(expected);
    expect(byEnd(await pages(limit, "getClientEverywhere", { client: "m:1:ee" }))).toEqual(expected);
  }
});

test("every answer about the past says how certain it is, rows too", async () => {
  const query = { from: time(0), to: time(3 * HOUR) };
  const asked = [
    await api.call("getHolder", { path: { site: SITE, ip }, query: { at: time(2.5 * HOUR), format: "csv" } }),
    await api.call("getAddressHistory", { path: { site: SITE, ip }, query: { ...query, format: "ndjson" } }),
    await api.call("getSiteHistory", { path, query: { ...query, format: "csv" } }),
    await api.call("getClientAddresses", { path: { site: SITE, client: "m:1:aa" }, query: { ...query, format: "csv" } }),
    await api.call("listLeases", { path, query: { format: "csv" } }),
  ];
  for (const { status, headers } of asked) {
    expect([status, headers["x-certainty"], headers["x-complete-until"], headers["x-known-from"]]).toEqual([
      200,
      "certain",
      time(4 * HOUR),
      time(0),
    ]);
  }
  expect(asked[0]?.text).toBe(
    `address,at,standing,client,since,until,server,epoch\r\n${ip},${time(2.5 * HOUR)},holder,m:1:cc,${time(2 * HOUR)},${time(3 * HOUR)},A,1\r\n`,
  );
  const everywhere = (await api.call("getClientEverywhere", { path: { client: "m:1:aa" }, query })).body;
  expect(everywhere.certainty).toMatchObject({ level: "provisional", completeUntil: time(4 * HOUR) });
  expect(ROUTES.getClientEverywhere.response.safeParse(everywhere).success).toBe(true);
});

test("an audit record that is changed past the API is put anew, once", async () => {
  const record = [...api.table.rows()].find((row) => row["t"] === "E")!;
  const change = { id: "s-7", kind: "MODIFY" as const, before: record, after: { ...record, by: "nobody" } };
  expect(await audit(api.deps, [change, { ...change, kind: "INSERT" }])).toEqual({ conflicts: 0, tampered: 1, serving: 0 });
  expect(await audit(api.deps, [change])).toEqual({ conflicts: 0, tampered: 0, serving: 0 });
  const trail = (await api.call("listEvents", { path })).body.items;
  expect(trail).toContainEqual(expect.objectContaining({ what: "AUDIT_RECORD_CHANGED", detail: { before: record } }));
});

test("a cursor is bound to its question and cannot be forged", async () => {
  const query = { from: time(0), to: time(3 * HOUR), limit: "1" };
  const { cursor } = (await api.call("getSiteHistory", { path, query })).body;
  const code = async (call: Parameters<Api["call"]>[1]) => (await api.call("getSiteHistory", call)).body.code;
  expect(await code({ path, query: { ...query, from: time(1), cursor } })).toBe("BAD_CURSOR");
  expect(await code({ path: { site: "OTHER" }, query: { ...query, cursor } })).toBe("BAD_CURSOR");
  expect(await code({ path, query: { ...query, cursor: `x${cursor}` } })).toBe("BAD_CURSOR");
});

test("leases as they stand, pool use, and bad questions", async () => {
  expect((await api.call("listLeases", { path })).body.items).toMatchObject([{ address: ip, client: "m:1:cc", status: "ACTIVE" }]);
  expect((await api.call("listLeases", { path, query: { status: "FREE" } })).body.items).toEqual([]);
  expect((await api.call("getUtilisation", { path })).body.pools).toMatchObject([
    { name: "office", size: 200, active: 0, free: 1, unknown: 199 },
  ]);
  expect((await api.call("getHolder", { path: { site: SITE, ip: "10.1.0.999" } })).body.code).toBe("BAD_ADDRESS");
  expect((await api.call("getHolder", { path: { site: SITE, ip }, query: { at: "yesterday" } })).body.code).toBe("BAD_TIME");
  const backwards = { path, query: { from: time(HOUR), to: time(0) } };
  expect((await api.call("listEvents", backwards)).body.code).toBe("BAD_TIME");
  expect((await api.call("getSiteHistory", backwards)).body.code).toBe("BAD_TIME");
  expect((await api.call("getSiteHistory", { path, query: { from: time(0), to: time(999 * 24 * HOUR) } })).body.code).toBe(
    "RANGE_TOO_LARGE",
  );
  expect((await api.call("getSite", { path, scopes: "none" })).status).toBe(401);
  expect((await api.call("getSite", { path, scopes: ["dhcp/admin"] })).status).toBe(403);
  expect((await api.call("requestPartnerDown", { path, body: "{not json" })).body.code).toBe("BAD_REQUEST");
  expect((await api.call("requestPartnerDown", { path, body: " ".repeat(140_000) })).body).toMatchObject({
    code: "TOO_LARGE",
    status: 413,
  });
});

test("history without an end has what a server whose clock is ahead has told already", async () => {
  await hand("A", fact(5, "m:1:cc", { ts: api.clock.now + 30_000 }));
  const all = (await api.call("getAddressHistory", { path: { site: SITE, ip } })).body;
  expect(all.items.at(-1)).toMatchObject({ client: "m:1:cc", at: time(4 * HOUR + 30_000) });
  const until = (await api.call("getAddressHistory", { path: { site: SITE, ip }, query: { to: time(4 * HOUR) } })).body;
  expect(until.items.length).toBe(all.items.length - 1);
});

test("an address looked up reads two rows of history at most", async () => {
  const limits: (number | undefined)[] = [];
  const { ledger } = api;
  const query = (asked: Parameters<typeof ledger.query>[0]) => {
    limits.push(asked.partition.includes("#H#") ? asked.limit : undefined);
    return ledger.query(asked);
  };
  const counting = { ...ledger, query };
  await invoke({ ...api.deps, ledger: counting }, "getHolder", { path: { site: SITE, ip }, query: { at: time(2.5 * HOUR) } });
  expect(limits.filter((limit) => limit !== undefined)).toEqual([2]);
});
