import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { bodyOf } from "./request-body.ts";
import type { SignedRequest } from "./sigv4.ts";
import type { TemplateRoute } from "./template.ts";

/** Calls a function of the bundle by its handler. */
export type Invoke = (handler: string, event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;
/** Stand-ins of the two authorizers. Each gives what the gateway would put into the event, or undefined: not let in. */
export interface Authorizers {
  jwt(
    token: string,
    scopes: readonly string[],
  ): Promise<{ readonly status: 200; readonly authorizer: object } | { readonly status: 401 | 403 }>;
  iam(request: SignedRequest): { readonly status: 200; readonly authorizer: object } | { readonly status: 403; readonly says: string };
}
const BODY_LIMIT = 10_000_000;

/** An HTTP server that speaks API Gateway's payload 2.0 to the functions, as the HTTP API would. */
export function createGateway(routes: readonly TemplateRoute[], invoke: Invoke, authorizers: Authorizers): Server {
  // Literal parts before parameters, as the gateway prefers them.
  const ordered = [...routes].sort((left, right) => left.path.split("{").length - right.path.split("{").length);
  const table = ordered.map((route) => ({ route, pattern: patternOf(route.path) }));
  return createServer((request, response) => {
    const send = (status: number, headers: Record<string, string>, body: string) => response.writeHead(status, headers).end(body);
    handle(request).then(
      (result) => send(result.statusCode ?? 200, headersOf(result), String(result.body ?? "")),
      () => send(500, { "content-type": "application/json" }, '{"message":"Internal Server Error"}'),
    );
  });

  async function handle(request: IncomingMessage): Promise<APIGatewayProxyStructuredResultV2> {
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? "desk"}`);
    if (!isDecodable(url.pathname)) return short(400, "Bad Request");
    const hit = table.find(({ route, pattern }) => route.method === request.method && pattern.test(url.pathname));
    if (hit === undefined) return short(404, "Not Found");
    const { route } = hit;
    const body = (await bodyOf(request, BODY_LIMIT)).toString();
    const verdict =
      route.authorization === "JWT"
        ? await authorizers.jwt((request.headers.authorization ?? "").replace(/^Bearer /i, ""), route.scopes)
        : authorizers.iam({ method: route.method, url, headers: request.headers, body });
    if (verdict.status !== 200)
      return short(verdict.status, "says" in verdict ? String(verdict.says) : verdict.status === 401 ? "Unauthorized" : "Forbidden");
    const event = eventOf(request, url, route, hit.pattern.exec(url.pathname)?.groups ?? {}, verdict.authorizer, body);
    return invoke(route.handler, event);
  }
}

/** Percent signs that stand for no text are the gateway's to refuse. */
function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{([a-z]+)\}/g, "(?<$1>[^/]+)")}$`);
const short = (statusCode: number, message: string): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ message }),
});
const headersOf = (result: APIGatewayProxyStructuredResultV2): Record<string, string> =>
  Object.fromEntries(Object.entries(result.headers ?? {}).map(([name, value]) => [name, String(value)]));

function eventOf(
  request: IncomingMessage,
  url: URL,
  route: TemplateRoute,
  params: Record<string, string>,
  authorizer: object,
  body: string,
): APIGatewayProxyEventV2 {
  const routeKey = `${route.method} ${route.path}`;
  const query = Object.fromEntries(url.searchParams);
  const now = Date.now();
  return {
    version: "2.0",
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(",")])),
    pathParameters: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)])),
    ...(Object.keys(query).length > 0 ? { queryStringParameters: query } : {}),
    requestContext: {
      accountId: "000000000000",
      apiId: "desk",
      domainName: "localhost",
      domainPrefix: "localhost",
      http: {
        method: route.method,
        path: url.pathname,
        protocol: "HTTP/1.1",
        sourceIp: "127.0.0.1",
        userAgent: String(request.headers["user-agent"] ?? ""),
      },
      requestId: randomUUID(),
      routeKey,
      stage: "$default",
      time: new Date(now).toISOString(),
      timeEpoch: now,
      authorizer,
    } as APIGatewayProxyEventV2["requestContext"],
    isBase64Encoded: false,
    ...(body === "" ? {} : { body }),
  };
}
