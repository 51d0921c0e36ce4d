import { refused } from "../contract/problem.ts";
import { cancelWrites } from "../contract/switch-expressions.ts";
import { requestKey } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { partnerDownStatus } from "./get-partner-down.ts";
import { isRefused, readSite } from "./shared/site.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** DELETE /v1/sites/{site}/partner-down: withdraws a standing request. What was granted is undone by recovery only. */
export const cancelPartnerDown: Handler<"cancelPartnerDown"> = async (deps, { params, caller }) => {
  const [read, request] = await Promise.all([readSite(deps.ledger, params.site), deps.ledger.get(requestKey(params.site))]);
  if (isRefused(read)) return read;
  if (read.ctl.state === "PARTNER_DOWN") {
    return refused("ALREADY_PARTNER_DOWN", "It was granted: the survivor may be using its partner's addresses. Recovery ends it.", {
      sole: read.ctl.sole,
      epoch: read.ctl.ep,
    });
  }
  if (request === undefined) return refused("NO_SUCH_REQUEST", `${params.site} has no standing request.`);
  const act = actOf(deps, caller, "");
  const outcome = await deps.ledger.transact(cancelWrites(read.ctl, request["at"] ?? 0, act));
  if (outcome.kind === "refused") return refused("ALREADY_DONE", "The request was granted or withdrawn before.");
  if (outcome.kind !== "done") return unfinished(outcome);
  return reply(partnerDownStatus(read, { ...request, cancelled: act.at }, deps.now()));
};
