import { refused } from "../contract/problem.ts";
import { registerWrites } from "../contract/switch-expressions.ts";
import { type Handler, reply } from "../deps.ts";
import { isRefused, readSite, siteView } from "./shared/site.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** PUT /v1/sites/{site}: a site enters the ledger in epoch 1, as a pair that has never run. */
export const registerSite: Handler<"registerSite"> = async (deps, { params, body, caller }) => {
  const outcome = await deps.ledger.transact(registerWrites(params.site, body, actOf(deps, caller, "")));
  if (outcome.kind === "refused")
    return refused(
      "SITE_EXISTS",
      `${params.site} is registered already; PATCH (tandemctl configure ${params.site}) changes its configuration.`,
    );
  if (outcome.kind !== "done") return unfinished(outcome);
  const read = await readSite(deps.ledger, params.site);
  return isRefused(read) ? read : reply(siteView(read));
};
