import { equal } from "../contract/expression.ts";
import { curPartition } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { certaintyOf } from "../domain/certainty.ts";
import { openCursor, sealCursor } from "./shared/cursor.ts";
import { certaintyView, leaseView, PAGE } from "./shared/history.ts";
import { isRefused, readSite } from "./shared/site.ts";

/** GET /v1/sites/{site}/leases: rows as they stand, by address. */
export const listLeases: Handler<"listLeases"> = async (deps, { params, query }) => {
  const question = { site: params.site, status: query.status ?? "" };
  const opened = openCursor(deps.cursorKey, "listLeases", question, query.cursor);
  if (isRefused(opened)) return opened;
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const page = await deps.ledger.query({
    partition: curPartition(params.site),
    limit: query.limit ?? PAGE,
    ...(query.status === undefined ? {} : { filter: equal("st", query.status) }),
    ...(opened.last === undefined ? {} : { startAfter: opened.last }),
  });
  const now = deps.now();
  return reply({
    items: page.items.map(leaseView),
    ...sealCursor(deps.cursorKey, "listLeases", question, page.last),
    certainty: certaintyView(certaintyOf(read, { from: now, to: now }, 0, now)),
  });
};
