import type * as z from "zod";

/** How the items of an answer are written. */
export type RowFormat = "json" | "ndjson" | "csv";

/** By `format=`, else by the Accept header, else JSON. */
export function formatOf(format: string | undefined, accept: string | undefined): RowFormat {
  if (format === "ndjson" || format === "csv" || format === "json") return format;
  if (accept?.includes("application/x-ndjson") === true) return "ndjson";
  return accept?.includes("text/csv") === true ? "csv" : "json";
}
export const CONTENT_TYPE = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8; header=present",
} as const;

interface Rows {
  readonly items?: readonly object[];
  readonly holder?: object | null;
  readonly contested?: readonly object[];
  readonly certainty?: object;
}
/** An answer as rows: its items, or who had an address and who else was told so, a row each. */
export function rowsOf(body: unknown): readonly object[] {
  const { items, holder, contested, certainty: _, ...about } = body as Rows;
  if (items !== undefined) return items;
  const standing = (who: object, as: string) => ({ ...about, standing: as, ...who });
  return [...(holder == null ? [] : [standing(holder, "holder")]), ...(contested ?? []).map((who) => standing(who, "contested"))];
}

/** Columns of a route's rows: the members of its items, in the order of the schema, so that every page has the same. */
export function columnsOf(response: z.ZodType): readonly string[] {
  const { shape } = response as unknown as { shape: Record<string, { element?: { shape?: object }; unwrap?: () => { shape?: object } }> };
  if (shape["items"] !== undefined) return Object.keys(shape["items"].element?.shape ?? {});
  return ["address", "at", "standing", ...Object.keys(shape["holder"]?.unwrap?.().shape ?? {})];
}

/** One JSON text a line. */
export const ndjson = (items: readonly object[]): string => items.map((item) => `${JSON.stringify(item)}\n`).join("");

/** RFC 4180, with a header. A text that a spreadsheet would take for a formula gets an apostrophe: host names and client identifiers come
 *  from clients. */
export function csv(items: readonly object[], columns: readonly string[]): string {
  const lines = items.map((item) => columns.map((column) => cell((item as Record<string, unknown>)[column])).join(","));
  return `${[columns.map(cell).join(","), ...lines].join("\r\n")}\r\n`;
}

function cell(value: unknown): string {
  const text = value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
