import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  type DynamoDBClientConfig,
  TransactionCanceledException,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { type Item, type Key, type Query, renderQuery, renderWrite, type Write } from "../contract/expression.ts";
import { type Ledger, LedgerUnavailable, type Page, type Refusal, type WriteOutcome } from "../contract/ledger.ts";
import { LEDGER_TABLE } from "../contract/tables.ts";

/** Answers that mean: nothing was written, try again later. */
const BUSY = new Set([
  "ThrottlingException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "TransactionConflictException",
  "TransactionInProgressException",
  "LimitExceededException",
]);
/** Answers that mean: this call can never succeed. Our mistake, or the rights are missing. */
const HOPELESS = new Set([
  "ValidationException",
  "ResourceNotFoundException",
  "AccessDeniedException",
  "UnrecognizedClientException",
  "SerializationException",
  "IdempotentParameterMismatchException",
]);

/** The ledger in a DynamoDB table. */
export function dynamoLedger(client: DynamoDBClient, table: string): Ledger {
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  const reading = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      if (HOPELESS.has(nameOf(error))) throw error;
      throw new LedgerUnavailable(`${nameOf(error)}: ${messageOf(error)}`, { cause: error });
    }
  };
  return {
    get: (key) =>
      reading(
        async () => (await documents.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }))).Item as Item | undefined,
      ),
    snapshot: (keys) => reading(() => snapshot(documents, table, keys)),
    getMany: (keys) => reading(() => getMany(documents, table, keys)),
    query: (query) => reading(() => page(documents, table, query)),
    write: (write) => attempt(() => single(documents, table, write)),
    transact: (writes) =>
      attempt(async () => {
        await documents.send(new TransactWriteCommand({ TransactItems: writes.map((write) => action(table, write)) }));
        return undefined;
      }),
  };
}

/** A client that tries twice; how long an attempt may take is its caller's to say. `endpoint` for DynamoDB Local or the embedded server. */
export function dynamoClient(config: DynamoDBClientConfig = {}): DynamoDBClient {
  return new DynamoDBClient({ maxAttempts: 2, ...config });
}

type DocumentClient = ReturnType<typeof DynamoDBDocumentClient.from>;

async function snapshot(documents: DocumentClient, table: string, keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
  if (keys.length === 0) return [];
  const answer = await documents.send(
    new TransactGetCommand({ TransactItems: keys.map((key) => ({ Get: { TableName: table, Key: { ...key } } })) }),
  );
  return keys.map((_, index) => answer.Responses?.[index]?.Item as Item | undefined);
}

async function getMany(documents: DocumentClient, table: string, keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
  const found = new Map<string, Item>();
  let open: readonly Key[] = keys;
  for (let attempts = 0; open.length > 0; attempts++) {
    if (attempts === 5) throw new Error("throttled: keys were left over five times");
    const answer = await documents.send(new BatchGetCommand({ RequestItems: { [table]: { Keys: open.map((key) => ({ ...key })) } } }));
    for (const item of (answer.Responses?.[table] ?? []) as Item[]) found.set(`${item["pk"]} ${item["sk"]}`, item);
    open = (answer.UnprocessedKeys?.[table]?.Keys ?? []) as Key[];
  }
  return keys.map((key) => found.get(`${key.pk} ${key.sk}`));
}

async function page(documents: DocumentClient, table: string, query: Query): Promise<Page> {
  const keys = LEDGER_TABLE.indexes.find((index) => index.name === query.index) ?? LEDGER_TABLE;
  const answer = await documents.send(new QueryCommand({ TableName: table, ...renderQuery(query, keys) }));
  return { items: (answer.Items ?? []) as Item[], last: answer.LastEvaluatedKey as Item | undefined };
}

async function single(documents: DocumentClient, table: string, write: Write): Promise<Item | undefined> {
  const { kind, input } = renderWrite(write);
  if (kind === "put") {
    await documents.send(new PutCommand({ TableName: table, ...input } as unknown as ConstructorParameters<typeof PutCommand>[0]));
    return (write as { item: Item }).item;
  }
  const command = new UpdateCommand({ TableName: table, ...input, ReturnValues: "ALL_NEW" } as unknown as ConstructorParameters<
    typeof UpdateCommand
  >[0]);
  return (await documents.send(command)).Attributes as Item | undefined;
}

function action(table: string, write: Write) {
  const { kind, input } = renderWrite(write);
  const full = { TableName: table, ...input };
  return (kind === "put" ? { Put: full } : { Update: full }) as unknown as NonNullable<
    ConstructorParameters<typeof TransactWriteCommand>[0]["TransactItems"]
  >[number];
}

/** Every way a write may end, as a value. What is neither a failed condition nor a clear "not done" may have been done: `unknown`. */
async function attempt(call: () => Promise<Item | undefined>): Promise<WriteOutcome> {
  try {
    return { kind: "done", item: await call() };
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException)
      return { kind: "refused", reasons: [{ kind: "condition", item: plain(error.Item) }] };
    if (error instanceof TransactionCanceledException) return cancelled(error);
    const name = nameOf(error);
    if (BUSY.has(name)) return { kind: "busy", cause: name };
    if (HOPELESS.has(name)) throw error;
    return { kind: "unknown", cause: `${name}: ${messageOf(error)}` };
  }
}

function cancelled(error: TransactionCanceledException): WriteOutcome {
  const reasons = error.CancellationReasons ?? [];
  const codes = reasons.map((reason) => reason.Code ?? "None");
  if (codes.includes("ValidationError")) throw error;
  const busy = codes.find((code) => code !== "None" && code !== "ConditionalCheckFailed");
  if (busy !== undefined) return { kind: "busy", cause: busy };
  return {
    kind: "refused",
    reasons: reasons.map(
      (reason): Refusal => (reason.Code === "ConditionalCheckFailed" ? { kind: "condition", item: plain(reason.Item) } : { kind: "met" }),
    ),
  };
}

/** Rows in errors come in DynamoDB's low-level form even through the document client. */
const plain = (item: Parameters<typeof unmarshall>[0] | undefined): Item | undefined =>
  item === undefined || Object.keys(item).length === 0 ? undefined : (unmarshall(item) as Item);
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "Error");
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
