import type { Condition, Operator, SortRange, Update, Value } from "../contract/expression.ts";

/** Reads the expression strings that `contract/expression.ts` renders: the subset of DynamoDB's language that the ledger uses. Anything else
 *  throws, as DynamoDB's ValidationException would. */
export interface Names {
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, Value>>;
}
const TOKEN = /\s*(#[A-Za-z0-9_]+|:[A-Za-z0-9_]+|<>|<=|>=|[=<>(),+]|[A-Za-z_]+)/y;

class Reader {
  readonly #tokens: readonly string[];
  readonly #given: Names;
  #at = 0;
  constructor(text: string, given: Names) {
    this.#tokens = tokensOf(text);
    this.#given = given;
  }
  peek(): string | undefined {
    return this.#tokens[this.#at];
  }
  take(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error("the expression ends too early");
    return token;
  }
  expect(token: string): void {
    const found = this.take();
    if (found !== token) throw new Error(`the expression has ${found} where ${token} belongs`);
  }
  name(): string {
    const name = this.#given.names[this.take()];
    if (name === undefined) throw new Error("the expression uses a name that is not given");
    return name;
  }
  value(): Value {
    const value = this.#given.values[this.take()];
    if (value === undefined) throw new Error("the expression uses a value that is not given");
    return value;
  }
  end(): void {
    if (this.peek() !== undefined) throw new Error(`the expression goes on with ${this.peek()}`);
  }
}

export function parseCondition(text: string, given: Names): Condition {
  const reader = new Reader(text, given);
  const condition = disjunction(reader, 0);
  reader.end();
  return condition;
}

export function parseUpdate(text: string, given: Names): Update {
  const reader = new Reader(text, given);
  const set: Record<string, Value> = {};
  const add: Record<string, number> = {};
  const remove: string[] = [];
  while (reader.peek() !== undefined) {
    const verb = reader.take();
    if (verb !== "SET" && verb !== "REMOVE") throw new Error(`the update says ${verb}`);
    do {
      const name = reader.name();
      if (verb === "REMOVE") remove.push(name);
      else assignment(reader, name, set, add);
    } while (reader.peek() === "," && reader.take() === ",");
  }
  return { set, add, remove };
}

/** `pk = :a`, and perhaps ` AND ` a range of the sort key. */
export function parseKeyCondition(text: string, given: Names): { readonly partition: string; readonly range: SortRange | undefined } {
  const reader = new Reader(text, given);
  reader.name();
  reader.expect("=");
  const partition = String(reader.value());
  if (reader.peek() === undefined) return { partition, range: undefined };
  reader.expect("AND");
  const range = sortRange(reader);
  reader.end();
  return { partition, range };
}

function sortRange(reader: Reader): SortRange {
  if (reader.peek() === "begins_with") {
    reader.take();
    reader.expect("(");
    reader.name();
    reader.expect(",");
    const prefix = String(reader.value());
    reader.expect(")");
    return { kind: "prefix", prefix };
  }
  reader.name();
  const operator = reader.take();
  if (operator === "<=") return { kind: "upTo", to: String(reader.value()) };
  if (operator !== "BETWEEN") throw new Error(`the key condition says ${operator}`);
  const from = String(reader.value());
  reader.expect("AND");
  return { kind: "between", from, to: String(reader.value()) };
}

function assignment(reader: Reader, name: string, set: Record<string, Value>, add: Record<string, number>): void {
  reader.expect("=");
  if (!reader.peek()?.startsWith("#")) {
    set[name] = reader.value();
    return;
  }
  if (reader.name() !== name) throw new Error("the update adds to another attribute");
  reader.expect("+");
  add[name] = Number(reader.value());
}

/** How deep parentheses may nest. */
const DEEPEST = 20;

function disjunction(reader: Reader, depth: number): Condition {
  const terms = [conjunction(reader, depth)];
  while (reader.peek() === "OR" && reader.take() === "OR") terms.push(conjunction(reader, depth));
  return terms.length === 1 ? terms[0]! : { kind: "any", terms };
}

function conjunction(reader: Reader, depth: number): Condition {
  const terms = [term(reader, depth)];
  while (reader.peek() === "AND" && reader.take() === "AND") terms.push(term(reader, depth));
  return terms.length === 1 ? terms[0]! : { kind: "all", terms };
}

function term(reader: Reader, depth: number): Condition {
  if (depth > DEEPEST) throw new Error("the expression nests too deep");
  if (reader.peek() === "(") {
    reader.take();
    const inner = disjunction(reader, depth + 1);
    reader.expect(")");
    return inner;
  }
  if (reader.peek() === "attribute_not_exists") {
    reader.take();
    reader.expect("(");
    const attribute = reader.name();
    reader.expect(")");
    return { kind: "absent", attribute };
  }
  const attribute = reader.name();
  const operator = reader.take();
  if (!["=", "<>", "<", "<=", ">", ">="].includes(operator)) throw new Error(`the expression says ${operator}`);
  return { kind: "compare", attribute, operator: operator as Operator, value: reader.value() };
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (match === null) throw new Error("the expression has a character that does not belong there");
    tokens.push(match[1]!);
  }
  return tokens;
}
