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

/** Stints that may still go on, by site and address. Feed it a client's rows in the order of the client's index (site, then time). */
export class StintBuilder {
  readonly #open = new Map<string, Stint>();

  constructor(open: readonly Stint[] = []) {
    for (const stint of open) this.#open.set(keyOf(stint.site, stint.address), stint);
  }
  /** Those that the next row may extend. */
  get open(): readonly Stint[] {
    return [...this.#open.values()];
  }
  /** Takes the next row; gives the stints that are over by it. Rows of one address join while each begins before the former ends; a row that
   *  contradicted a holder makes the stint contested, and ends none. */
  take(row: Hist): readonly Stint[] {
    const done = this.#over(row.site, row.ts);
    const key = keyOf(row.site, row.a);
    const running = this.#open.get(key);
    const odd = row.cf !== undefined;
    if (row.st !== "ACTIVE") {
      if (running === undefined || odd) return done;
      this.#open.delete(key);
      return [...done, { ...running, until: Math.min(running.until, row.ts), ended: row.st }];
    }
    const renewals = (running === undefined ? -1 : running.renewals) + (row.n ?? 1);
    const begun = running ?? {
      site: row.site,
      address: row.a,
      client: row.cid,
      from: row.ts,
      until: row.exp,
      ended: "ACTIVE",
      contested: odd,
    };
    this.#open.set(key, { ...begun, until: Math.max(begun.until, row.exp), renewals, contested: begun.contested || odd });
    return done;
  }
  /** There are no more rows: what is open runs to the end of its lease. */
  end(): readonly Stint[] {
    const rest = this.open;
    this.#open.clear();
    return rest;
  }
  #over(site: string, ts: number): readonly Stint[] {
    const over = this.open.filter((stint) => stint.site !== site || stint.until < ts);
    for (const stint of over) this.#open.delete(keyOf(stint.site, stint.address));
    return over;
  }
}
const keyOf = (site: string, address: string): string => `${site}#${address}`;

/** History rows of one client, merged, in order of beginning. */
export function stintsOf(rows: readonly Hist[]): readonly Stint[] {
  const builder = new StintBuilder();
  const stints = rows.flatMap((row) => [...builder.take(row)]);
  return inOrder([...stints, ...builder.end()]);
}
/** By beginning, then by site and address. */
export const inOrder = (stints: readonly Stint[]): readonly Stint[] =>
  [...stints].sort((left, right) => left.from - right.from || (keyOf(left.site, left.address) < keyOf(right.site, right.address) ? -1 : 1));

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
