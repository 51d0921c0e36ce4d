import { auditWrite } from "../contract/switch-expressions.ts";
import { FLEET } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { advance, planItem, planSite, planView } from "./shared/failover.ts";
import { isRefused } from "./shared/site.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** Actions of one transaction at most. */
const CHUNK = 100;

/** POST /v1/failovers: stores the plan and takes the first steps. The sites' rows go in before the plan that makes them count. */
export const startFailover: Handler<"startFailover"> = async (deps, { body, caller }) => {
  const id = deps.newId();
  const sites = [...new Set(body.sites)];
  for (let from = 0; from < sites.length; from += CHUNK) {
    const outcome = await deps.ledger.transact(sites.slice(from, from + CHUNK).map((site) => planSite(id, site, { kind: "waiting" })));
    if (outcome.kind === "busy" || outcome.kind === "unknown") return unfinished(outcome);
  }
  const act = actOf(deps, caller, body.reason, { failover: id, survivor: body.survivor, sites: sites.length, atOnce: body.atOnce });
  const limits = { atOnce: body.atOnce, stopAfter: body.stopAfter, waitMs: body.waitMs, settleMs: body.settleMs };
  const outcome = await deps.ledger.transact([
    planItem(id, body.survivor, limits, caller.who, body.reason, act.at),
    auditWrite(FLEET, 0, "FAILOVER_STARTED", act),
  ]);
  if (outcome.kind === "busy" || outcome.kind === "unknown") return unfinished(outcome);
  const plan = await advance(deps, id);
  return isRefused(plan) ? plan : reply(planView(plan));
};
