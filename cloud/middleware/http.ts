import middy from "@middy/core";
import httpHeaderNormalizer from "@middy/http-header-normalizer";
import httpJsonBodyParser from "@middy/http-json-body-parser";
import httpSecurityHeaders from "@middy/http-security-headers";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type * as z from "zod";
import { ROUTES, type RouteName } from "../contract/api.ts";
import type { Route } from "../contract/api-route.ts";
import { LedgerUnavailable } from "../contract/ledger.ts";
import { type Refused, refused } from "../contract/problem.ts";
import type { Caller, Deps, Handler, Request } from "../deps.ts";
import { authorise } from "./authorise.ts";
import { inWords } from "./in-words.ts";
import { problemResponse } from "./problem.ts";
import { requestLog } from "./request-log.ts";
import { CONTENT_TYPE, columnsOf, csv, formatOf, ndjson, rowsOf } from "./rows.ts";

type Answer = APIGatewayProxyStructuredResultV2;
/** A Lambda function behind the HTTP API. */
export type RouteFunction = (event: APIGatewayProxyEventV2, context: never) => Promise<Answer>;

/** Longest body that is looked at, in characters: a fleet failover of 2,000 sites has half of it. */
const LONGEST_BODY = 128 * 1024;

/** The one chain that every route runs in: headers, JSON, authorisation, schemas, handler, problems, log. */
export function http<Name extends RouteName>(deps: Deps, name: Name, handler: Handler<Name>): RouteFunction {
  const route: Route = ROUTES[name];
  const inner = async (event: APIGatewayProxyEventV2): Promise<Answer> => {
    const requestId = event.requestContext.requestId;
    const caller = authorise(route, event);
    if ("code" in caller) return problemResponse(caller, requestId);
    const request = parse(route, event, caller);
    if ("code" in request) return problemResponse(request, requestId);
    const outcome = await handler(deps, request as unknown as Request<Name>);
    return outcome.kind === "refused" ? problemResponse(outcome, requestId) : answer(route, event, outcome.body);
  };
  const chain = middy<APIGatewayProxyEventV2, Answer>()
    .use(requestLog(deps.log, name, deps.now))
    .use(sizeCap())
    .use(httpSecurityHeaders())
    .use(httpHeaderNormalizer())
    .use(httpJsonBodyParser({ disableContentTypeError: true }))
    .onError((request) => {
      request.response = failure(deps, name, request.event, request.error);
    })
    .handler(inner);
  return chain as unknown as RouteFunction;
}

/** Answers a body that is too long before anything reads it. */
const sizeCap = (): middy.MiddlewareObj<APIGatewayProxyEventV2, Answer> => ({
  before: ({ event }) => {
    if ((event.body ?? "").length <= LONGEST_BODY) return undefined;
    return problemResponse(refused("TOO_LARGE", `A body has ${LONGEST_BODY / 1024} KiB at most.`), event.requestContext.requestId);
  },
});

/** What a handler threw: a ledger that does not answer, a body that is no JSON, or a fault of ours, of which the caller learns nothing. */
function failure(deps: Deps, route: string, event: APIGatewayProxyEventV2, error: unknown): Answer {
  const requestId = event.requestContext.requestId;
  if (error instanceof LedgerUnavailable) {
    deps.log.warn({ event: "ledger-unavailable", route, requestId, cause: error.message }, "the ledger does not answer");
    return problemResponse(refused("LEDGER_BUSY", "The ledger does not answer; try again.", { retryAfterMs: 1000 }), requestId);
  }
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  if (status === 415 || status === 422 || status === 400) return problemResponse(refused("BAD_REQUEST", "The body is no JSON."), requestId);
  deps.log.error({ event: "fault", route, requestId, error }, "a request failed by our fault");
  return problemResponse(refused("INTERNAL", "The fault is logged under this request's id."), requestId);
}

function parse(route: Route, event: APIGatewayProxyEventV2, caller: Caller): object | Refused {
  const decoded = Object.fromEntries(Object.entries(event.pathParameters ?? {}).map(([name, value]) => [name, decode(value ?? "")]));
  const params = route.params.safeParse(decoded);
  const query = route.query.strict().safeParse(event.queryStringParameters ?? {});
  const body = route.body?.safeParse(event.body ?? {});
  for (const [part, parsed, given] of [
    ["path", params, decoded],
    ["query", query, event.queryStringParameters ?? {}],
    ["body", body, event.body ?? {}],
  ] as const) {
    if (parsed !== undefined && !parsed.success) return malformed(part, parsed.error, given);
  }
  const key = event.headers["idempotency-key"];
  if (key !== undefined && !/^[\x21-\x7e]{8,128}$/.test(key))
    return refused("BAD_REQUEST", "Idempotency-Key is 8 to 128 printable characters.");
  return { params: params.data, query: query.data, body: body?.data, caller, idempotencyKey: route.idempotent === true ? key : undefined };
}

/** Some gateways hand path parameters over still percent-encoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function malformed(part: string, error: z.ZodError, given: unknown): Refused {
  const errors = error.issues.map((issue) => ({
    at: `${part}${issue.path.map((step) => `.${String(step)}`).join("")}`,
    problem: inWords(issue, given),
  }));
  const code = errors.some(({ at }) => /\.(at|from|to|actedAt)$/.test(at)) ? "BAD_TIME" : "BAD_REQUEST";
  return refused(code, errors.map(({ at, problem }) => `${at} ${problem}`).join("; "), { errors });
}

function answer(route: Route, event: APIGatewayProxyEventV2, body: unknown): Answer {
  const format = route.rows === true ? formatOf(event.queryStringParameters?.["format"], event.headers["accept"]) : "json";
  const headers = { "content-type": CONTENT_TYPE[format], "cache-control": "no-store" };
  if (format === "json") return { statusCode: 200, headers, body: JSON.stringify(body) };
  const rows = rowsOf(body);
  const text = format === "csv" ? csv(rows, columnsOf(route.response)) : ndjson(rows);
  return { statusCode: 200, headers: { ...headers, ...besideRows(body) }, body: text };
}

/** What an answer says beside its rows. */
function besideRows(body: unknown): Record<string, string> {
  const { cursor, certainty } = body as { cursor?: string; certainty?: { level: string; completeUntil: string | null; knownFrom: string } };
  return {
    ...(cursor === undefined ? {} : { "x-next-cursor": cursor }),
    ...(certainty === undefined
      ? {}
      : {
          "x-certainty": certainty.level,
          "x-complete-until": certainty.completeUntil ?? "unknown",
          "x-known-from": certainty.knownFrom,
        }),
  };
}
