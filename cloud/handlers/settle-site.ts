import { refused } from "../contract/problem.ts";
import { type Handler, may, reply } from "../deps.ts";
import { serverNamed } from "../domain/partner-down.ts";
import { attestedSettlement, settlementOf } from "../domain/settlement.ts";
import { settle } from "./shared/settling.ts";
import { isRefused, readSite } from "./shared/site.ts";
import { actOf, epochIs } from "./shared/switching.ts";

/** POST /v1/sites/{site}/settle: the sweep does the same each minute once both servers have told; a person's word stands in where they cannot. */
export const settleSite: Handler<"settleSite"> = async (deps, { params, body, caller }) => {
  const { word } = body;
  if (word !== undefined && !may(caller, "dhcp/force"))
    return refused("FORBIDDEN", "Settling a site by one's word needs the right dhcp/force.", { scope: "dhcp/force" });
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const { site, state } = read.ctl;
  if (state !== "RESTORED") return refused("NOT_RESTORED", `${site} is ${state}.`);
  const moved = epochIs(read, body.expectedEpoch);
  if (moved !== undefined) return moved;
  const sole = word?.sole === undefined ? undefined : serverNamed(read.ctl, word.sole);
  if (word?.sole !== undefined && sole === undefined) return refused("BAD_REQUEST", `${site} has no server ${word.sole}.`);
  const settlement = word === undefined ? settlementOf(read) : attestedSettlement(read, sole);
  if (isRefused(settlement)) return settlement;
  const done = await settle(deps, read, settlement, actOf(deps, caller, word?.reason ?? ""));
  return isRefused(done) ? done : reply(done);
};
