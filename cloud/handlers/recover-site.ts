import { refused } from "../contract/problem.ts";
import { clearWrites } from "../contract/switch-expressions.ts";
import { type Handler, may, reply } from "../deps.ts";
import { named, refusedClear } from "../domain/partner-down.ts";
import { isRefused, readSite } from "./shared/site.ts";
import { actOf, epochIs, once, unfinished } from "./shared/switching.ts";

/** POST /v1/sites/{site}/recover: the operator's clear. The sole server must report that it recovered with its partner; an agent does the
 *  same by itself, so this is for when it cannot. With force, a person's word stands in for the report. */
export const recoverSite: Handler<"recoverSite"> = (deps, { params, body, caller, idempotencyKey }) =>
  once(deps, params.site, { key: idempotencyKey, content: body }, async (answer) => {
    if (body.force !== undefined && !may(caller, "dhcp/force"))
      return refused("FORBIDDEN", "Overriding the report needs the right dhcp/force.", { scope: "dhcp/force" });
    const read = await readSite(deps.ledger, params.site);
    if (isRefused(read)) return read;
    const { sole, site, ep, state } = read.ctl;
    if (state !== "PARTNER_DOWN" || sole === undefined) return refused("NOT_PARTNER_DOWN", `${site} is ${state}.`);
    const moved = epochIs(read, body.expectedEpoch);
    if (moved !== undefined) return moved;
    const server = read.servers[sole];
    if (body.force === undefined && server.fs !== "NORMAL") {
      return refused("STILL_ALONE", `${named(read.ctl, sole)} reports ${server.fs}: it has not recovered with its partner.`, {
        failoverState: server.fs,
      });
    }
    const reply200 = { site, epoch: ep + 1 };
    const act = actOf(deps, caller, body.force?.reason ?? body.reason ?? "");
    const writes = clearWrites(read, sole, body.force === undefined ? "settled" : "attested", act);
    const outcome = await deps.ledger.transact([...writes, ...answer(reply200)]);
    if (outcome.kind === "done") return reply(reply200);
    return outcome.kind === "refused" ? refusedClear(site, outcome.reasons, "STILL_ALONE") : unfinished(outcome);
  });
