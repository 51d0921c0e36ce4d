import { createServer } from "node:http";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Condition, Item, Key, Query, Value, Write } from "../contract/expression.ts";
import type { WriteOutcome } from "../contract/ledger.ts";
import { parseCondition, parseKeyCondition, parseUpdate } from "./expression-parser.ts";
import type { EmbeddedTable } from "./table.ts";

/** The embedded table behind DynamoDB's own wire protocol, so that agents and functions reach it with the AWS SDK as they reach AWS. It
 *  speaks what the ledger uses, keeps everything in memory, and asks for no credentials. */
export interface WireServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}
type Json = Readonly<Record<string, unknown>>;
type Low = Parameters<typeof unmarshall>[0];
/** An answer that the SDK turns into an exception. */
class Fault extends Error {
  readonly type: string;
  readonly more: Json;
  constructor(type: string, message: string, more: Json = {}) {
    super(message);
    this.type = type;
    this.more = more;
  }
}
const BODY_LIMIT = 8_000_000;

/** Listens on loopback, on a free port unless one is given. */
export async function startWireServer(table: EmbeddedTable, port = 0): Promise<WireServer> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_LIMIT) request.destroy();
      else chunks.push(chunk);
    });
    request.on("end", () => {
      const operation = String(request.headers["x-amz-target"] ?? "").split(".")[1] ?? "";
      const { status, body } = answer(table, operation, Buffer.concat(chunks).toString());
      response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no address");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(table: EmbeddedTable, operation: string, text: string): { status: number; body: unknown } {
  try {
    return { status: 200, body: perform(table, operation, JSON.parse(text) as Json) };
  } catch (error) {
    const fault = error instanceof Fault ? error : new Fault("ValidationException", error instanceof Error ? error.message : String(error));
    return {
      status: 400,
      body: { __type: `com.amazonaws.dynamodb.v20120810#${fault.type}`, message: fault.message, Message: fault.message, ...fault.more },
    };
  }
}

function perform(table: EmbeddedTable, operation: string, input: Json): unknown {
  switch (operation) {
    case "CreateTable":
    case "UpdateTimeToLive":
      return {};
    case "GetItem":
      return found(table.get(keyOf(input["Key"])));
    case "TransactGetItems":
      return { Responses: (input["TransactItems"] as { Get: Json }[]).map(({ Get }) => found(table.get(keyOf(Get["Key"])))) };
    case "BatchGetItem":
      return batchGet(table, input["RequestItems"] as Record<string, { Keys: unknown[] }>);
    case "Query":
      return query(table, input);
    case "PutItem":
      return single(table.write(putOf(input)), false);
    case "UpdateItem":
      return single(table.write(updateOf(input)), true);
    case "TransactWriteItems":
      return transact(table, input["TransactItems"] as { Put?: Json; Update?: Json }[]);
    default:
      throw new Fault("UnknownOperationException", `the embedded ledger has no ${operation}`);
  }
}

const low = (item: Item): Low => marshall(item, { removeUndefinedValues: true }) as Low;
const plain = (item: unknown): Item => unmarshall(item as Low) as Item;
const found = (item: Item | undefined) => (item === undefined ? {} : { Item: low(item) });
const keyOf = (key: unknown): Key => plain(key) as unknown as Key;
const namesOf = (input: Json) => ({
  names: (input["ExpressionAttributeNames"] ?? {}) as Record<string, string>,
  values: plain(input["ExpressionAttributeValues"] ?? {}) as Record<string, Value>,
});
const conditionOf = (input: Json): Condition | undefined =>
  typeof input["ConditionExpression"] === "string" ? parseCondition(input["ConditionExpression"], namesOf(input)) : undefined;
const putOf = (input: Json): Write => ({ kind: "put", item: plain(input["Item"]) as Item & Key, when: conditionOf(input) });
const updateOf = (input: Json): Write => ({
  kind: "update",
  key: keyOf(input["Key"]),
  update: parseUpdate(String(input["UpdateExpression"]), namesOf(input)),
  when: conditionOf(input),
});

function single(outcome: WriteOutcome, withItem: boolean): unknown {
  if (outcome.kind === "done") return withItem && outcome.item !== undefined ? { Attributes: low(outcome.item) } : {};
  const reason = outcome.kind === "refused" ? outcome.reasons[0] : undefined;
  throw new Fault(
    "ConditionalCheckFailedException",
    "The conditional request failed",
    reason?.kind === "condition" ? found(reason.item) : {},
  );
}

function transact(table: EmbeddedTable, actions: readonly { Put?: Json; Update?: Json }[]): unknown {
  const outcome = table.transact(actions.map(({ Put, Update }) => (Put === undefined ? updateOf(Update ?? {}) : putOf(Put))));
  if (outcome.kind !== "refused") return {};
  const reasons = outcome.reasons.map((reason) =>
    reason.kind === "met" ? { Code: "None" } : { Code: "ConditionalCheckFailed", ...found(reason.item) },
  );
  throw new Fault("TransactionCanceledException", "Transaction cancelled", { CancellationReasons: reasons });
}

function batchGet(table: EmbeddedTable, requests: Record<string, { Keys: unknown[] }>): unknown {
  const responses = Object.entries(requests).map(([name, { Keys }]) => [
    name,
    Keys.map((key) => table.get(keyOf(key)))
      .filter((item) => item !== undefined)
      .map(low),
  ]);
  return { Responses: Object.fromEntries(responses), UnprocessedKeys: {} };
}

function query(table: EmbeddedTable, input: Json): unknown {
  const names = namesOf(input);
  const { partition, range } = parseKeyCondition(String(input["KeyConditionExpression"]), names);
  const asked: Query = {
    partition,
    ...(range === undefined ? {} : { range }),
    ...(typeof input["IndexName"] === "string" ? { index: input["IndexName"] } : {}),
    ...(typeof input["Limit"] === "number" ? { limit: input["Limit"] } : {}),
    ...(typeof input["FilterExpression"] === "string" ? { filter: parseCondition(input["FilterExpression"], names) } : {}),
    ...(input["ExclusiveStartKey"] === undefined ? {} : { startAfter: plain(input["ExclusiveStartKey"]) }),
    descending: input["ScanIndexForward"] === false,
  };
  const page = table.query(asked);
  return { Items: page.items.map(low), Count: page.items.length, ...(page.last === undefined ? {} : { LastEvaluatedKey: low(page.last) }) };
}
