import { all, compare, type Item, type Query } from "../../contract/expression.ts";
import type { Refused } from "../../contract/problem.ts";
import { clientPartition, END, ts13 } from "../../contract/tables.ts";
import type { Deps } from "../../deps.ts";
import { inOrder, type Stint, StintBuilder, within } from "../../domain/stints.ts";
import { openCursor, sealCursor } from "./cursor.ts";
import { clientOf, histOf } from "./history.ts";
import { isRefused } from "./site.ts";

/** Stints of a page unless the caller says otherwise, rows read at once, and rows read for one page at most. */
const STINTS = 100;
const ROWS = 500;
const ROWS_A_PAGE = 5000;
/** Open stints that a cursor may carry; only a client that holds more addresses at once makes a page longer. */
const CARRIED = 40;

export interface ClientQuestion {
  readonly client: string;
  readonly site: string | undefined;
  readonly from: number;
  readonly to: number;
  readonly maxLeaseMs: number;
}

/** Where a client was in a period: rows of the client's index, merged into stints. A lease that ran at the beginning may have begun a longest
 *  lease before, so the search reaches back by that. A stint that goes on behind the end of a page travels in the cursor, so that it is told
 *  once and whole, on the page on which it ends. */
export async function clientStints(
  deps: Deps,
  route: string,
  asked: ClientQuestion,
  paging: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
): Promise<{ readonly stints: readonly Stint[]; readonly cursor?: string } | Refused> {
  const named = clientOf(asked.client);
  if (isRefused(named)) return named;
  const { client } = named;
  const question = { client, site: asked.site ?? "", from: asked.from, to: asked.to };
  const opened = openCursor(deps.cursorKey, route, question, paging.cursor);
  if (isRefused(opened)) return opened;
  const builder = new StintBuilder(carriedStints(opened.last, client));
  const limit = paging.limit ?? STINTS;
  const found: Stint[] = [];
  let position = positionIn(opened.last);
  for (let examined = 0; ; examined += ROWS) {
    const page = await deps.ledger.query(queryFor(client, asked, position));
    for (const item of page.items) {
      found.push(...within(builder.take(histOf(item)), asked.from, asked.to));
      if (found.length < limit || builder.open.length > CARRIED) continue;
      return { stints: inOrder(found), ...sealCursor(deps.cursorKey, route, question, carry(keysOf(item), builder.open)) };
    }
    position = page.last;
    if (position === undefined) break;
    if (examined >= ROWS_A_PAGE && builder.open.length <= CARRIED)
      return { stints: inOrder(found), ...sealCursor(deps.cursorKey, route, question, carry(position, builder.open)) };
  }
  return { stints: inOrder([...found, ...within(builder.end(), asked.from, asked.to)]) };
}

function queryFor(client: string, { site, from, to, maxLeaseMs }: ClientQuestion, startAfter: Item | undefined): Query {
  const reach = from - maxLeaseMs;
  return {
    index: "gs1",
    partition: clientPartition(client),
    limit: ROWS,
    ...(site === undefined
      ? { filter: all(compare("ts", ">=", reach), compare("ts", "<=", to)) }
      : { range: { kind: "between", from: `${site}#${ts13(reach)}`, to: `${site}#${ts13(to)}#${END}` } }),
    ...(startAfter === undefined ? {} : { startAfter }),
  };
}

/** The place of a row in the index. */
const keysOf = (item: Item): Item => Object.fromEntries(["pk", "sk", "gs1pk", "gs1sk"].map((name) => [name, item[name] ?? ""]));

const carry = (position: Item, open: readonly Stint[]): Item => ({
  ...position,
  open: open.map(({ site, address, from, until, renewals, contested }) => [site, address, from, until, renewals, contested]),
});

function positionIn(last: Item | undefined): Item | undefined {
  if (last === undefined) return undefined;
  const { open: _, ...position } = last;
  return position;
}

/** The cursor is signed, so what it carries is what was put into it. */
function carriedStints(last: Item | undefined, client: string): readonly Stint[] {
  const rows = (last?.["open"] ?? []) as readonly (readonly [string, string, number, number, number, boolean])[];
  return rows.map(([site, address, from, until, renewals, contested]) => ({
    site,
    address,
    client,
    from,
    until,
    renewals,
    ended: "ACTIVE",
    contested,
  }));
}
