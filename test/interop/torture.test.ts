import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judgeAll, relevantLines } from "../torture/checkers/all.ts";
import { readHistory } from "../torture/history.ts";
import { type FaultKind, planOf } from "../torture/plan.ts";
import { torture } from "../torture/run.ts";
import { FAKE_TIME } from "../torture/site.ts";

/** `npm run torture`, shortly: a pair with every kind of fault that does not take longer than the test. */
const FAULTS: readonly FaultKind[] = ["kill", "pause", "linkCut", "oneWayCut", "lanCut", "diskFull", "clockStep", "reload", "partnerDown"];

test("a pair is killed, frozen, cut apart and out of room for a minute: no address is held twice, and all comes right", async () => {
  expect(FAKE_TIME, "libfaketime is not installed").toBeDefined();
  const history = join(tmpdir(), `tandem-torture-${process.pid}.ndjson`);
  const options = { minutes: 0.75, partner: "tandem", ledger: false, rash: false, clocks: true, realClients: true, only: FAULTS } as const;
  const { entries, violations } = await torture(planOf({ seed: 7, ...options }), history);
  const [first] = violations;
  expect(violations, first === undefined ? "" : relevantLines(entries, first).join("\n")).toEqual([]);
  expect(entries.filter(({ kind }) => kind === "bound").length).toBeGreaterThan(30);
  expect(entries.filter(({ kind }) => kind === "fault").length).toBeGreaterThan(5);
  expect(judgeAll(readHistory(history))).toEqual([]);
  rmSync(history);
}, 240_000);
