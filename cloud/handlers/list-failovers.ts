import { CLOSED_PLANS, OPEN_PLANS, planKey } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { openCursor, sealCursor } from "./shared/cursor.ts";
import { planSummary } from "./shared/failover.ts";
import { isRefused } from "./shared/site.ts";

/** Plans of a page at most: each is read by its key. */
const PLANS = 50;

/** GET /v1/failovers: the running ones, or with `state=closed` those that are over. */
export const listFailovers: Handler<"listFailovers"> = async (deps, { query }) => {
  const question = { state: query.state ?? "running" };
  const opened = openCursor(deps.cursorKey, "listFailovers", question, query.cursor);
  if (isRefused(opened)) return opened;
  const page = await deps.ledger.query({
    index: "gs2",
    partition: question.state === "closed" ? CLOSED_PLANS : OPEN_PLANS,
    limit: Math.min(query.limit ?? PLANS, PLANS),
    ...(opened.last === undefined ? {} : { startAfter: opened.last }),
  });
  const ids = page.items.map((item) => String(item["gs2sk"]));
  const rows = ids.length === 0 ? [] : await deps.ledger.getMany(ids.map(planKey));
  const items = rows.flatMap((row, index) => (row === undefined ? [] : [planSummary(ids[index] ?? "", row)]));
  return reply({ items, ...sealCursor(deps.cursorKey, "listFailovers", question, page.last) });
};
