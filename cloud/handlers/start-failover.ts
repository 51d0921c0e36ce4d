import { startPlanWrites } from "../contract/plan-expressions.ts";
import { type Handler, reply } from "../deps.ts";
import { digest } from "./shared/cursor.ts";
import { advance, planSite, planView } from "./shared/failover.ts";
import { isRefused } from "./shared/site.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** Actions of one transaction at most. */
const CHUNK = 100;

/** POST /v1/failovers: stores the plan and takes the first steps. The sites' rows go in before the plan that makes them count. With an
 *  `Idempotency-Key` the plan's id comes from key and request, so that a repetition finds the plan instead of making another. */
export const startFailover: Handler<"startFailover"> = async (deps, { body, caller, idempotencyKey }) => {
  const id = idempotencyKey === undefined ? deps.newId() : idOf({ key: idempotencyKey, who: caller.who, body });
  const known = idempotencyKey === undefined ? undefined : await advance(deps, id);
  if (known !== undefined && !isRefused(known)) return reply(planView(known));
  const sites = [...new Set(body.sites)];
  for (let from = 0; from < sites.length; from += CHUNK) {
    const outcome = await deps.ledger.transact(sites.slice(from, from + CHUNK).map((site) => planSite(id, site, { kind: "waiting" })));
    if (outcome.kind === "busy" || outcome.kind === "unknown") return unfinished(outcome);
  }
  const act = actOf(deps, caller, body.reason, { failover: id, survivor: body.survivor, sites: sites.length, atOnce: body.atOnce });
  const limits = { atOnce: body.atOnce, stopAfter: body.stopAfter, waitMs: body.waitMs, settleMs: body.settleMs };
  const outcome = await deps.ledger.transact(startPlanWrites(id, { survivor: body.survivor, limits }, act));
  if (outcome.kind === "busy" || outcome.kind === "unknown") return unfinished(outcome);
  const plan = await advance(deps, id);
  return isRefused(plan) ? plan : reply(planView(plan));
};

/** 32 hex digits of the request's digest. */
const idOf = (request: object): string => Buffer.from(digest(request), "base64url").toString("hex").slice(0, 32);
