import { all, equal, update } from "../contract/expression.ts";
import { refused } from "../contract/problem.ts";
import { auditWrite } from "../contract/switch-expressions.ts";
import { FLEET, planKey } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { leaveTheRest } from "../domain/waves.ts";
import { planSite, planView, readPlan } from "./shared/failover.ts";
import { isRefused } from "./shared/site.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** POST /v1/failovers/{id}/stop: no further site is switched; those that were stay switched. */
export const stopFailover: Handler<"stopFailover"> = async (deps, { params, body, caller }) => {
  const plan = await readPlan(deps, params.id);
  if (isRefused(plan)) return plan;
  if (plan.item["state"] !== "running") return refused("ALREADY_DONE", `It is ${String(plan.item["state"])}.`);
  const act = actOf(deps, caller, body.reason, { failover: params.id });
  const why = `Stopped by ${caller.who}: ${body.reason}`;
  const stopped = { set: { state: "stopped", why, heldUntil: 0 }, add: { ver: 1 }, remove: ["gs2pk", "gs2sk"] };
  const outcome = await deps.ledger.transact([
    update(planKey(params.id), stopped, all(equal("state", "running"), equal("ver", plan.item["ver"] ?? 0))),
    auditWrite(FLEET, 0, "FAILOVER_STOPPED", act),
  ]);
  if (outcome.kind === "refused")
    return refused("LEDGER_BUSY", "It is being advanced at this very moment; repeat.", { retryAfterMs: 1000 });
  if (outcome.kind !== "done") return unfinished(outcome);
  const sites = leaveTheRest(plan.sites, why);
  for (const [site, progress] of sites) if (plan.sites.get(site) !== progress) await deps.ledger.write(planSite(params.id, site, progress));
  return reply(planView({ ...plan, item: { ...plan.item, state: "stopped", why }, sites }));
};
