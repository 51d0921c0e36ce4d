import { absent, type Item, put } from "../contract/expression.ts";
import { CtlItem, type Hist, HistItem, SCHEMA_VERSION } from "../contract/items.ts";
import { queryAll } from "../contract/ledger.ts";
import { confKey, ctlKey, END, histPartition, OPEN_CONFLICTS, ts13 } from "../contract/tables.ts";
import type { Deps } from "../deps.ts";
import { overlapping } from "../domain/stints.ts";

/** The stream's consumer: an event that came in late may have overlapped another client's lease; then it becomes a conflict. Idempotent: the
 *  conflict's key is the event's, so the stream may repeat itself. Throws when the ledger does not take it, and the stream tries again. */
export async function audit(deps: Deps, images: readonly Item[]): Promise<number> {
  let conflicts = 0;
  for (const image of images) {
    if (image["t"] !== "H" || image["late"] !== 1) continue;
    const late = HistItem.parse(image);
    const others = overlapping(late, await neighbours(deps, late));
    const other = others[0];
    if (other === undefined) continue;
    const key = confKey(late.site, late.a, late.ts, late.srv, late.seq);
    const side = (row: Hist) => ({ cid: row.cid, srv: row.srv, exp: row.exp, ord: row.ord, seq: row.seq });
    const outcome = await deps.ledger.write(
      put(
        {
          ...key,
          v: SCHEMA_VERSION,
          t: "X",
          site: late.site,
          a: late.a,
          basis: "late",
          at: late.ts,
          until: late.exp,
          winner: side(other),
          loser: side(late),
          gs2pk: OPEN_CONFLICTS,
          gs2sk: `${late.site}#${key.sk}`,
        },
        absent("pk"),
      ),
    );
    if (outcome.kind === "busy" || outcome.kind === "unknown") throw new Error(`the conflict was not written: ${outcome.cause}`);
    if (outcome.kind === "done") conflicts++;
    deps.log.warn({ event: "conflict-written", site: late.site, address: late.a, basis: "late" }, "two clients had one address");
  }
  return conflicts;
}

/** Rows of the address that may run at the same time as `late`. */
async function neighbours(deps: Deps, late: Hist): Promise<readonly Hist[]> {
  const ctl = CtlItem.parse(await deps.ledger.get(ctlKey(late.site)));
  const rows = await queryAll(deps.ledger, {
    partition: histPartition(late.site, late.a),
    range: { kind: "between", from: ts13(late.ts - ctl.cfg.maxLeaseMs), to: `${ts13(late.exp)}#${END}` },
    consistent: true,
  });
  return rows.map((row) => HistItem.parse(row));
}
