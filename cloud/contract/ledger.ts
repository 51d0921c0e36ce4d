import type { Item, Key, Query, Write } from "./expression.ts";

/** Why one action of a refused transaction did not go through; by position. `met` = this one was not the reason. */
export type Refusal = { readonly kind: "met" } | { readonly kind: "condition"; readonly item: Item | undefined };
/** What became of a write. Expected outcomes are values; a write that DynamoDB calls malformed is our fault and throws. */
export type WriteOutcome =
  /** Committed. `item` is the row after a single update. */
  | { readonly kind: "done"; readonly item: Item | undefined }
  /** Nothing was written: at least one condition did not hold. Each failed one carries the row as it stands (ALL_OLD). */
  | { readonly kind: "refused"; readonly reasons: readonly Refusal[] }
  /** Nothing was written: throttled, or another transaction held a row. Repeat the same. */
  | { readonly kind: "busy"; readonly cause: string }
  /** Nobody knows: no answer came. It may have been written or may yet be. Repeat the same. */
  | { readonly kind: "unknown"; readonly cause: string };
/** Rows of one query, and where to go on; `last` undefined = that was all. */
export interface Page {
  readonly items: readonly Item[];
  readonly last: Item | undefined;
}
/** A read could not be done (throttled, unreachable). Writes never throw this. */
export class LedgerUnavailable extends Error {
  override readonly name = "LedgerUnavailable";
}
/** The ledger as edge and cloud use it: one table with DynamoDB's semantics. Reads throw {@link LedgerUnavailable}. */
export interface Ledger {
  /** Strongly consistent read of one row. */
  get(key: Key): Promise<Item | undefined>;
  /** Several rows as of one moment (TransactGetItems, at most 100). */
  snapshot(keys: readonly Key[]): Promise<readonly (Item | undefined)[]>;
  /** Many rows, each as it is at about this moment (eventually consistent, the cheapest read), at most 100. */
  getMany(keys: readonly Key[]): Promise<readonly (Item | undefined)[]>;
  query(query: Query): Promise<Page>;
  /** One row; `done` carries the row as it is after an update. */
  write(write: Write): Promise<WriteOutcome>;
  /** All or nothing; at most 100 actions, each on another row. */
  transact(writes: readonly Write[]): Promise<WriteOutcome>;
}
/** Every row of a query, page by page. */
export async function queryAll(ledger: Ledger, query: Query): Promise<readonly Item[]> {
  const items: Item[] = [];
  let startAfter = query.startAfter;
  do {
    const page = await ledger.query(startAfter === undefined ? query : { ...query, startAfter });
    items.push(...page.items);
    startAfter = page.last;
  } while (startAfter !== undefined);
  return items;
}
