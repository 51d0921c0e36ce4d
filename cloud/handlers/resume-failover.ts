import { resumePlanWrites } from "../contract/plan-expressions.ts";
import { refused } from "../contract/problem.ts";
import { type Handler, reply } from "../deps.ts";
import { takeUpAgain } from "../domain/waves.ts";
import { advance, planView, readPlan, rowOf, saveSites } from "./shared/failover.ts";
import { isRefused } from "./shared/site.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** POST /v1/failovers/{id}/resume: a stopped one goes on with the sites that were left alone. */
export const resumeFailover: Handler<"resumeFailover"> = async (deps, { params, body, caller }) => {
  const plan = await readPlan(deps, params.id);
  if (isRefused(plan)) return plan;
  if (plan.item["state"] !== "stopped") return refused("ALREADY_DONE", `It is ${String(plan.item["state"])}, not stopped.`);
  // The sites before the plan: should only the former go in, the next resume does the same again.
  await saveSites(deps, params.id, plan.sites, takeUpAgain(plan.sites, deps.now()));
  const outcome = await deps.ledger.transact(resumePlanWrites(rowOf(plan), actOf(deps, caller, body.reason, { failover: params.id })));
  if (outcome.kind === "refused") return refused("ALREADY_DONE", "It was resumed at this very moment.");
  if (outcome.kind !== "done") return unfinished(outcome);
  const after = await advance(deps, params.id);
  return isRefused(after) ? after : reply(planView(after));
};
