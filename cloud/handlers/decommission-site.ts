import { refused } from "../contract/problem.ts";
import { decommissionWrites } from "../contract/switch-expressions.ts";
import { type Handler, reply } from "../deps.ts";
import { isRefused, readSite, siteView } from "./shared/site.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** POST /v1/sites/{site}/decommission: a pair goes out of service for good. */
export const decommissionSite: Handler<"decommissionSite"> = async (deps, { params, body, caller }) => {
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const { site, state } = read.ctl;
  if (state === "DECOMMISSIONED") return refused("ALREADY_DONE", `${site} is out of service.`);
  if (state === "PARTNER_DOWN") return refused("ALREADY_PARTNER_DOWN", `${site} is served by one server alone; recover it first.`);
  const outcome = await deps.ledger.transact(decommissionWrites(read.ctl, actOf(deps, caller, body.reason)));
  if (outcome.kind === "refused") return refused("EPOCH_CHANGED", `${site} changed at this very moment; look again.`);
  if (outcome.kind !== "done") return unfinished(outcome);
  return reply(siteView({ ...read, ctl: { ...read.ctl, state: "DECOMMISSIONED" } }));
};
