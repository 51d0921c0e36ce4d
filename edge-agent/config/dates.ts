import type { TokenReader } from "./token-reader.ts";
import { atoi } from "./values.ts";

/** dhcpd's "never". */
const NEVER_ENDS = 0x7fffffff;
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** What a date is made of, in order: a number, or a separator and its complaint. */
const PARTS: readonly (readonly [kind: "NUMBER" | "/" | ":", complaint: string])[] = [
  ["NUMBER", "numeric year expected."],
  ["/", "expected slash separating year from month."],
  ["NUMBER", "numeric month expected."],
  ["/", "expected slash separating month from day."],
  ["NUMBER", "numeric day of month expected."],
  ["NUMBER", "numeric hour expected."],
  [":", "expected colon separating hour from minute."],
  ["NUMBER", "numeric minute expected."],
  [":", "expected colon separating minute from second."],
  ["NUMBER", "numeric second expected."],
];

/**
 * `WEEKDAY YEAR/MONTH/DAY HOUR:MINUTE:SECOND [OFFSET]` (UTC, or that many seconds away from it), `epoch SECONDS`, or `never`:
 * seconds since 1970. Undefined after a reported error; the ";" is left to the caller in any case.
 */
export function date(reader: TokenReader): number | undefined {
  if (reader.accept("never")) return NEVER_ENDS;
  if (reader.accept("epoch")) return expectNumber(reader, "Seconds since epoch expected.");
  if (expectNumber(reader, "numeric day of week expected.") === undefined) return undefined;
  const numbers: number[] = [];
  for (const [kind, complaint] of PARTS) {
    if (kind === "NUMBER") {
      const number = expectNumber(reader, complaint);
      if (number === undefined) return undefined;
      numbers.push(number);
    } else if (!reader.accept(kind)) return complain(reader, complaint);
  }
  let offset = 0;
  if (reader.accept("NUMBER")) offset = atoi(reader.last.text);
  else if (reader.peek().type !== ";") return complain(reader, "Time zone offset or semicolon expected.");
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = numbers;
  return epochOf(year > 1900 ? year - 1900 : year, month - 1, day) + hour * 3600 + minute * 60 + second + offset;
}

/** Seconds from 1970 to the beginning of a day; `year` counts from 1900, `month` from 0. */
function epochOf(year: number, month: number, day: number): number {
  const leapDay = month > 1 && ((year - 72) & 3) === 0 ? 1 : 0;
  const days = 365 * (year - 70) + Math.trunc((year - 69) / 4) + (DAYS_BEFORE[month] ?? 0) + leapDay + day - 1;
  return days * 86400;
}

function expectNumber(reader: TokenReader, complaint: string): number | undefined {
  return reader.accept("NUMBER") ? atoi(reader.last.text) : complain(reader, complaint);
}

function complain(reader: TokenReader, complaint: string): undefined {
  if (reader.peek().type !== ";") reader.next();
  reader.fail(complaint);
  return undefined;
}
