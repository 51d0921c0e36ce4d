import { firstOf, generationOf } from "../contract/generation.ts";
import { refused } from "../contract/problem.ts";
import { restoredWrites } from "../contract/restore-expressions.ts";
import { type Handler, reply } from "../deps.ts";
import { isRefused, readSite } from "./shared/site.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** POST /v1/sites/{site}/restored: opens a generation of the ledger for a site. The same again changes nothing, settled or not. */
export const markRestored: Handler<"markRestored"> = async (deps, { params, body, caller }) => {
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const { site, ep, state } = read.ctl;
  const { generation, reason } = body;
  if (state === "DECOMMISSIONED") return refused("DECOMMISSIONED", `${site} is out of service.`);
  if (generationOf(ep) >= generation) return reply({ site, epoch: ep, generation: generationOf(ep), already: true });
  const outcome = await deps.ledger.transact(restoredWrites(read, generation, actOf(deps, caller, reason)));
  if (outcome.kind === "refused") return refused("EPOCH_CHANGED", `${site} changed at this very moment; repeat it.`);
  if (outcome.kind !== "done") return unfinished(outcome);
  deps.log.info(
    { event: "restored", site, epoch: firstOf(generation), by: caller.who },
    "the table was restored: the site is to be settled",
  );
  return reply({ site, epoch: firstOf(generation), generation, already: false });
};
