import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { boot } from "../../cloud/contract/agent-calls.ts";
import { heartbeatWrite, type Pulse } from "../../cloud/contract/agent-expressions.ts";
import { ROUTES, type RouteName } from "../../cloud/contract/api.ts";
import { SCOPES } from "../../cloud/contract/api-route.ts";
import type { Srv } from "../../cloud/contract/items.ts";
import type { Ledger } from "../../cloud/contract/ledger.ts";
import { certainlyOverMs, peerLeaseOverMs } from "../../cloud/contract/switch-expressions.ts";
import { partnerOf, type ServerName } from "../../cloud/contract/tables.ts";
import type { Deps } from "../../cloud/deps.ts";
import { type EmbeddedLedgerOptions, embeddedLedger } from "../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../cloud/embedded/table.ts";
import { HANDLERS } from "../../cloud/handlers/all.ts";
import { http } from "../../cloud/middleware/http.ts";
import { must, pulse, SITE, senderOf, serverOf, T0 } from "./ledger-samples.ts";

export interface Called {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}
export interface Call {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Scopes of the operator's token; default all. `none` = no token. */
  readonly scopes?: readonly string[] | "none";
  /** Session of an agent instead. */
  readonly session?: string;
}
/** The control plane's routes on an embedded ledger, with a clock that stands still unless it is moved. */
export function createApi(options: EmbeddedLedgerOptions = {}) {
  const table = createEmbeddedTable();
  const ledger = embeddedLedger(table, options);
  const logged: object[] = [];
  const log = {
    info: (fields: object) => void logged.push(fields),
    warn: (fields: object) => void logged.push(fields),
    error: (fields: object) => void logged.push(fields),
  };
  const clock = { now: T0 };
  let ids = 0;
  const deps: Deps = {
    ledger,
    now: () => clock.now,
    newId: () => `0000${(ids++).toString(16).padStart(8, "0")}`,
    cursorKey: "a key for the tests",
    log,
  };
  return { table, ledger, deps, clock, logged, call: <Name extends RouteName>(name: Name, call: Call = {}) => invoke(deps, name, call) };
}
export type Api = ReturnType<typeof createApi>;

/** Calls a route through the whole chain, as the gateway would. */
export async function invoke<Name extends RouteName>(deps: Deps, name: Name, call: Call): Promise<Called> {
  const handler = http(deps, name, HANDLERS[name]);
  const result = await handler(eventOf(name, call), { getRemainingTimeInMillis: () => 10_000 } as never);
  const text = String(result.body ?? "");
  const headers = Object.fromEntries(Object.entries(result.headers ?? {}).map(([key, value]) => [key.toLowerCase(), String(value)]));
  return {
    status: result.statusCode ?? 0,
    headers,
    text,
    body: headers["content-type"]?.includes("json") === true && !headers["content-type"].includes("ndjson") ? JSON.parse(text) : undefined,
  };
}

function eventOf(name: RouteName, call: Call): APIGatewayProxyEventV2 {
  const route = ROUTES[name];
  const scopes = call.scopes === undefined ? Object.keys(SCOPES) : call.scopes;
  const operator = scopes === "none" ? {} : { jwt: { claims: { sub: "ana", scope: scopes.join(" ") }, scopes: null } };
  const authorizer =
    call.session === undefined ? operator : { iam: { userArn: `arn:aws:sts::123456789012:assumed-role/tandem-agent/${call.session}` } };
  return {
    version: "2.0",
    routeKey: `${route.method} ${route.path}`,
    rawPath: route.path,
    rawQueryString: "",
    headers: { ...(call.body === undefined ? {} : { "Content-Type": "application/json" }), ...call.headers },
    requestContext: { requestId: "r-1", authorizer } as never,
    isBase64Encoded: false,
    pathParameters: { ...call.path },
    queryStringParameters: { ...call.query },
    ...(call.body === undefined ? {} : { body: typeof call.body === "string" ? call.body : JSON.stringify(call.body) }),
  };
}

/** Starts a server: it takes its item over and beats once. */
export async function start(ledger: Ledger, server: ServerName, over: Partial<Pulse> = {}, site = SITE): Promise<Srv> {
  const taken = await boot(ledger, await serverOf(ledger, server, site), `run-${server}`);
  if (taken.kind !== "booted") throw new Error(`not booted: ${JSON.stringify(taken)}`);
  return beat(ledger, server, over, site);
}
/** One more heartbeat of a server in step with its item. */
export async function beat(ledger: Ledger, server: ServerName, over: Partial<Pulse> = {}, site = SITE, at = T0): Promise<Srv> {
  const row = await serverOf(ledger, server, site);
  must(await ledger.write(heartbeatWrite({ ...senderOf(row), at }, pulse({ beat: row.bn + 1, ...over }))));
  return serverOf(ledger, server, site);
}
/** `survivor` publishes that its partner's counter has stood still for `stillMs`; default: long enough. */
export async function watch(ledger: Ledger, survivor: ServerName, stillMs?: number, site = SITE): Promise<Srv> {
  const partner = await serverOf(ledger, partnerOf(survivor), site);
  const still = stillMs ?? certainlyOverMs(partner.lm);
  return beat(
    ledger,
    survivor,
    {
      partnerHb: partner.hb,
      partnerStillMs: still,
      peerLeaseAgoMs: stillMs ?? Math.max(still, peerLeaseOverMs()),
      failoverState: "COMMUNICATIONS-INTERRUPTED",
    },
    site,
  );
}
