import { expect, test } from "vitest";
import { openDynamoLocal } from "../support/dynamo.ts";
import { randomRun } from "../support/ledger-random.ts";

const OPERATIONS = Number(process.env["LEDGER_OPERATIONS"] ?? 20_000);

test(`${OPERATIONS} random operations on DynamoDB Local: one holder, nothing lost`, async () => {
  const opened = await openDynamoLocal({ isLongRun: true });
  try {
    const outcome = await randomRun(opened.ledger, 20_000, OPERATIONS);
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
    expect(outcome.violations).toEqual([]);
    expect(outcome.facts).toBeGreaterThan(OPERATIONS / 3);
    expect(outcome.grants).toBeGreaterThan(OPERATIONS / 1000);
  } finally {
    await opened.close();
  }
  // two minutes of processor time
}, 1_200_000);
