import { EvtItem } from "../contract/items.ts";
import { refused } from "../contract/problem.ts";
import { END, evtPartition, FLEET, ts13 } from "../contract/tables.ts";
import { type Deps, type Handler, reply } from "../deps.ts";
import { openCursor, sealCursor } from "./shared/cursor.ts";
import { PAGE } from "./shared/history.ts";
import { isRefused, millis, time } from "./shared/site.ts";

/** GET /v1/sites/{site}/events: the audit trail, newest first. */
export const listEvents: Handler<"listEvents"> = (deps, { params, query }) => trail(deps, "listEvents", params.site, query);

/** GET /v1/events: acts on the fleet as a whole, newest first. What such an act did to a site stands in the site's trail. */
export const listFleetEvents: Handler<"listFleetEvents"> = (deps, { query }) => trail(deps, "listFleetEvents", FLEET, query);

async function trail(
  deps: Deps,
  route: string,
  site: string,
  query: {
    readonly from?: string | undefined;
    readonly to?: string | undefined;
    readonly cursor?: string | undefined;
    readonly limit?: number | undefined;
  },
) {
  const question = { site, from: query.from ?? "", to: query.to ?? "" };
  const opened = openCursor(deps.cursorKey, route, question, query.cursor);
  if (isRefused(opened)) return opened;
  const from = ts13(query.from === undefined ? 0 : millis(query.from));
  const to = query.to === undefined ? END : `${ts13(millis(query.to))}#${END}`;
  if (to < from) return refused("BAD_TIME", "The period ends before it begins.");
  const page = await deps.ledger.query({
    partition: evtPartition(site),
    range: { kind: "between", from, to },
    descending: true,
    limit: query.limit ?? PAGE,
    ...(opened.last === undefined ? {} : { startAfter: opened.last }),
  });
  const items = page.items.map((item) => {
    const { at, ep, what, by, note, detail } = EvtItem.parse(item);
    return { at: time(at), epoch: ep, what, by, note, detail };
  });
  return reply({ items, ...sealCursor(deps.cursorKey, route, question, page.last) });
}
