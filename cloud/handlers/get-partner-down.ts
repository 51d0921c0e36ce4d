import type { Item } from "../contract/expression.ts";
import { EvtItem, Server } from "../contract/items.ts";
import type { SiteSnapshot } from "../contract/switch-expressions.ts";
import { requestKey, servingKey } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { canDeclare, isRefused, readSite, stateOf, time } from "./shared/site.ts";

/** GET /v1/sites/{site}/partner-down */
export const getPartnerDown: Handler<"getPartnerDown"> = async (deps, { params }) => {
  const [read, request] = await Promise.all([readSite(deps.ledger, params.site), deps.ledger.get(requestKey(params.site))]);
  if (isRefused(read)) return read;
  const { ctl } = read;
  const serving = ctl.since === undefined ? undefined : await deps.ledger.get(servingKey(ctl.site, ctl.since, ctl.ep));
  return reply(partnerDownStatus(read, request, deps.now(), serving));
};

/** How a switch and a standing request stand. A survivor that has beaten since the switch has written under its epoch, so it knows. */
export function partnerDownStatus(read: SiteSnapshot, request: Item | undefined, now: number, serving?: Item) {
  const { ctl, servers } = read;
  const { down, ...state } = stateOf(read);
  const sole = ctl.sole === undefined ? undefined : servers[ctl.sole];
  return {
    site: ctl.site,
    ...state,
    servingAfterMs: serving === undefined ? null : Number((EvtItem.parse(serving).detail as Item)["afterMs"]),
    survivorKnows: sole !== undefined && ctl.since !== undefined && down !== undefined && sole.bn > 0 && sole.fs === "PARTNER-DOWN",
    request: request === undefined ? null : requestView(request, now),
    canDeclare: canDeclare(read),
  };
}

function requestView(request: Item, now: number) {
  const until = Number(request["until"]);
  const open = now <= until ? "open" : "expired";
  const state = request["granted"] !== undefined ? "granted" : request["cancelled"] !== undefined ? "cancelled" : open;
  return {
    survivor: Server.parse(request["sole"]),
    by: String(request["by"]),
    at: time(Number(request["at"])),
    until: time(until),
    state,
  } as const;
}
