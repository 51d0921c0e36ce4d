import { refused } from "../contract/problem.ts";
import { takeoverWrites } from "../contract/switch-expressions.ts";
import { type Handler, reply } from "../deps.ts";
import { refusedClear, serverNamed } from "../domain/partner-down.ts";
import { isRefused, readSite } from "./shared/site.ts";
import { actOf, epochIs, once, type Switched, switchedBody, unfinished } from "./shared/switching.ts";

/** POST /v1/sites/{site}/takeover: the sole server died as well. Only a person can say so. */
export const takeOver: Handler<"takeOver"> = (deps, { params, body, caller, idempotencyKey }) =>
  once<Switched>(deps, params.site, { key: idempotencyKey, content: body }, async (answer) => {
    const read = await readSite(deps.ledger, params.site);
    if (isRefused(read)) return read;
    const sole = serverNamed(read.ctl, body.survivor);
    if (sole === undefined) return refused("BAD_REQUEST", `${params.site} has no server ${body.survivor}.`);
    if (read.ctl.state !== "PARTNER_DOWN") return refused("NOT_PARTNER_DOWN", `${params.site} is ${read.ctl.state}; ask for partner-down.`);
    if (read.ctl.sole === sole)
      return refused("ALREADY_PARTNER_DOWN", "That server is the sole one already.", { sole, epoch: read.ctl.ep });
    const moved = epochIs(read, body.expectedEpoch);
    if (moved !== undefined) return moved;
    const switched = switchedBody(read, sole, "attested", read.ctl.ep + 1);
    const outcome = await deps.ledger.transact([
      ...takeoverWrites(read, sole, actOf(deps, caller, body.force.reason)),
      ...answer(switched),
    ]);
    if (outcome.kind === "done") return reply(switched);
    return outcome.kind === "refused" ? refusedClear(params.site, outcome.reasons, "EPOCH_CHANGED") : unfinished(outcome);
  });
