import { marshall } from "@aws-sdk/util-dynamodb";
import type { Change } from "../embedded/table.ts";

/** A record of a table's stream, as the Streams API and Lambda have it. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: "INSERT" | "MODIFY" | "REMOVE";
  readonly dynamodb: { readonly SequenceNumber: string; readonly NewImage?: object; readonly OldImage?: object };
}
/** How a function takes part in the stream, from the template. */
export interface StreamMapping {
  readonly handler: string;
  readonly filters: readonly object[];
  readonly batchSize: number;
  readonly retries: number;
}

/** Whether `value` fits a pattern of an event source's filter: members are and-ed, the values of a list or-ed. A rule that is not known throws. */
export function fits(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.some((rule) => fitsRule(rule, value));
  return Object.entries(pattern as object).every(([name, inner]) => fits(inner, (value as Record<string, unknown> | undefined)?.[name]));
}
function fitsRule(rule: unknown, value: unknown): boolean {
  if (typeof rule === "string") return rule === value;
  const exists = (rule as { exists?: unknown } | null)?.exists;
  if (typeof exists === "boolean") return (value !== undefined) === exists;
  const others = (rule as { "anything-but"?: unknown } | null)?.["anything-but"];
  if (Array.isArray(others)) return value !== undefined && !others.includes(value);
  throw new Error(`the filter rule ${JSON.stringify(rule)} is not known`);
}

/** Gives records to `invoke` as Lambda's event source mapping does: filtered, in order, in batches; a batch that fails is halved, and one record
 *  that goes on failing is given up after the mapping's retries. */
export async function deliver(
  mapping: StreamMapping,
  records: readonly StreamRecord[],
  invoke: (event: { Records: readonly StreamRecord[] }) => Promise<unknown>,
  gaveUp: (record: StreamRecord, why: string) => void,
): Promise<void> {
  const wanted = records.filter((record) => mapping.filters.length === 0 || mapping.filters.some((pattern) => fits(pattern, record)));
  for (let from = 0; from < wanted.length; from += mapping.batchSize)
    await batch(wanted.slice(from, from + mapping.batchSize), mapping.retries);

  async function batch(some: readonly StreamRecord[], retries: number): Promise<void> {
    try {
      await invoke({ Records: some });
    } catch (error) {
      const first = some[0];
      if (first === undefined) return;
      if (some.length === 1 && retries <= 0) return gaveUp(first, error instanceof Error ? error.message : String(error));
      const half = Math.ceil(some.length / 2);
      await batch(some.slice(0, half), retries - 1);
      if (some.length > 1) await batch(some.slice(half), retries - 1);
    }
  }
}

/** A change of the embedded ledger as a record of its stream. */
export function recordOf({ before, after }: Change, number: number): StreamRecord {
  return {
    eventID: `embedded-${number}`,
    eventName: before === undefined ? "INSERT" : after === undefined ? "REMOVE" : "MODIFY",
    dynamodb: {
      SequenceNumber: String(number).padStart(21, "0"),
      ...(after === undefined ? {} : { NewImage: marshall(after) }),
      ...(before === undefined ? {} : { OldImage: marshall(before) }),
    },
  };
}

/** Reads the stream of a table on DynamoDB Local, from its beginning. `read` gives what came since the last call, in order. */
export function localStream(endpoint: string, table: string): { read(): Promise<readonly StreamRecord[]> } {
  let arn: string | undefined;
  /** Where each shard is read on; `null` = read to its end. */
  const iterators = new Map<string, string | null>();
  const shards = async (): Promise<readonly string[]> => {
    arn ??= (await streams(endpoint, "ListStreams", { TableName: table })).Streams?.[0]?.StreamArn;
    if (arn === undefined) return [];
    const found = (await streams(endpoint, "DescribeStream", { StreamArn: arn })).StreamDescription?.Shards ?? [];
    return found.map(({ ShardId }) => ShardId);
  };
  return {
    read: async () => {
      const records: StreamRecord[] = [];
      for (const ShardId of await shards()) {
        let iterator =
          iterators.get(ShardId) ??
          (iterators.has(ShardId)
            ? null
            : (await streams(endpoint, "GetShardIterator", { StreamArn: arn, ShardId, ShardIteratorType: "TRIM_HORIZON" })).ShardIterator);
        for (let more = true; more && iterator != null; ) {
          const page = await streams(endpoint, "GetRecords", { ShardIterator: iterator });
          records.push(...(page.Records ?? []));
          more = (page.Records ?? []).length > 0;
          iterator = page.NextShardIterator ?? null;
        }
        iterators.set(ShardId, iterator ?? null);
      }
      return records;
    },
  };
}

interface StreamsAnswer {
  readonly Streams?: readonly { readonly StreamArn: string }[];
  readonly StreamDescription?: { readonly Shards?: readonly { readonly ShardId: string }[] };
  readonly ShardIterator?: string;
  readonly NextShardIterator?: string;
  readonly Records?: readonly StreamRecord[];
}
async function streams(endpoint: string, operation: string, input: object): Promise<StreamsAnswer> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDBStreams_20120810.${operation}`,
      // DynamoDB Local wants the form of a signature, and looks at nothing but the key's name.
      authorization: "AWS4-HMAC-SHA256 Credential=desk/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    },
    body: JSON.stringify(input),
  });
  if (!response.ok) throw new Error(`${operation}: ${response.status} ${await response.text()}`);
  return (await response.json()) as StreamsAnswer;
}
