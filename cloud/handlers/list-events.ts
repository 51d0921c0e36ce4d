import { EvtItem } from "../contract/items.ts";
import { END, evtPartition, ts13 } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { openCursor, sealCursor } from "./shared/cursor.ts";
import { PAGE } from "./shared/history.ts";
import { isRefused, millis, time } from "./shared/site.ts";

/** GET /v1/sites/{site}/events: the audit trail, newest first. */
export const listEvents: Handler<"listEvents"> = async (deps, { params, query }) => {
  const question = { site: params.site, from: query.from ?? "", to: query.to ?? "" };
  const opened = openCursor(deps.cursorKey, "listEvents", question, query.cursor);
  if (isRefused(opened)) return opened;
  const from = ts13(query.from === undefined ? 0 : millis(query.from));
  const to = query.to === undefined ? END : `${ts13(millis(query.to))}#${END}`;
  const page = await deps.ledger.query({
    partition: evtPartition(params.site),
    range: { kind: "between", from, to },
    descending: true,
    limit: query.limit ?? PAGE,
    ...(opened.last === undefined ? {} : { startAfter: opened.last }),
  });
  const items = page.items.map((item) => {
    const { at, ep, what, by, note, detail } = EvtItem.parse(item);
    return { at: time(at), epoch: ep, what, by, note, detail };
  });
  return reply({ items, ...sealCursor(deps.cursorKey, "listEvents", question, page.last) });
};
