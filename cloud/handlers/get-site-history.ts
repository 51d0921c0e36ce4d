import type { Item } from "../contract/expression.ts";
import { dayOf, dayPartition, END, ts13 } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { certaintyOf } from "../domain/certainty.ts";
import { openCursor, sealCursor } from "./shared/cursor.ts";
import { certaintyView, histOf, historyView, PAGE, periodOf } from "./shared/history.ts";
import { isRefused, readSite } from "./shared/site.ts";

const DAY_MS = 86_400_000;
/** Days looked through for one page at most: a page of a quiet site may be short, with a cursor to go on. */
const DAYS_A_PAGE = 40;

/** GET /v1/sites/{site}/history?from=&to=: everything in the site in a period, in order of time, day by day from the index. */
export const getSiteHistory: Handler<"getSiteHistory"> = async (deps, { params, query }) => {
  const period = periodOf(query.from, query.to);
  if (isRefused(period)) return period;
  const question = { site: params.site, from: query.from, to: query.to };
  const opened = openCursor(deps.cursorKey, "getSiteHistory", question, query.cursor);
  if (isRefused(opened)) return opened;
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const limit = query.limit ?? PAGE;
  const items: Item[] = [];
  const position = opened.last;
  let day = typeof position?.["day"] === "string" ? Date.parse(position["day"]) : Math.floor(period.from / DAY_MS) * DAY_MS;
  let startAfter = position?.["gs3pk"] === undefined ? undefined : without(position, "day");
  let last: Item | undefined;
  for (let looked = 0; day <= period.to; looked++, day += DAY_MS) {
    if (items.length >= limit || looked >= DAYS_A_PAGE) {
      last = { day: dayOf(day) };
      break;
    }
    const page = await deps.ledger.query({
      index: "gs3",
      partition: dayPartition(params.site, dayOf(day)),
      range: { kind: "between", from: ts13(period.from), to: `${ts13(period.to)}#${END}` },
      limit: limit - items.length,
      ...(startAfter === undefined ? {} : { startAfter }),
    });
    items.push(...page.items);
    startAfter = undefined;
    if (page.last !== undefined) {
      last = { ...page.last, day: dayOf(day) };
      break;
    }
  }
  return reply({
    items: items.map((item) => historyView(histOf(item))),
    ...sealCursor(deps.cursorKey, "getSiteHistory", question, last),
    certainty: certaintyView(certaintyOf(read, period, 0, deps.now())),
  });
};

const without = (item: Item, name: string): Item => Object.fromEntries(Object.entries(item).filter(([key]) => key !== name));
