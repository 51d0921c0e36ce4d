import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Item, Key } from "../../cloud/contract/expression.ts";
import { LEDGER_TABLE } from "../../cloud/contract/tables.ts";

/** DynamoDB Local keeps a table as one of SQLite's: the keys of the table and of its indexes as columns, the item as JSON. */
const FILE = "shared-local-instance.db";
const INDEX_COLUMNS = LEDGER_TABLE.indexes.flatMap(({ pk, sk }) => [pk, sk]);
const columns = INDEX_COLUMNS.map((_, index) => `indexKey_${index}`);

/**
 * The file of a stopped DynamoDB Local, for putting rows in by the million: some hundred times faster than BatchWriteItem. Such rows are
 * there for reads by key; their hashes, by which a Scan is split and pages of an index are told apart, are not DynamoDB Local's.
 */
export class DynamoFile {
  readonly #database: DatabaseSync;
  readonly #indexes: readonly string[];
  readonly #table: string;

  constructor(folder: string, table: string) {
    this.#table = table;
    this.#database = new DatabaseSync(join(folder, FILE));
    this.#database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN");
    const made = this.#database.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?");
    const found = made.all(table) as { name: string; sql: string }[];
    this.#indexes = found.map(({ sql }) => sql);
    // they are made anew when all rows are in
    for (const { name } of found) this.#database.exec(`DROP INDEX "${name}"`);
  }

  /** Is this row in the file exactly as {@link put} would have put it, but for the hashes? */
  has(item: Item & Key): boolean {
    const [pk, sk, , , , json, , ...indexed] = rowOf(item);
    const find = this.#database.prepare(`SELECT ObjectJSON, ${columns} FROM "${this.#table}" WHERE hashKey = ? AND rangeKey = ?`);
    const found = find.get(pk, sk) as Record<string, Uint8Array | null> | undefined;
    const text = (bytes: Uint8Array | null | undefined) => (bytes == null ? null : new TextDecoder().decode(bytes));
    const sorted = (bytes: Uint8Array | null | undefined) => JSON.stringify(Object.entries(JSON.parse(text(bytes) ?? "{}")).sort());
    return (
      found !== undefined &&
      sorted(found["ObjectJSON"]) === sorted(json) &&
      columns.every((column, index) => text(found[column]) === text(indexed[index]))
    );
  }

  put(items: Iterable<Item & Key>): void {
    const places = Array.from({ length: 7 + columns.length }, () => "?");
    const insert = this.#database.prepare(`INSERT INTO "${this.#table}"
      (hashKey, rangeKey, hashValue, rangeValue, itemSize, ObjectJSON, hashRangeValue, ${columns}) VALUES (${places})`);
    for (const item of items) insert.run(...rowOf(item));
  }

  close(): void {
    for (const sql of this.#indexes) this.#database.exec(sql);
    this.#database.exec("COMMIT");
    this.#database.close();
  }
}

type Row = [
  pk: Uint8Array,
  sk: Uint8Array,
  Uint8Array,
  Uint8Array,
  size: number,
  json: Uint8Array,
  Uint8Array,
  ...indexed: (Uint8Array | null)[],
];

function rowOf(item: Item & Key): Row {
  const [pk, sk] = [Buffer.from(item.pk), Buffer.from(item.sk)];
  const low: Record<string, AttributeValue> = marshall(item);
  const json = Buffer.from(JSON.stringify(low));
  const indexed = INDEX_COLUMNS.map((name) => (typeof item[name] === "string" ? Buffer.from(item[name]) : null));
  return [pk, sk, hash(pk), hash(sk), json.length, json, hash(Buffer.concat([pk, sk])), ...indexed];
}

const hash = (bytes: Uint8Array): Uint8Array => createHash("sha1").update(bytes).digest();
