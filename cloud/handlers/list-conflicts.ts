import { type Conf, ConfItem } from "../contract/items.ts";
import { refused } from "../contract/problem.ts";
import { addressText, confPartition, OPEN_CONFLICTS } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { openCursor, sealCursor } from "./shared/cursor.ts";
import { PAGE } from "./shared/history.ts";
import { isRefused, time } from "./shared/site.ts";

/** GET /v1/conflicts: open ones of the fleet or of a site; `all=1` with a site gives the settled ones too. */
export const listConflicts: Handler<"listConflicts"> = async (deps, { query }) => {
  const question = { site: query.site ?? "", all: query.all ?? "0" };
  const opened = openCursor(deps.cursorKey, "listConflicts", question, query.cursor);
  if (isRefused(opened)) return opened;
  const paging = { limit: Math.min(query.limit ?? PAGE, 100), ...(opened.last === undefined ? {} : { startAfter: opened.last }) };
  if (query.all === "1" && query.site === undefined) return refused("BAD_REQUEST", "all=1 needs a site.");
  const everything = query.all === "1" && query.site !== undefined;
  const page = everything
    ? await deps.ledger.query({ partition: confPartition(query.site ?? ""), ...paging })
    : await deps.ledger.query({
        index: "gs2",
        partition: OPEN_CONFLICTS,
        ...(query.site === undefined ? {} : { range: { kind: "prefix", prefix: `${query.site}#` } }),
        ...paging,
      });
  // The index holds only the keys of a conflict.
  const items = everything
    ? page.items
    : await deps.ledger.snapshot(page.items.map((item) => ({ pk: String(item["pk"]), sk: String(item["sk"]) })));
  const conflicts = items.filter((item) => item !== undefined).map((item) => conflictView(ConfItem.parse(item)));
  return reply({ items: conflicts, ...sealCursor(deps.cursorKey, "listConflicts", question, page.last) });
};

/** A conflict as the API shows it; its id is its place in the site's partition. */
export function conflictView(item: Conf) {
  return {
    id: item.sk.replaceAll("#", "."),
    site: item.site,
    address: addressText(item.a),
    at: time(item.at),
    basis: item.basis,
    open: item.gs2pk !== undefined,
    winner: item.winner,
    loser: item.loser,
    ...(item.resolved === undefined ? {} : { resolved: { ...item.resolved, at: time(item.resolved.at) } }),
  };
}
