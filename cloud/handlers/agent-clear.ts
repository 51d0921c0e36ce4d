import { refused } from "../contract/problem.ts";
import { clearWrites } from "../contract/switch-expressions.ts";
import { type Handler, reply } from "../deps.ts";
import { refusedClear } from "../domain/partner-down.ts";
import { isThatAgent } from "./shared/agent.ts";
import { isRefused, readSite } from "./shared/site.ts";
import { actOf, epochIs, once, unfinished } from "./shared/switching.ts";

/** POST /v1/agent/sites/{site}/servers/{server}/clear: the sole server has settled its claims and stopped using its partner's share. */
export const agentClear: Handler<"agentClear"> = (deps, { params, body, caller, idempotencyKey }) =>
  once(deps, params.site, { key: idempotencyKey, content: body }, async (answer) => {
    const read = await readSite(deps.ledger, params.site);
    if (isRefused(read)) return read;
    const stranger = isThatAgent(read, params.server, caller);
    if (stranger !== undefined) return stranger;
    const moved = epochIs(read, body.expectedEpoch);
    if (moved !== undefined) return moved;
    if (read.ctl.state !== "PARTNER_DOWN" || read.ctl.sole !== params.server)
      return refused("NOT_SOLE", `${params.server} is not alone in ${params.site}.`, { epoch: read.ctl.ep });
    const cleared = { site: params.site, epoch: read.ctl.ep + 1 };
    const act = actOf(deps, { who: `agent ${params.site}/${params.server}` }, body.reason ?? "");
    const outcome = await deps.ledger.transact([...clearWrites(read, params.server, "agent", act), ...answer(cleared)]);
    if (outcome.kind === "done") return reply(cleared);
    return outcome.kind === "refused" ? refusedClear(params.site, outcome.reasons, "NOT_SOLE") : unfinished(outcome);
  });
