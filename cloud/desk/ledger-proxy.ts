import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { parseKeyCondition } from "../embedded/expression-parser.ts";
import type { Ask } from "./iam.ts";
import { type Principal, type Principals, TABLE_ARN } from "./principals.ts";
import { bodyOf } from "./request-body.ts";
import { verifySignature } from "./sigv4.ts";

/** The ledger's door on the desk: signatures are checked, and every part of every request is held against the caller's role before it goes on to
 *  the ledger, as DynamoDB does and DynamoDB Local does not. */
export interface LedgerProxy {
  readonly endpoint: string;
  stop(): Promise<void>;
}
type Low = { readonly S?: string };
type Json = Readonly<Record<string, unknown>>;
const BODY_LIMIT = 16_000_000;

/** Listens on loopback, on a free port. `refused` hears of every request that was not let through. */
export async function startLedgerProxy(target: string, principals: Principals, refused: (says: string) => void): Promise<LedgerProxy> {
  const agent = new Agent({ keepAlive: true });
  const server = createServer((request, response) => {
    bodyOf(request, BODY_LIMIT).then(
      (body) => {
        const denied = judge(request, body.toString(), principals);
        if (denied === undefined) return forward(target, agent, request, body, response);
        refused(`${denied.code}: ${denied.says}`);
        const type = denied.code === "AccessDeniedException" ? "com.amazon.coral.service" : "com.amazonaws.dynamodb.v20120810";
        response
          .writeHead(400, { "content-type": "application/x-amz-json-1.0" })
          .end(JSON.stringify({ __type: `${type}#${denied.code}`, message: denied.says, Message: denied.says }));
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the proxy has no address");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function judge(
  request: IncomingMessage,
  body: string,
  principals: Principals,
): { readonly code: string; readonly says: string } | undefined {
  const url = new URL(request.url ?? "/", `http://${request.headers.host ?? "desk"}`);
  const signed = { method: request.method ?? "", url, headers: request.headers, body };
  const verdict = verifySignature(signed, principals.secretOf, Date.now());
  if ("code" in verdict) return verdict;
  const principal = principals.of(verdict.accessKey);
  if (principal === undefined) return { code: "UnrecognizedClientException", says: "Nobody has this key." };
  const operation = String(request.headers["x-amz-target"] ?? "").split(".")[1] ?? "";
  let asks: readonly Omit<Ask, "tags">[];
  try {
    asks = asksOf(operation, JSON.parse(body) as Json);
  } catch {
    return { code: "SerializationException", says: "The request is not one that the desk understands." };
  }
  const denied = asks.find((ask) => !principals.may(principal, ask));
  return denied === undefined ? undefined : { code: "AccessDeniedException", says: denial(principal, denied) };
}

const denial = ({ arn }: Principal, ask: Omit<Ask, "tags">): string =>
  `User: ${arn} is not authorized to perform: ${ask.action} on resource: ${ask.resource} because no identity-based policy allows it (keys: ${(ask.keys ?? []).join(", ")})`;

/** What a request asks for, in IAM's words. A transaction has no action of its own: its parts are judged one by one. */
export function asksOf(operation: string, input: Json): readonly Omit<Ask, "tags">[] {
  const on = (action: string, keys: readonly string[], resource = TABLE_ARN) => ({ action: `dynamodb:${action}`, resource, keys });
  const pk = (row: unknown): string => String((row as { pk?: Low } | undefined)?.pk?.S);
  const part = (action: string, some: Json): Omit<Ask, "tags"> => on(action, [pk(some["Key"] ?? some["Item"])]);
  switch (operation) {
    case "GetItem":
    case "PutItem":
    case "UpdateItem":
    case "DeleteItem":
      return [part(operation, input)];
    case "Query": {
      const index = input["IndexName"];
      const names = (input["ExpressionAttributeNames"] ?? {}) as Record<string, string>;
      const given = (input["ExpressionAttributeValues"] ?? {}) as Record<string, Low>;
      const values = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value.S ?? ""]));
      const { partition } = parseKeyCondition(String(input["KeyConditionExpression"]), { names, values });
      return [on("Query", [partition], index === undefined ? TABLE_ARN : `${TABLE_ARN}/index/${String(index)}`)];
    }
    case "BatchGetItem": {
      const tables = Object.values(input["RequestItems"] as Record<string, { Keys: unknown[] }>);
      return [
        on(
          "BatchGetItem",
          tables.flatMap(({ Keys }) => Keys.map(pk)),
        ),
      ];
    }
    case "TransactGetItems":
      return (input["TransactItems"] as { Get: Json }[]).map(({ Get }) => part("GetItem", Get));
    case "TransactWriteItems":
      return (input["TransactItems"] as Record<string, Json>[]).flatMap((action) =>
        Object.entries(action).map(([kind, some]) => part(kind === "ConditionCheck" ? "ConditionCheckItem" : `${kind}Item`, some)),
      );
    default:
      return [on(operation, [])];
  }
}

function forward(target: string, agent: Agent, request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const onward = httpRequest(target, { method: request.method ?? "POST", headers: request.headers, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.once("error", () => {
    // a kept connection that was closed just then: nothing of the request was looked at
    if (onward.reusedSocket && !response.headersSent) forward(target, agent, request, body, response);
    else response.destroy();
  });
  onward.end(body);
}
