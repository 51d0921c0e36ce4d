import { type EpochSeconds, epochSeconds, NEVER } from "../../values/time.ts";
import type { Tokens } from "./tokens.ts";

/** dhcpd's MAX_TIME: what it cannot tell from never. */
const MAX_TIME = 0x7fffffff;
const DAY_NAMES = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTH_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** db-time-format of dhcpd.conf(5): UTC for people, or seconds. */
export type DateFormat = "default" | "local";

/** Dates written last, by their last bits: leases that change together have most of their dates in common. */
const RECENT = 64;
const recent: ({ readonly time: EpochSeconds; readonly format: DateFormat; readonly text: string } | undefined)[] = new Array(RECENT).fill(
  undefined,
);

/** A date as dhcpd.leases(5) writes it, with its semicolon: "0 2026/11/22 17:46:14;", "epoch 1795369574; # …", or "never;". */
export function formatDate(time: EpochSeconds, format: DateFormat): string {
  if (time >= MAX_TIME) return "never;";
  const known = recent[time % RECENT];
  if (known?.time === time && known.format === format) return known.text;
  const text = dateText(time, format);
  recent[time % RECENT] = { time, format, text };
  return text;
}

function dateText(time: EpochSeconds, format: DateFormat): string {
  const days = Math.floor(time / 86400);
  const { year, month, day } = civil(days);
  const clock = [Math.floor(time / 3600) % 24, Math.floor(time / 60) % 60, time % 60].map(two).join(":");
  const weekday = (days + 4) % 7;
  if (format === "default") return `${weekday} ${year}/${two(month)}/${two(day)} ${clock};`;
  return `epoch ${time}; # ${DAY_NAMES[weekday]} ${MONTH_NAMES[month - 1]} ${two(day)} ${clock} ${year}`;
}

/** Reads a date (without its semicolon). Throws BadStatement. */
export function readDate(tokens: Tokens): EpochSeconds {
  if (tokens.accept("never")) return NEVER;
  if (tokens.accept("epoch")) return wholeNumber(tokens);
  wholeNumber(tokens);
  const date = /^(\d{1,5})\/(\d{1,2})\/(\d{1,2})$/.exec(tokens.text);
  if (date === null) throw tokens.bad("expecting a date such as 2026/11/22");
  tokens.next();
  const clock = /^(\d{1,2}):(\d{1,2}):(\d{1,2})$/.exec(tokens.text);
  if (clock === null) throw tokens.bad("expecting a time such as 17:46:14");
  tokens.next();
  const [year, month, day] = date.slice(1).map(Number) as [number, number, number];
  const [hours, minutes, secs] = clock.slice(1).map(Number) as [number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hours > 23 || minutes > 59 || secs > 60) throw tokens.bad("not a date");
  const offset = tokens.kind === "word" && /^[+-]?\d+$/.test(tokens.text) ? Number(tokens.value("an offset")) : 0;
  const time = daysBefore(year < 100 ? year + 1900 : year, month, day) * 86400 + hours * 3600 + minutes * 60 + secs + offset;
  return time >= MAX_TIME ? NEVER : epochSeconds(time);
}

export function wholeNumber(tokens: Tokens): EpochSeconds {
  if (tokens.kind !== "word" || !/^\d{1,12}$/.test(tokens.text)) throw tokens.bad("expecting a number");
  const number = epochSeconds(Number(tokens.text));
  tokens.next();
  return number;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** Days from 1970-01-01 to a date of the Gregorian calendar; years are counted from March, so that a leap day is a year's last. */
function daysBefore(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return marchYear * 365 + Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400) + dayOfYear - 719468;
}

function civil(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719468;
  let marchYear = Math.floor(shifted / 365.2425);
  if (daysBefore(marchYear + 1, 3, 1) <= days) marchYear += 1;
  if (daysBefore(marchYear, 3, 1) > days) marchYear -= 1;
  const dayOfYear = days - daysBefore(marchYear, 3, 1);
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = ((fromMarch + 2) % 12) + 1;
  return { year: month > 2 ? marchYear : marchYear + 1, month, day: dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1 };
}
