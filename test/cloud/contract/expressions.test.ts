import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import * as agents from "../../../cloud/contract/agent-expressions.ts";
import * as conflicts from "../../../cloud/contract/conflict-expressions.ts";
import type { Write } from "../../../cloud/contract/expression.ts";
import * as plans from "../../../cloud/contract/plan-expressions.ts";
import * as restores from "../../../cloud/contract/restore-expressions.ts";
import * as switches from "../../../cloud/contract/switch-expressions.ts";
import { embeddedLedger } from "../../../cloud/embedded/ledger.ts";
import { createEmbeddedTable } from "../../../cloud/embedded/table.ts";
import { type Term, termsOf, without } from "../../support/mutate.ts";
import { AGENT_SCENARIOS } from "./scenarios/agents.ts";
import { OTHER_SCENARIOS } from "./scenarios/plans-and-conflicts.ts";
import { outcomeOf, type Scenario } from "./scenarios/prepare.ts";
import { RESTORE_SCENARIOS } from "./scenarios/restores.ts";
import { SWITCH_SCENARIOS } from "./scenarios/switches.ts";

const SCENARIOS = [...AGENT_SCENARIOS, ...SWITCH_SCENARIOS, ...RESTORE_SCENARIOS, ...OTHER_SCENARIOS];

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

/** Parts of other commands, or without a condition: what shows them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  auditWrite: "the scenarios of every act: an audit record of this name is there",
  planSiteWrite: "it has no condition: the plan's holder alone writes it",
};
test("every command that the contract exports has its scenarios", () => {
  const names = [agents, switches, restores, plans, conflicts].flatMap((module) =>
    Object.keys(module).filter((name) => /Writes?$/.test(name)),
  );
  expect(names.length).toBeGreaterThan(20);
  const covered = new Set(commands.map((command) => command.split(" ")[0]));
  const known = names.filter((name) => ELSEWHERE[name] === undefined).map((name) => name.replace(/Writes?$/, ""));
  expect(known.filter((name) => !covered.has(name))).toEqual([]);
});
test("conditions are written in the contract only, where they are counted", () => {
  const root = resolve(import.meta.dirname, "../../../cloud");
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name));
  const writes = (file: string) =>
    /import \{[^}]*\b(put|update)\b[^}]*\} from "[./]*contract\/expression.ts"/.test(readFileSync(file, "utf8"));
  expect(files.filter((file) => /contract.switch-expressions/.test(file)).length).toBe(1);
  expect(files.filter(writes).map((file) => file.slice(root.length + 1))).toEqual([]);
});
