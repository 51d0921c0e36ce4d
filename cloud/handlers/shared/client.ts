import { all, compare, type Query } from "../../contract/expression.ts";
import type { Refused } from "../../contract/problem.ts";
import { clientPartition, END, ts13 } from "../../contract/tables.ts";
import type { Deps } from "../../deps.ts";
import type { Certainty } from "../../domain/holder-at.ts";
import { stintsOf, within } from "../../domain/stints.ts";
import { openCursor, sealCursor } from "./cursor.ts";
import { certainty, certaintyView, clientOf, histOf, stintView } from "./history.ts";
import { isRefused, time } from "./site.ts";

/** Rows that one page of stints is made of, unless the caller says otherwise. */
const ROWS = 500;

/** Where a client was in a period: rows of the client's index, merged into stints. A lease that ran at the beginning may have begun a longest
 *  lease before, so the search reaches back by that. Stints are merged within a page of rows. */
export async function clientStints(
  deps: Deps,
  route: string,
  asked: {
    readonly client: string;
    readonly site: string | undefined;
    readonly from: number;
    readonly to: number;
    readonly maxLeaseMs: number;
  },
  paging: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
) {
  const client = clientOf(asked.client);
  const question = { client, site: asked.site ?? "", from: asked.from, to: asked.to };
  const opened = openCursor(deps.cursorKey, route, question, paging.cursor);
  if (isRefused(opened)) return opened satisfies Refused;
  const reach = asked.from - asked.maxLeaseMs;
  const query: Query = {
    index: "gs1",
    partition: clientPartition(client),
    limit: paging.limit ?? ROWS,
    ...(asked.site === undefined
      ? { filter: all(compare("ts", ">=", reach), compare("ts", "<=", asked.to)) }
      : { range: { kind: "between", from: `${asked.site}#${ts13(reach)}`, to: `${asked.site}#${ts13(asked.to)}#${END}` } }),
    ...(opened.last === undefined ? {} : { startAfter: opened.last }),
  };
  const asOf = deps.now();
  const page = await deps.ledger.query(query);
  const stints = within(stintsOf(page.items.map(histOf)), asked.from, asked.to);
  const contested = stints.filter((stint) => stint.contested).length;
  return {
    items: stints.map(stintView),
    ...sealCursor(deps.cursorKey, route, question, page.last),
    certainty: certaintyView(asked.site === undefined ? EVERYWHERE : await certainty(deps, asked.site, asked.to, contested)),
    asOf: time(asOf),
  };
}

const EVERYWHERE: Certainty = {
  level: "provisional",
  statement: "What each site has handed in so far; ask for one site to learn how complete that is.",
  completeUntil: undefined,
};
