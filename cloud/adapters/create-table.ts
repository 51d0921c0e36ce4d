import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { LEDGER_TABLE } from "../contract/tables.ts";

/** What CreateTable needs to know, from the contract or from a synthesized template. */
export type TableShape = Pick<CreateTableCommandInput, "KeySchema" | "AttributeDefinitions" | "GlobalSecondaryIndexes">;

/** The ledger table as the contract describes it. */
export function ledgerTableShape(): TableShape {
  const keys = (pk: string, sk: string) => [
    { AttributeName: pk, KeyType: "HASH" as const },
    { AttributeName: sk, KeyType: "RANGE" as const },
  ];
  const names = [LEDGER_TABLE.pk, LEDGER_TABLE.sk, ...LEDGER_TABLE.indexes.flatMap((index) => [index.pk, index.sk])];
  return {
    KeySchema: keys(LEDGER_TABLE.pk, LEDGER_TABLE.sk),
    AttributeDefinitions: names.map((name) => ({ AttributeName: name, AttributeType: "S" as const })),
    GlobalSecondaryIndexes: LEDGER_TABLE.indexes.map((index) => ({
      IndexName: index.name,
      KeySchema: keys(index.pk, index.sk),
      Projection: { ProjectionType: "INCLUDE" as const, NonKeyAttributes: [...index.projects] },
    })),
  };
}

/** Creates a table on DynamoDB Local or the embedded server, with stream and TTL; one that is there stays. */
export async function createTable(client: DynamoDBClient, name: string, shape: TableShape = ledgerTableShape()): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: name,
        ...shape,
        BillingMode: "PAY_PER_REQUEST",
        StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
    return;
  }
  await client.send(
    new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: { AttributeName: LEDGER_TABLE.ttl, Enabled: true } }),
  );
}
