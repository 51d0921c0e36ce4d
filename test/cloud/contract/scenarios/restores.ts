import { bootWrite } from "../../../../cloud/contract/agent-expressions.ts";
import type { Ledger } from "../../../../cloud/contract/ledger.ts";
import { restoredWrites, type Settlement, settleWrites } from "../../../../cloud/contract/restore-expressions.ts";
import { act, must, serverOf, siteOf } from "../../../support/ledger-samples.ts";
import { audited, bent, booted, ctl, epAndMode, type Scenario, scenario, switched } from "./prepare.ts";

const restored: Scenario["build"] = async (ledger) => {
  await booted(ledger, "A");
  await booted(ledger, "B");
  return restoredWrites(await siteOf(ledger), 1, act());
};
/** Both servers have told that they were a pair. */
const told = async (ledger: Ledger) => {
  must(await ledger.transact(await restored(ledger)));
  for (const server of ["A", "B"] as const) {
    const read = await serverOf(ledger, server);
    must(await ledger.write(bootWrite(read, `again-${server}`, undefined, undefined, { ep: 7, mode: "PAIR", leaseMs: 60_000 })));
  }
  return siteOf(ledger);
};
const settling =
  (settlement: Settlement): Scenario["build"] =>
  async (ledger) =>
    settleWrites(await told(ledger), settlement, act());
const pair = settling({ sole: undefined, from: 7, basis: "told" });
const sole = settling({ sole: "B", from: 0, basis: "attested" });
const settled = (command: string, build: Scenario["build"]): Scenario[] => [
  scenario(command, "as both told", "done", build),
  scenario(command, "the epoch moved on", "refused", ctl({ ep: 2_000_000 }, build)),
  scenario(command, "the site is settled", "refused", ctl({ state: "NORMAL" }, build)),
  ...(["A", "B"] as const).flatMap((server) => [
    ...epAndMode(command, server, build, "PAIR"),
    scenario(command, `server ${server} told more, or is another incarnation`, "refused", bent(server, { boot: "other" }, build)),
  ]),
  audited(command, build),
];

/** A table that was restored from a copy: the act that says so, and the settling of its sites. */
export const RESTORE_SCENARIOS: readonly Scenario[] = [
  scenario("restored", "a pair", "done", restored),
  scenario("restored", "one serves alone", "done", async (ledger) => {
    await switched(ledger);
    return restoredWrites(await siteOf(ledger), 1, act());
  }),
  scenario("restored", "the epoch moved on", "refused", ctl({ ep: 2 }, restored)),
  scenario("restored", "the site is out of service", "refused", ctl({ state: "DECOMMISSIONED" }, restored)),
  ...(["A", "B"] as const).flatMap((server) => [
    ...epAndMode("restored", server, restored),
    scenario("restored", `server ${server} is another incarnation`, "refused", bent(server, { boot: "other" }, restored)),
  ]),
  audited("restored", restored),
  ...settled("settle pair", pair),
  ...settled("settle sole", sole),
];
