import { stopPlanWrites } from "../contract/plan-expressions.ts";
import { refused } from "../contract/problem.ts";
import { type Handler, reply } from "../deps.ts";
import { leaveTheRest } from "../domain/waves.ts";
import { planView, readPlan, rowOf, saveSites } from "./shared/failover.ts";
import { isRefused } from "./shared/site.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** POST /v1/failovers/{id}/stop: no further site is switched; those that were stay switched. */
export const stopFailover: Handler<"stopFailover"> = async (deps, { params, body, caller }) => {
  const plan = await readPlan(deps, params.id);
  if (isRefused(plan)) return plan;
  if (plan.item["state"] !== "running") return refused("ALREADY_DONE", `It is ${String(plan.item["state"])}.`);
  const why = `Stopped by ${caller.who}: ${body.reason}`;
  const outcome = await deps.ledger.transact(stopPlanWrites(rowOf(plan), why, actOf(deps, caller, body.reason, { failover: params.id })));
  if (outcome.kind === "refused")
    return refused("LEDGER_BUSY", "It is being advanced at this very moment; repeat.", { retryAfterMs: 1000 });
  if (outcome.kind !== "done") return unfinished(outcome);
  const sites = leaveTheRest(plan.sites, why);
  await saveSites(deps, params.id, plan.sites, sites);
  return reply(planView({ ...plan, item: { ...plan.item, state: "stopped", why }, sites }));
};
