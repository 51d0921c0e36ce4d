import { lateConflictWrite, servingWrite, settleConflictWrites, tamperWrite } from "../../../../cloud/contract/conflict-expressions.ts";
import { type Item, update, type Write } from "../../../../cloud/contract/expression.ts";
import { CtlItem, HistItem, SrvItem } from "../../../../cloud/contract/items.ts";
import {
  holdPlanWrite,
  type PlanRow,
  releasePlanWrite,
  resumePlanWrites,
  startPlanWrites,
  stopPlanWrites,
} from "../../../../cloud/contract/plan-expressions.ts";
import { registerWrites } from "../../../../cloud/contract/switch-expressions.ts";
import { confKey, evtKey, planKey, servingKey } from "../../../../cloud/contract/tables.ts";
import { act, CONFIG, must, SITE, T0 } from "../../../support/ledger-samples.ts";
import { audited, poked, type Scenario, scenario } from "./prepare.ts";

const PLAN: PlanRow = { id: "p-1", ver: 0 };
const start = (): readonly Write[] => startPlanWrites(PLAN.id, { survivor: "B", limits: { atOnce: 1 } }, act());
/** A plan that was started, bent as another driver would have. */
const started =
  (build: () => readonly Write[], bend: Item = {}): Scenario["build"] =>
  async (ledger) => {
    must(await ledger.transact(start()));
    if (Object.keys(bend).length > 0) must(await ledger.write(update(planKey(PLAN.id), { set: bend })));
    return build();
  };
const hold = () => [holdPlanWrite(PLAN, T0, T0 + 60_000)];
const release = () => [releasePlanWrite(PLAN, "done", "")];
const stop = () => stopPlanWrites(PLAN, "enough", act());
const resume = () => resumePlanWrites(PLAN, act());

const row = (seq: number, client: string) =>
  HistItem.parse({
    ...{ pk: "p", sk: "s", v: 1, t: "H", site: SITE, a: "0a01000a", st: "ACTIVE", cid: client, ts: T0, exp: T0 + 1, srv: "A", seq, ep: 1 },
    ord: `00000001.${seq}`,
  });
const conflict = confKey(SITE, "0a01000a", T0, "A", 1);
const settle = () => settleConflictWrites(SITE, conflict, "told the user", act());
/** A conflict that is there, bent. */
const standing =
  (bend: Item = {}): Scenario["build"] =>
  async (ledger) => {
    must(await ledger.write(lateConflictWrite(row(1, "m:1:aa"), row(2, "m:1:bb"))));
    if (Object.keys(bend).length > 0) must(await ledger.write(update(conflict, { set: bend })));
    return settle();
  };
const found: Scenario["build"] = async () => [lateConflictWrite(row(1, "m:1:aa"), row(2, "m:1:bb"))];
const tampered: Scenario["build"] = async () => [tamperWrite(SITE, "s-1", T0, { by: "ana" })];
const serving: Scenario["build"] = async () => {
  const [ctl, server] = registerWrites(SITE, CONFIG, act()).flatMap((write) => (write.kind === "put" ? [write.item] : []));
  return [servingWrite(CtlItem.parse(ctl), T0, SrvItem.parse(server), T0 + 4000)];
};

/** What the control plane writes about fleet failovers, conflicts and its own trail. */
export const OTHER_SCENARIOS: readonly Scenario[] = [
  scenario("startPlan", "a new plan", "done", async () => start()),
  scenario(
    "startPlan",
    "one of that id is there",
    "refused",
    poked({ ...planKey(PLAN.id) }, async () => start()),
  ),
  audited("startPlan", async () => start()),
  scenario("holdPlan", "nobody has it", "done", started(hold)),
  scenario("holdPlan", "its driver's time is over", "done", started(hold, { heldUntil: T0 })),
  scenario("holdPlan", "another driver has it", "refused", started(hold, { heldUntil: T0 + 1 })),
  scenario("holdPlan", "it changed since it was read", "refused", started(hold, { ver: 1 })),
  scenario("holdPlan", "it was stopped", "refused", started(hold, { state: "stopped" })),
  scenario("releasePlan", "as held", "done", started(release)),
  scenario("releasePlan", "another driver took it", "refused", started(release, { ver: 1 })),
  scenario("stopPlan", "it runs", "done", started(stop)),
  scenario("stopPlan", "it changed since it was read", "refused", started(stop, { ver: 1 })),
  scenario("stopPlan", "it is over", "refused", started(stop, { state: "done" })),
  audited("stopPlan", started(stop)),
  scenario("resumePlan", "it was stopped", "done", started(resume, { state: "stopped" })),
  scenario("resumePlan", "it changed since it was read", "refused", started(resume, { state: "stopped", ver: 1 })),
  scenario("resumePlan", "it runs", "refused", started(resume)),
  audited("resumePlan", started(resume, { state: "stopped" })),

  scenario("lateConflict", "not found before", "done", found),
  scenario("lateConflict", "found before", "refused", poked({ ...conflict }, found)),
  scenario("settleConflict", "it stands", "done", standing()),
  scenario("settleConflict", "settled before", "refused", standing({ resolved: { by: "ana" } })),
  scenario("settleConflict", "the row is no conflict", "refused", standing({ t: "H" })),
  audited("settleConflict", standing()),
  scenario("tamper", "not found before", "done", tampered),
  scenario("tamper", "found before", "refused", poked({ ...evtKey(SITE, T0, 0, "s-1") }, tampered)),
  scenario("serving", "not seen before", "done", serving),
  scenario("serving", "seen before", "refused", poked({ ...servingKey(SITE, T0, 1) }, serving)),
];
