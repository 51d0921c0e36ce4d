/** Conditions, updates, writes and queries as data. One description is rendered to DynamoDB's strings by the real adapter and evaluated
 *  directly by the embedded ledger, so both obey the very same rules (ledger design §2). */

/** What an attribute may hold. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };
/** A row as stored. */
export type Item = { readonly [name: string]: Value };
/** Primary key of a row. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}
/** Comparators of DynamoDB's condition language. */
export type Operator = "=" | "<>" | "<" | "<=" | ">" | ">=";
/** A condition on the row as it stands before the write. A comparison with a missing attribute is false, except `<>`, which is true. */
export type Condition =
  | { readonly kind: "absent"; readonly attribute: string }
  | { readonly kind: "compare"; readonly attribute: string; readonly operator: Operator; readonly value: Value }
  | { readonly kind: "all"; readonly terms: readonly Condition[] }
  | { readonly kind: "any"; readonly terms: readonly Condition[] };
/** Change of one row: `set` overwrites, `add` increments a number that is there, `remove` deletes attributes. */
export interface Update {
  readonly set: Item;
  readonly add: { readonly [name: string]: number };
  readonly remove: readonly string[];
}
/** One action of a transaction; `when` undefined = unconditional. */
export type Write =
  | { readonly kind: "put"; readonly item: Item & Key; readonly when: Condition | undefined }
  | { readonly kind: "update"; readonly key: Key; readonly update: Update; readonly when: Condition | undefined };
/** Which part of one partition, by sort key; both ends inclusive. */
export type SortRange =
  | { readonly kind: "between"; readonly from: string; readonly to: string }
  | { readonly kind: "upTo"; readonly to: string }
  | { readonly kind: "prefix"; readonly prefix: string };
/** A read of one partition of the table or of an index, in sort-key order. An index is never read consistently. */
export interface Query {
  readonly index?: string;
  readonly partition: string;
  readonly range?: SortRange;
  readonly descending?: boolean;
  /** Rows examined at most (before `filter`), as DynamoDB counts. */
  readonly limit?: number;
  /** `last` of the page before. */
  readonly startAfter?: Item;
  readonly filter?: Condition;
  readonly consistent?: boolean;
}

export const absent = (attribute: string): Condition => ({ kind: "absent", attribute });
export const compare = (attribute: string, operator: Operator, value: Value): Condition => ({
  kind: "compare",
  attribute,
  operator,
  value,
});
export const equal = (attribute: string, value: Value): Condition => compare(attribute, "=", value);
export const all = (...terms: readonly Condition[]): Condition => ({ kind: "all", terms });
export const any = (...terms: readonly Condition[]): Condition => ({ kind: "any", terms });
export const put = (item: Item & Key, when?: Condition): Write => ({ kind: "put", item, when });
/** An update; leave out what does not change. */
export function update(key: Key, change: Partial<Update>, when?: Condition): Write {
  return { kind: "update", key, update: { set: change.set ?? {}, add: change.add ?? {}, remove: change.remove ?? [] }, when };
}
/** The row a write is about. */
export const keyOf = (write: Write): Key => (write.kind === "put" ? { pk: write.item.pk, sk: write.item.sk } : write.key);

/** Collects `#name` and `:value` placeholders while an expression is rendered. Every name goes through a placeholder: many natural
 *  attribute names are DynamoDB's reserved words. */
class Placeholders {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, Value> = {};
  #count = 0;
  name(attribute: string): string {
    this.names[`#${attribute}`] = attribute;
    return `#${attribute}`;
  }
  value(value: Value): string {
    const placeholder = `:v${this.#count++}`;
    this.values[placeholder] = value;
    return placeholder;
  }
  input(): { ExpressionAttributeNames?: Record<string, string>; ExpressionAttributeValues?: Record<string, Value> } {
    return {
      ...(Object.keys(this.names).length > 0 ? { ExpressionAttributeNames: this.names } : {}),
      ...(Object.keys(this.values).length > 0 ? { ExpressionAttributeValues: this.values } : {}),
    };
  }
}

/** The input of a Put or Update (document client form) without the table's name; `kind` says which. */
export function renderWrite(write: Write): { readonly kind: "put" | "update"; readonly input: Record<string, unknown> } {
  const places = new Placeholders();
  const body = write.kind === "put" ? { Item: write.item } : { Key: write.key, UpdateExpression: renderUpdate(write.update, places) };
  const when = write.when === undefined ? {} : { ConditionExpression: renderCondition(write.when, places) };
  return { kind: write.kind, input: { ...body, ...when, ...places.input(), ReturnValuesOnConditionCheckFailure: "ALL_OLD" } };
}

/** The input of a Query (document client form) without the table's name. `keys` are the key attributes of the table or index. */
export function renderQuery(query: Query, keys: { readonly pk: string; readonly sk: string }): Record<string, unknown> {
  const places = new Placeholders();
  const partition = `${places.name(keys.pk)} = ${places.value(query.partition)}`;
  const range = query.range === undefined ? "" : ` AND ${renderRange(query.range, keys.sk, places)}`;
  const filter = query.filter === undefined ? {} : { FilterExpression: renderCondition(query.filter, places) };
  return {
    ...(query.index === undefined ? { ConsistentRead: query.consistent ?? false } : { IndexName: query.index }),
    KeyConditionExpression: partition + range,
    ...filter,
    ...places.input(),
    ScanIndexForward: query.descending !== true,
    ...(query.limit === undefined ? {} : { Limit: query.limit }),
    ...(query.startAfter === undefined ? {} : { ExclusiveStartKey: query.startAfter }),
  };
}

function renderRange(range: SortRange, attribute: string, places: Placeholders): string {
  const name = places.name(attribute);
  if (range.kind === "between") return `${name} BETWEEN ${places.value(range.from)} AND ${places.value(range.to)}`;
  if (range.kind === "upTo") return `${name} <= ${places.value(range.to)}`;
  return `begins_with(${name}, ${places.value(range.prefix)})`;
}

/** DynamoDB refuses redundant parentheses, so only a compound of several terms inside another compound gets them. */
function renderCondition(condition: Condition, places: Placeholders): string {
  if (condition.kind === "absent") return `attribute_not_exists(${places.name(condition.attribute)})`;
  if (condition.kind === "compare") return `${places.name(condition.attribute)} ${condition.operator} ${places.value(condition.value)}`;
  const parts = condition.terms.map((term) => {
    const text = renderCondition(term, places);
    const compound = (term.kind === "all" || term.kind === "any") && term.terms.length > 1 && condition.terms.length > 1;
    return compound ? `(${text})` : text;
  });
  return parts.join(condition.kind === "all" ? " AND " : " OR ");
}

function renderUpdate(change: Update, places: Placeholders): string {
  const sets = Object.entries(change.set).map(([name, value]) => `${places.name(name)} = ${places.value(value)}`);
  const adds = Object.entries(change.add).map(([name, by]) => `${places.name(name)} = ${places.name(name)} + ${places.value(by)}`);
  const removes = change.remove.map((name) => places.name(name));
  const parts = [];
  if (sets.length + adds.length > 0) parts.push(`SET ${[...sets, ...adds].join(", ")}`);
  if (removes.length > 0) parts.push(`REMOVE ${removes.join(", ")}`);
  return parts.join(" ");
}
