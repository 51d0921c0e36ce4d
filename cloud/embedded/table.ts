import type { Condition, Item, Key, Query, SortRange, Update, Value, Write } from "../contract/expression.ts";
import { keyOf } from "../contract/expression.ts";
import type { Page, Refusal, WriteOutcome } from "../contract/ledger.ts";
import { LEDGER_TABLE } from "../contract/tables.ts";
import { SortedRows } from "./sorted-rows.ts";

/** One committed change of a row, as the table's stream would show it. */
export interface Change {
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}
/** A table in memory with the subset of DynamoDB's semantics that the ledger needs: conditional writes, transactions that name the failed
 *  conditions with the rows as they stand, queries over table and indexes in key order. Synchronous and deterministic: no clock, no
 *  chance, no promises, so the simulation can use it as it is. Malformed calls throw, as DynamoDB's ValidationException would. */
export interface EmbeddedTable {
  get(key: Key): Item | undefined;
  query(query: Query): Page;
  write(write: Write): WriteOutcome;
  transact(writes: readonly Write[]): WriteOutcome;
  /** Calls `watcher` for every committed change, in order of commit. */
  watch(watcher: (change: Change) => void): void;
  /** All rows, by partition and sort key. */
  rows(): Iterable<Item>;
  readonly size: number;
}

/** Largest page DynamoDB returns, in bytes of JSON (it counts about that). */
const PAGE_BYTES = 1_000_000;
const MAX_ACTIONS = 100;

export function createEmbeddedTable(): EmbeddedTable {
  const base = new SortedRows(LEDGER_TABLE.pk, LEDGER_TABLE.sk);
  const indexes = new Map(LEDGER_TABLE.indexes.map((index) => [index.name as string, { rows: new SortedRows(index.pk, index.sk), index }]));
  const watchers: ((change: Change) => void)[] = [];

  const commit = (write: Write): Item => {
    const key = keyOf(write);
    const before = base.get(key.pk, key.sk);
    const after = write.kind === "put" ? write.item : applyUpdate({ ...(before ?? key) }, write.update);
    for (const { rows } of indexes.values()) {
      if (before !== undefined) rows.remove(before);
      rows.put(after);
    }
    base.put(after);
    for (const watcher of watchers) watcher({ before, after });
    return after;
  };
  const check = (write: Write): Refusal => {
    const key = keyOf(write);
    const item = base.get(key.pk, key.sk);
    return write.when === undefined || holds(write.when, item) ? { kind: "met" } : { kind: "condition", item };
  };

  return {
    get: (key) => base.get(key.pk, key.sk),
    write: (write) => {
      const reason = check(write);
      return reason.kind === "met" ? { kind: "done", item: commit(write) } : { kind: "refused", reasons: [reason] };
    },
    transact: (writes) => {
      validateTransaction(writes);
      const reasons = writes.map(check);
      if (reasons.some((reason) => reason.kind === "condition")) return { kind: "refused", reasons };
      for (const write of writes) commit(write);
      return { kind: "done", item: undefined };
    },
    query: (query) => {
      const found = query.index === undefined ? undefined : indexes.get(query.index);
      if (query.index !== undefined && found === undefined) throw new Error(`no index ${query.index}`);
      const page = pageOf(found?.rows ?? base, query);
      return found === undefined ? page : { ...page, items: page.items.map((item) => project(item, found.index)) };
    },
    watch: (watcher) => void watchers.push(watcher),
    rows: () => base.all(),
    get size() {
      return base.size;
    },
  };
}

/** Whether `condition` holds for the row as it stands (undefined: there is none). Numbers compare as numbers, text by code unit; values of
 *  different types are never less or greater. */
export function holds(condition: Condition, item: Item | undefined): boolean {
  switch (condition.kind) {
    case "absent":
      return item?.[condition.attribute] === undefined;
    case "all":
      return condition.terms.every((term) => holds(term, item));
    case "any":
      return condition.terms.some((term) => holds(term, item));
    case "compare":
      return comparison(item?.[condition.attribute], condition.operator, condition.value);
  }
}

function comparison(left: Value | undefined, operator: string, right: Value): boolean {
  if (left === undefined) return operator === "<>";
  if (operator === "=") return same(left, right);
  if (operator === "<>") return !same(left, right);
  const numbers = typeof left === "number" && typeof right === "number";
  const texts = typeof left === "string" && typeof right === "string";
  if (!numbers && !texts) return false;
  if (operator === "<") return left < right;
  if (operator === "<=") return left <= right;
  return operator === ">" ? left > right : left >= right;
}

const same = (left: Value, right: Value): boolean =>
  left === right || (typeof left === "object" && JSON.stringify(left) === JSON.stringify(right));

function applyUpdate(row: Record<string, Value>, change: Update): Item & Key {
  for (const [name, by] of Object.entries(change.add)) {
    const value = row[name];
    if (typeof value !== "number") throw new Error(`the update adds to ${name}, which is no number in the row`);
    row[name] = value + by;
  }
  Object.assign(row, change.set);
  for (const name of change.remove) delete row[name];
  return row as Item & Key;
}

function validateTransaction(writes: readonly Write[]): void {
  if (writes.length === 0 || writes.length > MAX_ACTIONS)
    throw new Error(`a transaction has 1 to ${MAX_ACTIONS} actions, not ${writes.length}`);
  const keys = new Set(writes.map((write) => JSON.stringify([keyOf(write).pk, keyOf(write).sk])));
  if (keys.size !== writes.length) throw new Error("a transaction may name a row only once");
}

function pageOf(rows: SortedRows, query: Query): Page {
  const { from, to } = bounds(query.range);
  const items: Item[] = [];
  let examined = 0;
  let bytes = 0;
  let last: Item | undefined;
  for (const item of rows.walk(query.partition, from, to, query.descending === true, query.startAfter)) {
    if (examined === query.limit || bytes > PAGE_BYTES) return { items, last: rows.positionOf(last!) };
    examined++;
    bytes += JSON.stringify(item).length;
    last = item;
    if (query.filter === undefined || holds(query.filter, item)) items.push(item);
  }
  // DynamoDB gives a position whenever the limit was reached, even if nothing follows.
  return { items, last: examined === query.limit && last !== undefined ? rows.positionOf(last) : undefined };
}

function bounds(range: SortRange | undefined): { from: string; to: string } {
  if (range === undefined) return { from: "", to: "\uffff" };
  if (range.kind === "between") {
    if (range.to < range.from) throw new Error(`BETWEEN: the upper bound ${range.to} is below the lower bound ${range.from}`);
    return range;
  }
  return range.kind === "upTo" ? { from: "", to: range.to } : { from: range.prefix, to: `${range.prefix}\uffff` };
}

function project(item: Item, index: { pk: string; sk: string; projects: readonly string[] }): Item {
  const names = new Set([LEDGER_TABLE.pk, LEDGER_TABLE.sk, index.pk, index.sk, ...index.projects]);
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.has(name)));
}
