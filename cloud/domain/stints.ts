import type { Hist } from "../contract/items.ts";

/** One unbroken time of one client on one address. Milliseconds since 1970. */
export interface Stint {
  readonly site: string;
  readonly address: string;
  readonly client: string;
  readonly from: number;
  readonly until: number;
  readonly renewals: number;
  /** The status that ended it: ACTIVE while it ran to the end of the lease. */
  readonly ended: string;
  readonly contested: boolean;
}

/** History rows of one client, merged: rows of one address join while each begins before the former ends. Rows that arrived late or
 *  contradicted a holder make the stint contested. Order of the answer: by beginning. */
export function stintsOf(rows: readonly Hist[]): readonly Stint[] {
  const open = new Map<string, Stint>();
  const done: Stint[] = [];
  for (const row of [...rows].sort((left, right) => left.ts - right.ts || (left.ord < right.ord ? -1 : 1))) {
    const key = `${row.site}#${row.a}`;
    const running = open.get(key);
    const odd = row.cf !== undefined;
    if (row.st !== "ACTIVE") {
      if (running !== undefined && !odd) {
        done.push({ ...running, until: Math.min(running.until, row.ts), ended: row.st });
        open.delete(key);
      }
      continue;
    }
    if (running !== undefined && row.ts <= running.until) {
      open.set(key, {
        ...running,
        until: Math.max(running.until, row.exp),
        renewals: running.renewals + (row.n ?? 1),
        contested: running.contested || odd,
      });
      continue;
    }
    if (running !== undefined) done.push(running);
    open.set(key, {
      site: row.site,
      address: row.a,
      client: row.cid,
      from: row.ts,
      until: row.exp,
      renewals: (row.n ?? 1) - 1,
      ended: "ACTIVE",
      contested: odd,
    });
  }
  return [...done, ...open.values()].sort((left, right) => left.from - right.from || (left.address < right.address ? -1 : 1));
}

/** Those that touch the period `[from, to]`. */
export const within = (stints: readonly Stint[], from: number, to: number): readonly Stint[] =>
  stints.filter((stint) => stint.until > from && stint.from <= to);

/** Of the rows of one address, those of other clients that ran at the same time as `late`: what the audit of a late row looks for. Rows that
 *  were flagged themselves do not count as holders. A holder's time ends at his lease's end or at the next plain row. */
export function overlapping(late: Hist, rows: readonly Hist[]): readonly Hist[] {
  if (late.st !== "ACTIVE") return [];
  const plain = rows.filter((row) => row.cf === undefined && row.late === undefined).sort((left, right) => left.ts - right.ts);
  return plain.filter((row, index) => {
    const until = Math.min(row.exp, plain[index + 1]?.ts ?? Number.POSITIVE_INFINITY);
    return row.st === "ACTIVE" && row.cid !== late.cid && row.ts < late.exp && until > late.ts;
  });
}
