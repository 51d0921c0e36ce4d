import type { APIGatewayProxyEventV2 } from "aws-lambda";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
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
beforeAll(async () => {
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
const NAMES = [
  ...["survivor", "sole", "force", "reason", "standing", "expectedEpoch", "sites", "atOnce", "stopAfter", "waitMs", "settleMs", "attested"],
  ...["names", "pools", "serials", "mcltMs", "maxLeaseMs", "autonomyMs", "foreign", "operator", "actedAt", "__proto__", "toString"],
];
const BODIES: fc.Arbitrary<unknown> = fc.oneof(
  fc.dictionary(fc.constantFrom(...NAMES), values, { maxKeys: 8 }),
  fc.constant({ ...CONFIG, pools: Array.from({ length: 300 }, () => CONFIG.pools[0]) }),
  fc.constant({ survivor: "B", force: { attestation: "PARTNER IS POWERED OFF", reason: "because" } }),
  fc.constant({ sites: [SITE], survivor: "B", reason: "because" }),
  values,
);
const raw = fc.oneof(
  BODIES.map((body) => JSON.stringify(body) ?? ""),
  fc.string({ maxLength: 100 }),
  fc.constantFrom("{", "[".repeat(5000), '{"a":'.repeat(3000), "\u0000", "null", `"${"x".repeat(140_000)}"`),
);
const queries = fc.dictionary(
  fc.constantFrom("from", "to", "at", "cursor", "limit", "format", "state", "silent", "address", "status", "site", "all", "x"),
  words,
  {
    maxKeys: 4,
  },
);
const callers = fc.constantFrom("operator", "agent", "stranger", "broken");

test.each(ROUTE_NAMES)(
  "whatever %s is sent, it answers by its contract: no fault of ours, a problem document, few rows read",
  async (name) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(words, { minLength: 3, maxLength: 3 }),
        queries,
        raw,
        callers,
        words,
        async (path, query, body, caller, key) => {
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
          if (status === 200) return;
          expect(type).toBe("application/problem+json");
          const problem = JSON.parse(String(result.body)) as { status: number; code: keyof typeof PROBLEMS; type: string; detail: string };
          expect(problem).toMatchObject({ status, type: `urn:tandem:problem:${problem.code}` });
          expect(PROBLEMS[problem.code].status).toBe(status);
          expect(status).not.toBe(500);
          expect(problem.detail).not.toMatch(/\bat .*\.ts:|node_modules|received undefined|ZodError/);
          expect(problem.detail.length).toBeLessThan(20_000);
        },
      ),
      { numRuns: 60, seed: 20260115 },
    );
  },
);

function eventOf(
  name: RouteName,
  given: { path: string[]; query: Record<string, string>; body: string; caller: string; key: string },
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
  // half of the paths are right: what lies behind them is reached too
  const right: Record<string, string> = { site: SITE, server: "A", ip: "10.1.0.10", client: "m:1:aa", id: "00000000-0000" };
  const pathParameters = Object.fromEntries(
    params.map((param, index) => [param, given.body.length % 2 === 0 ? right[param] : given.path[index]]),
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
