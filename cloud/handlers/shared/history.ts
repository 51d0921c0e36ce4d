import { CLIENT_FORMS, parseClient } from "../../contract/client-names.ts";
import type { Item } from "../../contract/expression.ts";
import { CurItem, type Hist, HistItem } from "../../contract/items.ts";
import { type Refused, refused } from "../../contract/problem.ts";
import { addressKey, addressText } from "../../contract/tables.ts";
import type { Certainty } from "../../domain/certainty.ts";
import type { Stint } from "../../domain/stints.ts";
import { millis, time } from "./site.ts";

/** Rows of a page unless the caller says otherwise. */
export const PAGE = 100;
/** Longest period of one question about a site or a client. */
const LONGEST_MS = 400 * 86_400_000;

/** The key of an address in a path. */
export const addressOf = (ip: string): { readonly key: string } | Refused => {
  const key = addressKey(ip);
  return key === undefined ? refused("BAD_ADDRESS", `${ip} is no IPv4 address.`) : { key };
};
/** A client in a path. */
export function clientOf(text: string): { readonly client: string } | Refused {
  const client = parseClient(text);
  return client === undefined ? refused("BAD_REQUEST", `${text} names no client: give ${CLIENT_FORMS}.`) : { client };
}
export function periodOf(from: string, to: string): { readonly from: number; readonly to: number } | Refused {
  const period = { from: millis(from), to: millis(to) };
  if (period.to < period.from) return refused("BAD_TIME", "The period ends before it begins.");
  return period.to - period.from > LONGEST_MS ? refused("RANGE_TOO_LARGE", `Ask for ${LONGEST_MS / 86_400_000} days at most.`) : period;
}

export const certaintyView = ({ completeUntil, knownFrom, servers, ...found }: Certainty) => ({
  ...found,
  completeUntil: completeUntil === undefined ? null : time(completeUntil),
  knownFrom: time(knownFrom),
  servers: servers.map((reach) => ({ ...reach, completeUntil: time(reach.completeUntil) })),
});

/** A row of history, from the table or from an index that projects less. */
export const histOf = (item: Item): Hist => HistItem.parse({ v: 1, t: "H", srv: "A", seq: 0, ...item });
export function historyView(row: Hist) {
  const mark = row.cf !== undefined ? "contradicted" : row.late !== undefined ? "late" : row.claim !== undefined ? "claim" : "";
  return {
    at: time(row.ts),
    address: addressText(row.a),
    status: row.st,
    client: row.cid,
    expires: time(row.exp),
    server: row.srv,
    origin: row.org ?? row.srv,
    epoch: row.ep,
    mark,
  } as const;
}
export function leaseView(item: Item) {
  const row = CurItem.parse(item);
  return {
    address: addressText(row.a),
    status: row.st,
    client: row.cid,
    ...(row.hn === undefined ? {} : { host: row.hn }),
    since: time(row.s),
    expires: time(row.exp),
    potentialExpiry: time(row.pex),
    server: row.srv,
    epoch: row.ep,
  };
}
export const stintView = (stint: Stint) => ({
  ...stint,
  address: addressText(stint.address),
  from: time(stint.from),
  until: time(stint.until),
});
