import { expect, test } from "vitest";
import { keyOf, type Write } from "../../../cloud/contract/expression.ts";
import { embeddedLedger } from "../../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import { randomRun } from "../../support/ledger-random.ts";

test.each([1, 2, 3, 4, 5, 6])(
  "two agents, 200 clients, lost answers, restarts and switches (seed %i): one holder, nothing lost",
  async (seed) => {
    const outcome = await randomRun(embeddedLedger(createEmbeddedTable()), seed, 3000);
    expect(outcome.violations).toEqual([]);
    expect(outcome.facts).toBeGreaterThan(1000);
    expect(outcome.grants).toBeGreaterThan(3);
    expect(outcome.claimsGranted).toBeGreaterThan(3);
  },
);

test("the checks see what they look for: without the condition on current rows two holders appear", async () => {
  const ledger = embeddedLedger(createEmbeddedTable());
  const careless = (write: Write): Write => (keyOf(write).pk.endsWith("#L") ? { ...write, when: undefined } : write);
  const outcome = await randomRun({ ...ledger, transact: (writes) => ledger.transact(writes.map(careless)) }, 1, 3000);
  expect(outcome.violations.some((violation) => violation.startsWith("two holders"))).toBe(true);
});
