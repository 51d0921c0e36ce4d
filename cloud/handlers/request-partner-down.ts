import { type Refused, refused } from "../contract/problem.ts";
import { requestWrites } from "../contract/switch-expressions.ts";
import { type Handler, may } from "../deps.ts";
import { serverNamed } from "../domain/partner-down.ts";
import { isRefused, readSite } from "./shared/site.ts";
import { actOf, declareAlone, epochIs, once, type Switched, unfinished } from "./shared/switching.ts";

/** How long a standing request stands. */
const STANDING_MS = 24 * 3_600_000;

/** POST /v1/sites/{site}/partner-down: granted at once on evidence, or on attestation; refused with the reason and how long still. */
export const requestPartnerDown: Handler<"requestPartnerDown"> = (deps, { params, body, caller, idempotencyKey }) =>
  once<Switched>(deps, params.site, { key: idempotencyKey, content: body }, async (answer) => {
    if (body.force !== undefined && !may(caller, "dhcp/force")) {
      return refused("FORBIDDEN", "Overriding the evidence needs the right dhcp/force.", { scope: "dhcp/force" });
    }
    const read = await readSite(deps.ledger, params.site);
    if (isRefused(read)) return read;
    const sole = serverNamed(read.ctl, body.survivor);
    const { names } = read.ctl.cfg;
    if (sole === undefined)
      return refused("BAD_REQUEST", `${params.site} has no server ${body.survivor}; it has ${names.A} (A) and ${names.B} (B).`);
    const moved = epochIs(read, body.expectedEpoch);
    if (moved !== undefined) return moved;
    const note = body.force?.reason ?? body.reason ?? "";
    const outcome = await declareAlone(
      deps,
      read,
      sole,
      body.force === undefined ? "lapsed" : "attested",
      actOf(deps, caller, note),
      answer,
    );
    if (body.standing !== true || !isRefused(outcome) || !waitable(outcome)) return outcome;
    const act = actOf(deps, caller, note);
    const kept = await deps.ledger.transact(requestWrites(read.ctl, sole, act.at + STANDING_MS, act));
    if (kept.kind === "busy" || kept.kind === "unknown") return unfinished(kept);
    return refused(outcome.code, `${outcome.detail} The request stands and is granted as soon as it may be.`, {
      ...outcome.more,
      standing: true,
    });
  });

/** Time may cure these. */
export const waitable = (why: Refused): boolean => why.code === "EVIDENCE_PENDING" || why.code === "PARTNER_ALIVE";
