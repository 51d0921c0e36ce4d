import { describe, expect, test } from "vitest";
import type { Write } from "../../../cloud/contract/expression.ts";
import { embeddedLedger } from "../../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import { type Term, termsOf, without } from "../../support/mutate.ts";
import { outcomeOf, SCENARIOS, type Scenario } from "./scenarios.ts";

const fresh = () => embeddedLedger(createEmbeddedTable());
const commands = [...new Set(SCENARIOS.map(({ command }) => command))];
const of = (command: string) => SCENARIOS.filter((found) => found.command === command);
const sample = async (found: Scenario): Promise<readonly Write[]> => found.build(fresh());

describe.each(commands)("%s", (command) => {
  test.each(of(command))("$title: $expected", async (found) => {
    expect(await outcomeOf(found, fresh())).toBe(found.expected);
  });

  test("every condition is needed: taking any one term out changes an outcome above", async () => {
    const terms = termsOf(await sample(of(command)[0]!));
    expect(terms.length).toBeGreaterThan(0);
    const survivors: Term[] = [];
    for (const term of terms) {
      const outcomes = await Promise.all(
        of(command).map(async (found) => (await outcomeOf(found, fresh(), (writes) => without(writes, term))) === found.expected),
      );
      if (outcomes.every((same) => same)) survivors.push(term);
    }
    expect(survivors).toEqual([]);
  });
});
