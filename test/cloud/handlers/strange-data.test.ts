import { beforeEach, expect, test } from "vitest";
import { mirror } from "../../../cloud/contract/agent-calls.ts";
import type { Fact } from "../../../cloud/contract/agent-expressions.ts";
import { type Api, createApi, start } from "../../support/api.ts";
import { CONFIG, fact, SITE, senderOf, serverOf, T0 } from "../../support/ledger-samples.ts";

let api: Api;
const OTHER = "PORTO-2";
const ip = "10.1.0.10";
const at = (millis: number) => new Date(T0 + millis).toISOString();
const period = { from: at(0), to: at(3_600_000) };
const hand = async (site: string, ...facts: Fact[]) => {
  const row = await serverOf(api.ledger, "A", site);
  expect((await mirror(api.ledger, senderOf(row), row.ack, facts)).kind).toBe("mirrored");
};
beforeEach(async () => {
  api = createApi();
  for (const site of [SITE, OTHER]) {
    expect((await api.call("registerSite", { path: { site }, body: CONFIG })).status).toBe(200);
    await start(api.ledger, "A", {}, site);
  }
  api.clock.now = T0 + 3_600_000;
});

test("two sites with the same private addresses are kept apart, and both are found by the address", async () => {
  await hand(SITE, fact(1, "m:1:0200000000aa", { ts: T0 }));
  await hand(OTHER, fact(1, "m:1:0200000000bb", { ts: T0 }));
  const holder = async (site: string) => (await api.call("getHolder", { path: { site, ip }, query: { at: at(60_000) } })).body;
  expect(await holder(SITE)).toMatchObject({ holder: { client: "m:1:0200000000aa" }, contested: [] });
  expect(await holder(OTHER)).toMatchObject({ holder: { client: "m:1:0200000000bb" }, contested: [] });
  expect((await api.call("listConflicts", {})).body.items).toEqual([]);
  const found = (await api.call("listSites", { query: { address: ip } })).body.items.map((item: { site: string }) => item.site);
  expect(found.sort()).toEqual([SITE, OTHER]);
  const here = { site: SITE, client: "02:00:00:00:00:bb" };
  expect((await api.call("getClientAddresses", { path: here, query: period })).body.items).toEqual([]);
  expect((await api.call("getClientAddresses", { path: { ...here, site: OTHER }, query: period })).body.items.length).toBe(1);
});

test("names that clients chose come out as text: no formula, no second line, no lost letter, no foreign column", async () => {
  const names = [
    '=HYPERLINK("http://x")',
    "+1",
    "-1",
    "@sum",
    "\t=1",
    "\r=1",
    "\n=1",
    'quo"te',
    "a,b",
    "zeile\nzwei",
    "büro-🦆",
    "\u0000\u001b[2J",
    "x".repeat(255),
  ];
  await hand(
    SITE,
    ...names.map((host, index) =>
      fact(index + 1, `i:${"00".repeat(255)}${index.toString(16).padStart(2, "0")}`, {
        host,
        ts: T0 + index,
        address: `0a0100${(16 + index).toString(16)}`,
      }),
    ),
  );
  const json = (await api.call("listLeases", { path: { site: SITE } })).body.items as { host: string }[];
  expect(json.map(({ host }) => host)).toEqual(names);
  const ndjson = (await api.call("listLeases", { path: { site: SITE }, query: { format: "ndjson" } })).text;
  expect(
    ndjson
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).host),
  ).toEqual(names);
  const rows = parseCsv((await api.call("listLeases", { path: { site: SITE }, query: { format: "csv" } })).text);
  const column = rows[0]!.indexOf("host");
  expect(new Set(rows.map((row) => row.length))).toEqual(new Set([rows[0]!.length]));
  expect(rows.slice(1).map((row) => row[column])).toEqual(names.map((name) => (/^[=+\-@\t\r\n]/.test(name) ? `'${name}` : name)));
});

test("pages taken while the site goes on: what was there is told once, in order", async () => {
  const facts = Array.from({ length: 40 }, (_, index) =>
    fact(index + 1, `m:1:${(index + 16).toString(16)}`, { ts: T0 + index, address: `0a0100${(16 + index).toString(16)}` }),
  );
  await hand(SITE, ...facts);
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let seq = 41; ; seq++) {
    const { body } = await api.call("listLeases", {
      path: { site: SITE },
      query: { limit: "7", ...(cursor === undefined ? {} : { cursor }) },
    });
    seen.push(...body.items.map((item: { address: string }) => item.address));
    cursor = body.cursor;
    if (cursor === undefined) break;
    // a renewal of one that was told, and a new one before and behind the cursor
    await hand(SITE, fact(seq, "m:1:10", { ts: T0 + 1000 * seq, address: "0a010010" }));
    await hand(
      SITE,
      fact(++seq, `m:1:a${seq}`, { ts: T0 + 1000 * seq, address: `0a0100${seq % 4 < 2 ? "0" : "f"}${(seq % 16).toString(16)}` }),
    );
  }
  const known = facts.map(({ address }) => `10.1.0.${Number.parseInt(address.slice(6), 16)}`);
  expect(seen.filter((address) => known.includes(address))).toEqual(known);
  expect(new Set(seen).size).toBe(seen.length);
});

test("a name that is out of service keeps its history, and is not given to another pair", async () => {
  await hand(SITE, fact(1, "m:1:aa", { ts: T0 }));
  await api.call("decommissionSite", { path: { site: SITE }, body: { reason: "the branch closed" } });
  expect((await api.call("registerSite", { path: { site: SITE }, body: CONFIG })).body.code).toBe("SITE_EXISTS");
  expect((await api.call("getHolder", { path: { site: SITE, ip }, query: { at: at(60_000) } })).body.holder.client).toBe("m:1:aa");
});

test("a client is found however its MAC address is written; what names no client is said", async () => {
  await hand(SITE, fact(1, "m:1:02000000000c", { ts: T0 }), fact(2, "i:01ff", { ts: T0 + 1000, address: "0a01000b" }));
  const asked = (client: string) => api.call("getClientAddresses", { path: { site: SITE, client }, query: period });
  const mac = [
    "02:00:00:00:00:0c",
    "02-00-00-00-00-0C",
    "0200.0000.000c",
    "02000000000c",
    "2:0:0:0:0:c",
    "m:1:02:00:00:00:00:0c",
    "M:1:02000000000C",
  ];
  for (const client of mac) expect((await asked(client)).body.items?.length, client).toBe(1);
  for (const client of ["i:01ff", "i:01:ff", "I:01FF"]) expect((await asked(client)).body.items?.length, client).toBe(1);
  for (const client of ["zz", "02:00:00:00:00", "i:zz", "m:x:00", "10.1.0.10"])
    expect((await asked(client)).body, client).toMatchObject({
      status: 400,
      code: "BAD_REQUEST",
      detail: expect.stringContaining("02:00:00:00:00:01"),
    });
});

test("what is wrong with a request is told with its place, what would be right and what was given", async () => {
  const detail = async (body: object) =>
    (await api.call("registerSite", { path: { site: "NEW-1" }, body: { ...CONFIG, ...body } })).body.detail;
  const pool = (name: string, from: string, to: string) => ({ name, from, to });
  expect(await detail({ autonomyMs: 5000 })).toBe("body.autonomyMs must be 60000 or more, not 5000");
  expect(await detail({ mcltMs: "5" })).toBe('body.mcltMs must be a number, not "5"');
  expect(await detail({ foreign: "C" })).toBe('body.foreign must be one of A, B, none, not "C"');
  expect(await detail({ names: { A: "x" } })).toBe("body.names.B is missing");
  expect(await detail({ names: { A: "x", B: "X" } })).toContain("tell the two servers apart");
  expect(await detail({ names: { A: "b", B: "a" } })).toContain("body.names.A must not be what the other server is called");
  expect(await detail({ pools: [pool("p", "10.1.0.20", "10.1.0.10")] })).toBe("body.pools.0.to must not be before from");
  expect(await detail({ pools: [pool("p", "10.1.0.1", "10.1.0.9"), pool("q", "10.1.0.9", "10.1.0.20")] })).toContain(
    "must not overlap with pool p",
  );
  expect(await detail({ pools: [pool("p", "fe80::1", "10.1.0.9")] })).toContain("must be an IPv4 address such as 10.1.0.17");
  const asked = async (query: Record<string, string>) => (await api.call("listEvents", { path: { site: SITE }, query })).body;
  expect(await asked({ from: "2026-01-15T10:00:00" })).toMatchObject({
    code: "BAD_TIME",
    detail: expect.stringContaining("with its zone"),
  });
  expect(await asked({ limit: "100000" })).toMatchObject({ detail: 'query.limit must be 1000 or less, not "100000"' });
  expect(await asked({ bogus: "1" })).toMatchObject({ detail: "query has no bogus" });
});

/** RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (let place = 0; place < text.length; ) {
    let cell = "";
    if (text[place] === '"') {
      for (place++; text[place] !== '"' || text[place + 1] === '"'; place++) {
        cell += text[place];
        if (text[place] === '"') place++;
      }
      place++;
    } else for (; place < text.length && text[place] !== "," && !text.startsWith("\r\n", place); place++) cell += text[place];
    rows.at(-1)!.push(cell);
    if (text[place] === ",") place++;
    else {
      place += 2;
      if (place < text.length) rows.push([]);
    }
  }
  return rows;
}
