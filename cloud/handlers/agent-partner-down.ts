import type { Handler } from "../deps.ts";
import { isThatAgent } from "./shared/agent.ts";
import { isRefused, readSite } from "./shared/site.ts";
import { actOf, declareAlone, epochIs, once, type Switched } from "./shared/switching.ts";

/** POST /v1/agent/sites/{site}/servers/{server}/partner-down: the agent asks for itself. `attested` hands in the word of an operator at the
 *  agent's own console. */
export const agentPartnerDown: Handler<"agentPartnerDown"> = (deps, { params, body, caller, idempotencyKey }) =>
  once<Switched>(deps, params.site, { key: idempotencyKey, content: body }, async (answer) => {
    const read = await readSite(deps.ledger, params.site);
    if (isRefused(read)) return read;
    const stranger = isThatAgent(read, params.server, caller);
    if (stranger !== undefined) return stranger;
    const moved = epochIs(read, body.expectedEpoch);
    if (moved !== undefined) return moved;
    const { attested } = body;
    const detail =
      attested === undefined
        ? {}
        : { operator: attested.operator, ...(attested.actedAt === undefined ? {} : { actedAt: attested.actedAt }) };
    const act = actOf(deps, { who: `agent ${params.site}/${params.server}` }, attested?.reason ?? "", detail);
    return declareAlone(deps, read, params.server, attested === undefined ? "lapsed" : "attested", act, answer);
  });
