import { type Handler, reply } from "../deps.ts";
import { advance, planView } from "./shared/failover.ts";
import { isRefused } from "./shared/site.ts";

/** POST /v1/failovers/{id}/advance: the sweep does the same each minute; a person who watches need not wait for it. */
export const advanceFailover: Handler<"advanceFailover"> = async (deps, { params }) => {
  const plan = await advance(deps, params.id);
  return isRefused(plan) ? plan : reply(planView(plan));
};
