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

/** One JSON text a line. */
export const ndjson = (items: readonly object[]): string => items.map((item) => `${JSON.stringify(item)}\n`).join("");

/** RFC 4180, with the members of the first item as header. A text that a spreadsheet would take for a formula gets an apostrophe: host names
 *  and client identifiers come from clients. */
export function csv(items: readonly object[]): string {
  const first = items[0];
  if (first === undefined) return "";
  const columns = [...new Set(items.flatMap((item) => Object.keys(item)))];
  const lines = items.map((item) => columns.map((column) => cell((item as Record<string, unknown>)[column])).join(","));
  return `${[columns.map(cell).join(","), ...lines].join("\r\n")}\r\n`;
}

function cell(value: unknown): string {
  const text = value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
