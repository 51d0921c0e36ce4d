import type { APIGatewayProxyEventV2 } from "aws-lambda";
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { mirror } from "../../cloud/contract/agent-calls.ts";
import { ROUTE_NAMES, ROUTES, type RouteName } from "../../cloud/contract/api.ts";
import { SCOPES } from "../../cloud/contract/api-route.ts";
import type { Ledger } from "../../cloud/contract/ledger.ts";
import { PROBLEMS } from "../../cloud/contract/problem.ts";
import { HANDLERS } from "../../cloud/handlers/all.ts";
import { http } from "../../cloud/middleware/http.ts";
import { type Api, beat, createApi, start } from "../support/api.ts";
import { CONFIG, fact, SITE, senderOf, serverOf, T0 } from "../support/ledger-samples.ts";

/** More than any one request may read: the longest page of a client's index, and the rows of two further lists. */
const MOST_ROWS = 12_000;

let api: Api;
let ids: { [Name in RouteName]?: string } = {};
beforeEach(async () => {
  api = createApi();
  await api.call("registerSite", { path: { site: SITE }, body: CONFIG });
  for (const server of ["A", "B"] as const) await start(api.ledger, server);
  const hand = async (server: "A" | "B", ...facts: Parameters<typeof mirror>[3]) => {
    const row = await serverOf(api.ledger, server);
    await mirror(api.ledger, senderOf(row), row.ack, facts);
  };
  for (let seq = 1; seq <= 30; seq++) await hand("A", fact(seq, "m:1:aa", { ts: T0 + seq * 60_000 }));
  await hand("B", fact(1, "m:1:bb", { ts: T0 + 31 * 60_000, server: "B" }));
  for (const server of ["A", "B"] as const) await beat(api.ledger, server, {}, SITE, T0 + 3_600_000);
  api.clock.now = T0 + 3_600_000;
  const conflicts = (await api.call("listConflicts", {})).body.items;
  const body = { sites: [SITE], survivor: "B", reason: "because" };
  const plan = (await api.call("startFailover", { body })).body.id;
  ids = { resolveConflict: conflicts[0].id, getFailover: plan, advanceFailover: plan, stopFailover: plan };
});

/** What is nearly right, and what is not at all. */
const words = fc.oneof(
  fc.constantFrom(SITE, "NOWHERE-9", "S#X", "*", "A", "B", "10.1.0.10", "10.1.0.300", "fe80::1", "0x0a01000a", "..", "%00", "", " "),
  fc.constantFrom("02:00:00:00:00:aa", "i:00", "m:1:aa", "m:999:", "C#x", "ACTIVE", "1", "-1", "1e9", "NaN", "true", "json", "csv", "~"),
  fc.constantFrom(
    "2026-01-15T10:00:00Z",
    "2026-01-15T10:00:00",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59+14:00",
    "+010000-01-01T00:00:00Z",
  ),
  fc.constantFrom("__proto__", "constructor", "toString", "eyJ2IjoxfQ.AAAA", "PARTNER IS POWERED OFF", "\u0000", "\ud800", "🦆"),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 200 }),
);
const values: fc.Arbitrary<unknown> = fc.oneof(
  words,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.jsonValue({ maxDepth: 3 }),
);
/** A request that the route takes, for what is replaced in it. */
const RIGHT_BODY: { readonly [Name in RouteName]?: Record<string, unknown> } = {
  registerSite: CONFIG,
  configureSite: { autonomyMs: 120_000, pools: CONFIG.pools },
  decommissionSite: { reason: "closed" },
  requestPartnerDown: {
    survivor: "B",
    standing: true,
    reason: "because",
    force: { attestation: "PARTNER IS POWERED OFF", reason: "because" },
  },
  recoverSite: { expectedEpoch: 1, reason: "because" },
  markRestored: { generation: 1, reason: "because" },
  settleSite: { word: { sole: "B", reason: "because" } },
  takeOver: { survivor: "B", force: { attestation: "PARTNER IS POWERED OFF", reason: "because" } },
  startFailover: { sites: [SITE, "NOWHERE-9"], survivor: "B", reason: "because", atOnce: 2 },
  stopFailover: { reason: "because" },
  resumeFailover: { reason: "because" },
  resolveConflict: { reason: "because" },
  agentPartnerDown: { expectedEpoch: 1, attested: { operator: "console", reason: "because", actedAt: "2026-01-15T10:00:00Z" } },
  agentWord: { operator: "console", reason: "because", actedAt: "2026-01-15T10:00:00Z" },
  agentClear: { expectedEpoch: 1 },
};
const RIGHT_QUERY: Record<string, string> = { from: "2026-01-15T09:00:00Z", to: "2026-01-15T12:00:00Z" };

const bodiesOf = (name: RouteName): fc.Arbitrary<string> => {
  const right = RIGHT_BODY[name] ?? {};
  const keys = [...Object.keys(right), "x", "__proto__"];
  const bent = fc.dictionary(fc.constantFrom(...keys), values, { maxKeys: 1 }).map((change) => JSON.stringify({ ...right, ...change }));
  const wrong = fc.oneof(
    values.map((body) => JSON.stringify(body) ?? ""),
    fc.string({ maxLength: 100 }),
    fc.constant(JSON.stringify({ ...CONFIG, pools: Array.from({ length: 300 }, () => CONFIG.pools[0]) })),
    fc.constantFrom("{", "[".repeat(5000), '{"a":'.repeat(3000), "\u0000", "null", `"${"x".repeat(140_000)}"`),
  );
  return fc.oneof({ weight: 3, arbitrary: bent }, { weight: 1, arbitrary: wrong });
};
const queriesOf = (name: RouteName): fc.Arbitrary<Record<string, string>> => {
  const known = Object.keys(ROUTES[name].query.shape);
  const right = Object.fromEntries(Object.entries(RIGHT_QUERY).filter(([key]) => known.includes(key)));
  return fc.dictionary(fc.constantFrom(...known, "x"), words, { maxKeys: 1 }).map((change) => ({ ...right, ...change }));
};
/** A word in place of one of the path's parameters, or of none. */
const keys = fc.oneof({ weight: 4, arbitrary: fc.constant("") }, { weight: 1, arbitrary: words });
const bending = fc.option(fc.tuple(fc.nat(1), words), { nil: undefined, freq: 2 });
const callersOf = (name: RouteName) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(ROUTES[name].auth.kind === "iam" ? "agent" : "operator") },
    { weight: 1, arbitrary: fc.constantFrom("operator", "agent", "stranger", "broken") },
  );
/** What a site that is a pair, and a plan that runs, let nobody do. */
const NEVER_DONE: ReadonlySet<RouteName> = new Set<RouteName>([
  "takeOver",
  "recoverSite",
  "settleSite",
  "agentClear",
  "resumeFailover",
  "cancelPartnerDown",
]);

test.each(ROUTE_NAMES)(
  "whatever %s is sent, it answers by its contract: no fault of ours, a problem document, few rows read",
  async (name) => {
    let done = 0;
    await fc.assert(
      fc.asyncProperty(bending, queriesOf(name), bodiesOf(name), callersOf(name), keys, async (path, query, body, caller, key) => {
        let rows = 0;
        const counting: Ledger = {
          ...api.ledger,
          query: async (asked) => {
            const page = await api.ledger.query(asked);
            rows += page.items.length;
            return page;
          },
        };
        const before = api.logged.length;
        const handler = http({ ...api.deps, ledger: counting }, name, HANDLERS[name] as never);
        const result = await handler(eventOf(name, { path, query, body, caller, key }), {
          getRemainingTimeInMillis: () => 10_000,
        } as never);
        const status = result.statusCode ?? 0;
        const type = String(Object.entries(result.headers ?? {}).find(([header]) => header.toLowerCase() === "content-type")?.[1]);
        expect(api.logged.slice(before).filter((line) => (line as { event?: string }).event === "fault")).toEqual([]);
        expect(rows).toBeLessThan(MOST_ROWS);
        if (status === 200) {
          done += 1;
          return;
        }
        expect(type).toBe("application/problem+json");
        const problem = JSON.parse(String(result.body)) as { status: number; code: keyof typeof PROBLEMS; type: string; detail: string };
        expect(problem).toMatchObject({ status, type: `urn:tandem:problem:${problem.code}` });
        expect(PROBLEMS[problem.code].status).toBe(status);
        expect(status).not.toBe(500);
        expect(problem.detail).not.toMatch(/\bat .*\.ts:|node_modules|received undefined|ZodError/);
        expect(problem.detail.length).toBeLessThan(20_000);
      }),
      { numRuns: 60, seed: 20260115 },
    );
    // otherwise nothing behind the door was tried
    expect(done > 0 || NEVER_DONE.has(name)).toBe(true);
  },
);

function eventOf(
  name: RouteName,
  given: { path: [number, string] | undefined; query: Record<string, string>; body: string; caller: string; key: string },
): APIGatewayProxyEventV2 {
  const route = ROUTES[name];
  const params = Object.keys(route.params.shape);
  const jwt = { claims: { sub: "ana", scope: Object.keys(SCOPES).join(" ") }, scopes: null };
  const authorizer = {
    operator: { jwt },
    agent: { iam: { userArn: "arn:aws:sts::123456789012:assumed-role/tandem-agent/0a" } },
    stranger: {},
    broken: { jwt: { claims: {} }, iam: { userArn: "x" } },
  }[given.caller];
  const right: Record<string, string> = {
    site: name === "registerSite" ? "NEW-1" : SITE,
    server: "A",
    ip: "10.1.0.10",
    client: "m:1:aa",
    id: ids[name] ?? "00000000-0000",
  };
  const pathParameters = Object.fromEntries(
    params.map((param, index) => [param, index === given.path?.[0] ? given.path[1] : right[param]]),
  );
  return {
    version: "2.0",
    routeKey: `${route.method} ${route.path}`,
    rawPath: route.path,
    rawQueryString: "",
    headers: { "content-type": "application/json", ...(given.key === "" ? {} : { "Idempotency-Key": given.key }) },
    pathParameters,
    ...(Object.keys(given.query).length === 0 ? {} : { queryStringParameters: given.query }),
    requestContext: { requestId: "r-1", http: { method: route.method, path: route.path }, authorizer } as never,
    isBase64Encoded: false,
    ...(given.body === "" ? {} : { body: given.body }),
  };
}
