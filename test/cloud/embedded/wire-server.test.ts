import { expect, test } from "vitest";
import { createTable } from "../../../cloud/adapters/create-table.ts";
import { dynamoLedger } from "../../../cloud/adapters/dynamo-ledger.ts";
import { parseCondition, parseKeyCondition, parseUpdate } from "../../../cloud/embedded/expression-parser.ts";
import { createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import { startWireServer } from "../../../cloud/embedded/wire-server.ts";
import { localClient } from "../../support/dynamo.ts";
import { ledgerContract } from "../../support/ledger-contract.ts";

ledgerContract("the DynamoDB adapter on the embedded server", async () => {
  const server = await startWireServer(createEmbeddedTable());
  const client = localClient(server.endpoint);
  await createTable(client, "ledger");
  return {
    ledger: dynamoLedger(client, "ledger"),
    close: async () => {
      client.destroy();
      await server.stop();
    },
  };
});

const given = { names: { "#a": "a", "#b": "b" }, values: { ":x": 1, ":y": "two" } };
test.each([
  "#a",
  "#a =",
  "#a = :x AND",
  "(#a = :x",
  "#a ! :x",
  "#a IN (:x)",
  "#c = :x",
  "#a = :z",
  "#a = :x)",
  `${"(".repeat(30)}#a = :x${")".repeat(30)}`,
])("an expression that is not the ledger's own is refused: %s", (text) => {
  expect(() => parseCondition(text, given)).toThrow();
});
test("what is not an update or key condition is refused", () => {
  expect(() => parseUpdate("ADD #a :x", given)).toThrow();
  expect(() => parseUpdate("SET #a = #b + :x", given)).toThrow();
  expect(() => parseKeyCondition("#a = :x AND #b > :y", given)).toThrow();
});
