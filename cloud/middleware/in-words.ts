import type * as z from "zod";

type Issue = z.core.$ZodIssue;

/** What is wrong with a value of a request, for a person: what would be right, and what was given. `given` is the part of the request. */
export function inWords(issue: Issue, given: unknown): string {
  const value = issue.path.reduce<unknown>((inner, step) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[step], given);
  if (issue.code === "unrecognized_keys") return `has no ${issue.keys.join(", ")}`;
  if (value === undefined && issue.code !== "custom") return "is missing";
  const wanted = wantedBy(issue);
  if (wanted === undefined) return issue.message;
  const isShort = (typeof value === "string" && value.length <= 60) || typeof value === "number";
  return `must ${wanted}${isShort ? `, not ${JSON.stringify(value)}` : ""}`;
}

function wantedBy(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `be ${KINDS[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return issue.values.length === 1 ? `be ${String(issue.values[0])}` : `be one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return within(issue.origin, issue.minimum, "or more", "at least");
    case "too_big":
      return within(issue.origin, issue.maximum, "or less", "at most");
    case "invalid_format":
      return FORMATS[issue.format] ?? (issue.message.startsWith("Invalid") ? undefined : `be ${issue.message}`);
    default:
      return undefined;
  }
}

function within(origin: string, bound: number | bigint, ofNumbers: string, ofLengths: string): string {
  if (origin === "string") return `have ${bound} characters ${ofLengths}`;
  return origin === "array" ? `have ${bound} entries ${ofLengths}` : `be ${bound} ${ofNumbers}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a JSON object",
  array: "a list",
};
const FORMATS: Readonly<Record<string, string>> = {
  datetime: "be an RFC 3339 time with its zone, such as 2026-01-15T10:00:00Z",
  ipv4: "be an IPv4 address such as 10.1.0.17",
};
