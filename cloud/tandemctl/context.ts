import type { Client } from "./api-client.ts";
import { type Output, printable } from "./output.ts";

/** Options of the command line; each command reads its own. */
export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
export interface Context {
  readonly client: Client;
  readonly output: Output;
  readonly options: Options;
  readonly args: readonly string[];
  readonly sleep: (millis: number) => Promise<void>;
}
/** The command line is wrong; exit status 2. */
export class UsageError extends Error {}
/** An item of an answer. */
export type Row = Readonly<Record<string, never>>;
type Query = Readonly<Record<string, string | undefined>>;

/** All pages of a list, and how certain its last page is. */
export async function everything(client: Client, path: string, query: Query): Promise<{ items: readonly Row[]; certainty?: Row }> {
  const items: Row[] = [];
  let cursor: string | undefined;
  for (;;) {
    const { body } = await client.call("GET", path, { query: { ...query, cursor } });
    items.push(...body.items);
    cursor = body.cursor;
    if (cursor === undefined) return { items, ...(body.certainty === undefined ? {} : { certainty: body.certainty }) };
  }
}

/** Shows a list: as a table for people, as JSON, or with `--format` in the API's own CSV or NDJSON, page by page. How certain it is goes to the
 *  error channel where the rows are for a program. */
export async function list(
  context: Context,
  path: string,
  query: Query,
  columns: readonly (readonly [header: string, member: string])[],
): Promise<number> {
  const { client, output, options } = context;
  const format = text(options, "format");
  if (format !== undefined) return rows(context, path, query, format);
  const { items, certainty } = await everything(client, path, query);
  output.show(certainty === undefined ? items : { items, certainty }, () => {
    const table = output.table(
      columns.map(([header]) => header),
      items.map((item) => columns.map(([, member]) => item[member])),
    );
    return table + (items.length === 0 ? "none\n" : "") + certaintyLine(certainty);
  });
  return 0;
}

/** How certain an answer is, in a line. */
export const certaintyLine = (certainty: Row | undefined): string =>
  certainty === undefined ? "" : `${certainty["level"]}: ${printable(String(certainty["statement"]))}\n`;

async function rows({ client, output }: Context, path: string, query: Query, format: string): Promise<number> {
  if (format !== "csv" && format !== "ndjson") throw new UsageError("--format is csv or ndjson");
  let cursor: string | undefined;
  for (let first = true; ; first = false) {
    const page = await client.rows(path, { ...query, format, cursor });
    // Every page of CSV has the header; one is enough.
    output.write(format === "csv" && !first ? page.text.slice(page.text.indexOf("\n") + 1) : page.text);
    cursor = page.cursor;
    if (cursor !== undefined) continue;
    if (page.certainty !== undefined) output.progress(page.certainty);
    return 0;
  }
}

/** The option's text; undefined if it is missing. */
export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}
/** The option's text; a usage error if it is missing. */
export function required(options: Options, name: string): string {
  const value = text(options, name);
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}
/** The option as a number; a usage error if it is none. */
export function numberOf(options: Options, name: string): number | undefined {
  const value = text(options, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isFinite(number) || number < 0) throw new UsageError(`--${name} is a number, not ${value}`);
  return number;
}
/** A time as people give it: RFC 3339 with or without seconds, without a zone the desk's own; `now`; or so long ago: `90m`, `2h`, `3d`. */
export function timeOf(options: Options, name: string): string | undefined {
  const value = text(options, name);
  if (value === undefined) return undefined;
  const [, count, unit] = /^-?(\d+)(m|h|d)$/.exec(value) ?? [];
  const ago = count === undefined ? 0 : Number(count) * (unit === "m" ? 60_000 : unit === "h" ? 3_600_000 : 86_400_000);
  const millis = count !== undefined || value === "now" ? Date.now() - ago : Date.parse(value);
  if (Number.isNaN(millis)) throw new UsageError(`--${name} is a time such as 2026-01-15T10:00:00Z, or 2h for two hours ago, not ${value}`);
  return new Date(millis).toISOString();
}
/** The first argument as a site. */
export function siteOf({ args }: Context): string {
  const name = args[0];
  if (name === undefined) throw new UsageError("which SITE?");
  return encodeURIComponent(name.toUpperCase());
}
