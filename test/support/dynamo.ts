import { createTable } from "../../cloud/adapters/create-table.ts";
import { dynamoClient, dynamoLedger } from "../../cloud/adapters/dynamo-ledger.ts";
import type { Ledger } from "../../cloud/contract/ledger.ts";
import { type DynamoLocalOptions, findDynamoLocal, startDynamoLocal } from "../../cloud/desk/dynamo-local.ts";

/** DynamoDB Local with a ledger table, an empty one unless it is in the file. Fails where there is no Java: a test that needs it must not pass without. */
export async function openDynamoLocal(
  options: DynamoLocalOptions = {},
): Promise<{ ledger: Ledger; endpoint: string; close: () => Promise<void> }> {
  const found = findDynamoLocal();
  if ("missing" in found) throw new Error(found.missing);
  const local = await startDynamoLocal(found.folder, options);
  const client = localClient(local.endpoint);
  await createTable(client, "ledger");
  return {
    ledger: dynamoLedger(client, "ledger"),
    endpoint: local.endpoint,
    close: async () => {
      client.destroy();
      await local.stop();
    },
  };
}
export const localClient = (endpoint: string) =>
  dynamoClient({ endpoint, region: "local", credentials: { accessKeyId: "local", secretAccessKey: "local" } });
