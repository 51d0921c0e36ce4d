import { type Handler, reply } from "../deps.ts";
import { planView, readPlan } from "./shared/failover.ts";
import { isRefused } from "./shared/site.ts";

/** GET /v1/failovers/{id} */
export const getFailover: Handler<"getFailover"> = async (deps, { params }) => {
  const plan = await readPlan(deps, params.id);
  return isRefused(plan) ? plan : reply(planView(plan));
};
