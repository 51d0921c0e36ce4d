import { isIPv4, isIPv6 } from "node:net";
import type { SealedNames } from "../contract/sealed-names.ts";
import type { Client } from "./api-client.ts";
import { type Output, printable } from "./output.ts";
import { UsageError } from "./usage-error.ts";

/** Options of the command line; each command reads its own. */
export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
export interface Context {
  readonly client: Client;
  readonly output: Output;
  readonly options: Options;
  readonly args: readonly string[];
  /** The fleet's key, where clients are named under one. */
  readonly names?: SealedNames | undefined;
  readonly sleep: (millis: number) => Promise<void>;
}
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
      items.map((item) => columns.map(([, member]) => memberOf(item, member))),
    );
    return table + (items.length === 0 ? "none\n" : "") + certaintyLine(certainty);
  });
  return 0;
}

/** `a.b` is the member b of the member a. */
const memberOf = (item: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((found, name) => (found as Readonly<Record<string, unknown>> | undefined)?.[name], item);

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
  if (!Number.isFinite(number) || number < 0 || value.trim() === "") throw new UsageError(`--${name} is a number, not ${value}`);
  return number;
}
/** A time as people give it: RFC 3339 with or without seconds, without a zone the desk's own; `now`; or so long ago: `90m`, `2h`, `3d`. */
export function timeOf(options: Options, name: string): string | undefined {
  const value = text(options, name);
  if (value === undefined) return undefined;
  const [, count, unit] = /^-?(\d{1,6})([smhdw])$/.exec(value) ?? [];
  const millis =
    count !== undefined ? Date.now() - Number(count) * UNITS[unit as keyof typeof UNITS] : value === "now" ? Date.now() : dateOf(value);
  if (Number.isNaN(millis)) throw new UsageError(`--${name} is a time such as 2026-01-15T10:00:00Z, or 2h for two hours ago, not ${value}`);
  return new Date(millis).toISOString();
}
const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** A date that the calendar has, with or without a time, with or without a zone; NaN for anything else. */
function dateOf(text: string): number {
  const [, date, year, month, day, time = "T00:00", zone = ""] =
    /^((\d{4})-(\d\d)-(\d\d))([T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(Z|[+-]\d\d:?\d\d)?$/i.exec(text) ?? [];
  if (date === undefined || (zone !== "" && time === "T00:00" && !text.includes(":"))) return Number.NaN;
  const isInCalendar = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  return isInCalendar ? Date.parse(`${date}${time.replace(" ", "T")}${zone.toUpperCase()}`) : Number.NaN;
}
/** An IPv4 address as given; a usage error if it is none. */
export function addressOf(options: Options, name: string): string | undefined {
  const value = text(options, name);
  if (value === undefined || isIPv4(value)) return value;
  const hint = isIPv6(value) ? " (the ledger knows no IPv6)" : "";
  throw new UsageError(`--${name} is an IPv4 address such as 10.1.0.17, not ${value}${hint}`);
}
/** The reason given; a usage error if there is none, or one too short to be on record. */
export function reasonIn(options: Options): string {
  const reason = required(options, "reason").trim();
  if (reason.length < 3) throw new UsageError("--reason says why, in 3 characters at least: it goes on record");
  return reason;
}
/** The first argument as a site. */
export function siteOf({ args }: Context): string {
  const name = args[0];
  if (name === undefined) throw new UsageError("which SITE?");
  return sitePath(name);
}
/** A site's name as it stands in a path: in capitals, as all are. */
export function sitePath(name: string): string {
  const capitals = name.toUpperCase();
  if (!/^[A-Z0-9-]{2,24}$/.test(capitals)) throw new UsageError(`a SITE is 2 to 24 of A-Z, 0-9 and -, not ${name}`);
  return capitals;
}
/** Fails if the site is not there: a list of nothing would not say so. */
export async function mustExist({ client }: Context, site: string): Promise<void> {
  await client.call("GET", `/v1/sites/${site}`);
}
