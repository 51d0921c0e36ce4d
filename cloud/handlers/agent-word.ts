import { auditWrite } from "../contract/switch-expressions.ts";
import { partnerOf } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { isThatAgent } from "./shared/agent.ts";
import { isRefused, readSite } from "./shared/site.ts";
import { actOf, once, unfinished } from "./shared/switching.ts";

/** POST /v1/agent/sites/{site}/servers/{server}/word: what an operator said at the agent's own console while the ledger was out of reach, and
 *  what was over before it came into reach. Nothing is switched: it goes on record, whatever the site has become since. */
export const agentWord: Handler<"agentWord"> = (deps, { params, body, caller, idempotencyKey }) =>
  once(deps, params.site, { key: idempotencyKey, content: body }, async (answer) => {
    const read = await readSite(deps.ledger, params.site);
    if (isRefused(read)) return read;
    const stranger = isThatAgent(read, params.server, caller);
    if (stranger !== undefined) return stranger;
    const { site, ep } = read.ctl;
    const detail = {
      operator: body.operator,
      actedAt: body.actedAt,
      sole: params.server,
      down: partnerOf(params.server),
      handedInLate: true,
    };
    const act = actOf(deps, { who: `agent ${site}/${params.server}` }, body.reason, detail);
    const recorded = { site, epoch: ep };
    const outcome = await deps.ledger.transact([auditWrite(site, ep, "PARTNER_DOWN_ATTESTED", act), ...answer(recorded)]);
    return outcome.kind === "done"
      ? reply(recorded)
      : unfinished(outcome.kind === "refused" ? { kind: "busy", cause: "at once" } : outcome);
  });
