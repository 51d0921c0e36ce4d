import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judgeAll, relevantLines } from "../torture/checkers/all.ts";
import { readHistory } from "../torture/history.ts";
import { type FaultKind, type PlanOptions, planOf } from "../torture/plan.ts";
import { torture } from "../torture/run.ts";
import { FAKE_TIME } from "../torture/site.ts";

/** `npm run torture`, shortly: pairs with every kind of fault that does not take longer than the test. */
const FAULTS: readonly FaultKind[] = ["kill", "pause", "linkCut", "oneWayCut", "lanCut", "diskFull", "clockStep", "reload", "partnerDown"];

const BESIDE_DHCPD: readonly FaultKind[] = [
  "kill",
  "restart",
  "pause",
  "linkCut",
  "oneWayCut",
  "linkReset",
  "diskLoss",
  "partnerDown",
  "terms",
];
const QUARREL: readonly FaultKind[] = ["kill", "linkCut", "partnerDown", "bothLost", "diskLoss", "terms"];

async function clean(options: PlanOptions, leases: number): Promise<void> {
  const history = join(tmpdir(), `tandem-torture-${process.pid}-${options.seed}.ndjson`);
  const { entries, violations } = await torture(planOf(options), history);
  const [first] = violations;
  expect(violations, first === undefined ? "" : relevantLines(entries, first).join("\n")).toEqual([]);
  expect(entries.filter(({ kind }) => kind === "bound").length).toBeGreaterThan(leases);
  expect(entries.filter(({ kind }) => kind === "fault").length).toBeGreaterThan(5);
  expect(judgeAll(readHistory(history))).toEqual([]);
  rmSync(history);
}
const common = { ledger: false, clocks: false, rash: false, realClients: false } as const;

test("a pair is killed, frozen, cut apart and out of room for a minute: no address is held twice, and all comes right", async () => {
  expect(FAKE_TIME, "libfaketime is not installed").toBeDefined();
  await clean({ ...common, seed: 7, minutes: 0.75, partner: "tandem", clocks: true, realClients: true, only: FAULTS }, 30);
}, 240_000);

test.concurrent.each([
  { seed: 12_001, partner: "isc-primary" },
  { seed: 12_002, partner: "isc-secondary" },
] as const)(
  "$partner: killed, frozen, cut apart, robbed of its disk, given other terms: no address is held twice, and all comes right",
  async ({ seed, partner }) => clean({ ...common, seed, minutes: 0.5, partner, only: BESIDE_DHCPD }, 20),
  300_000,
);

test("beside a dhcpd both are declared down, and both lose their disks: both are in NORMAL in the end, with equal databases", async () => {
  await clean({ ...common, seed: 12_003, minutes: 0.5, partner: "isc", rash: true, only: QUARREL }, 20);
}, 300_000);
