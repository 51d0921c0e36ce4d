import type { Item } from "../contract/expression.ts";

/** Rows of a table or an index, in partitions sorted by sort key. Rows of an index may share a sort key; the primary key tells them apart. */
export class SortedRows {
  readonly #pk: string;
  readonly #sk: string;
  readonly #partitions = new Map<string, Item[]>();
  #size = 0;

  constructor(pk: string, sk: string) {
    this.#pk = pk;
    this.#sk = sk;
  }
  get size(): number {
    return this.#size;
  }
  /** The row with this key; of several (in an index) the first. */
  get(pk: string, sk: string): Item | undefined {
    const rows = this.#partitions.get(pk);
    const row = rows?.[lowerBound(rows, (item) => this.#text(item) < sk)];
    return row !== undefined && this.#text(row) === sk ? row : undefined;
  }
  /** Adds or replaces; a row without this table's or index's key attributes is not in it. */
  put(item: Item): void {
    const pk = item[this.#pk];
    if (typeof pk !== "string" || typeof item[this.#sk] !== "string") return;
    const rows = this.#partitions.get(pk) ?? [];
    this.#partitions.set(pk, rows);
    const at = this.#placeOf(rows, item);
    const there = rows[at];
    const replaces = there !== undefined && this.#order(there, item) === 0;
    rows.splice(at, replaces ? 1 : 0, item);
    if (!replaces) this.#size++;
  }
  remove(item: Item): void {
    const rows = this.#partitions.get(String(item[this.#pk]));
    if (rows === undefined) return;
    const at = this.#placeOf(rows, item);
    const there = rows[at];
    if (there === undefined || this.#order(there, item) !== 0) return;
    rows.splice(at, 1);
    this.#size--;
  }
  /** The rows of one partition with sort keys in `[from, to]`, in the order asked for, after `position`. */
  *walk(pk: string, from: string, to: string, descending: boolean, position: Item | undefined): Generator<Item> {
    const rows = this.#partitions.get(pk) ?? [];
    const start = lowerBound(
      rows,
      (item) => this.#text(item) < from || (!descending && position !== undefined && this.#order(item, position) <= 0),
    );
    const end = lowerBound(
      rows,
      (item) => this.#text(item) <= to && !(descending && position !== undefined && this.#order(item, position) >= 0),
    );
    if (descending) for (let index = end - 1; index >= start; index--) yield rows[index]!;
    else for (let index = start; index < end; index++) yield rows[index]!;
  }
  /** The keys of a row, from which a later walk goes on. */
  positionOf(item: Item): Item {
    return Object.fromEntries(["pk", "sk", this.#pk, this.#sk].map((name) => [name, item[name] ?? ""]));
  }
  *all(): Generator<Item> {
    for (const pk of [...this.#partitions.keys()].sort()) yield* this.#partitions.get(pk) ?? [];
  }
  #text(item: Item): string {
    return item[this.#sk] as string;
  }
  #placeOf(rows: readonly Item[], item: Item): number {
    return lowerBound(rows, (other) => this.#order(other, item) < 0);
  }
  #order(left: Item, right: Item): number {
    for (const name of [this.#sk, "pk", "sk"]) {
      const a = String(left[name]);
      const b = String(right[name]);
      if (a !== b) return a < b ? -1 : 1;
    }
    return 0;
  }
}

/** First index for which `before` is false; `before` is true for a beginning of the rows only. */
function lowerBound(rows: readonly Item[], before: (item: Item) => boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(rows[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
