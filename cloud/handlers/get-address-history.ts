import { END, histPartition, ts13 } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { certaintyOf } from "../domain/certainty.ts";
import { openCursor, sealCursor } from "./shared/cursor.ts";
import { addressOf, certaintyView, histOf, historyView, PAGE } from "./shared/history.ts";
import { isRefused, millis, readSite } from "./shared/site.ts";

/** GET /v1/sites/{site}/addresses/{ip}/history: oldest first. */
export const getAddressHistory: Handler<"getAddressHistory"> = async (deps, { params, query }) => {
  const address = addressOf(params.ip);
  if (isRefused(address)) return address;
  const question = { ...params, from: query.from ?? "", to: query.to ?? "" };
  const opened = openCursor(deps.cursorKey, "getAddressHistory", question, query.cursor);
  if (isRefused(opened)) return opened;
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const from = query.from === undefined ? 0 : millis(query.from);
  const to = query.to === undefined ? deps.now() : millis(query.to);
  // all that there is, unless an end is asked for: a server's clock may be ahead of ours
  const last = query.to === undefined ? END : `${ts13(to)}#${END}`;
  const page = await deps.ledger.query({
    partition: histPartition(params.site, address.key),
    range: { kind: "between", from: ts13(from), to: last },
    limit: query.limit ?? PAGE,
    ...(opened.last === undefined ? {} : { startAfter: opened.last }),
  });
  return reply({
    items: page.items.map((item) => historyView(histOf(item))),
    ...sealCursor(deps.cursorKey, "getAddressHistory", question, page.last),
    certainty: certaintyView(certaintyOf(read, { from: query.from === undefined ? read.ctl.reg : from, to }, 0, deps.now())),
  });
};
