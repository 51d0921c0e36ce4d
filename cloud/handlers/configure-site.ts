import { SiteConfig } from "../contract/items.ts";
import { refused } from "../contract/problem.ts";
import { reconfigureWrites } from "../contract/switch-expressions.ts";
import { type Handler, reply } from "../deps.ts";
import { isRefused, readSite, siteView } from "./shared/site.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** PATCH /v1/sites/{site}: members that are given replace those that stand. */
export const configureSite: Handler<"configureSite"> = async (deps, { params, body, caller }) => {
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const config = SiteConfig.parse({ ...read.ctl.cfg, ...body });
  const changed = JSON.parse(JSON.stringify(body)) as Record<string, never>;
  const outcome = await deps.ledger.transact(reconfigureWrites(read.ctl, config, actOf(deps, caller, "", changed)));
  if (outcome.kind === "refused") return refused("EPOCH_CHANGED", `${params.site} changed at this very moment; look again.`);
  if (outcome.kind !== "done") return unfinished(outcome);
  return reply(siteView({ ...read, ctl: { ...read.ctl, cfg: config } }));
};
