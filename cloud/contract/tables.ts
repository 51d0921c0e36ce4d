import type { Key } from "./expression.ts";

/** An index: its key attributes and what it projects. Agents have no right on any index. */
export interface IndexDefinition {
  readonly name: string;
  readonly pk: string;
  readonly sk: string;
  readonly projects: readonly string[];
}
/** The one table (ledger design §1): infra creates it, the adapters address it, tests and the desk build it from these lines. */
export const LEDGER_TABLE = {
  pk: "pk",
  sk: "sk",
  ttl: "ttl",
  indexes: [
    // History rows that have a client: where a client has been. Costs one write a history row.
    { name: "gs1", pk: "gs1pk", sk: "gs1sk", projects: ["site", "a", "st", "cid", "ts", "exp", "srv", "cf", "late", "claim", "ep", "ord"] },
    // Sites by state, open conflicts, open requests and fleet operations. Heartbeats touch none of its attributes.
    { name: "gs2", pk: "gs2pk", sk: "gs2sk", projects: ["site", "state", "ep", "sole", "down", "since", "basis"] },
    // History rows by site and day: everything in a site in a period, in order of time. Costs one write a history row.
    { name: "gs3", pk: "gs3pk", sk: "gs3sk", projects: ["site", "a", "st", "cid", "ts", "exp", "srv", "cf", "late", "claim", "ep", "ord"] },
  ],
} as const satisfies { pk: string; sk: string; ttl: string; indexes: readonly IndexDefinition[] };

/** One of a site's two servers: A is the primary, B the secondary. */
export type ServerName = "A" | "B";
/** The other server of the pair. */
export const partnerOf = (server: ServerName): ServerName => (server === "A" ? "B" : "A");

/** A number as fixed-width decimal digits, so that text order is number order. */
export const pad = (value: number, width: number): string => String(Math.trunc(value)).padStart(width, "0");
/** Milliseconds since 1970 as 13 digits (until the year 2286). */
export const ts13 = (millis: number): string => pad(Math.max(0, millis), 13);
/** UTC day of a moment, `YYYY-MM-DD`. */
export const dayOf = (millis: number): string => new Date(millis).toISOString().slice(0, 10);

/** Sorts after every key that begins with what stands before it. */
export const END = "~";

export const ctlKey = (site: string): Key => ({ pk: `S#${site}`, sk: "CTL" });
// Requests and servers are in partitions of their own, because IAM can tell partition keys apart but not sort keys.
/** An operator's standing wish for partner-down, granted as soon as the evidence allows. */
export const requestKey = (site: string): Key => ({ pk: `S#${site}#R`, sk: "REQ" });
export const srvKey = (site: string, server: ServerName): Key => ({ pk: `S#${site}#V#${server}`, sk: "SRV" });
export const curPartition = (site: string): string => `S#${site}#L`;
export const curKey = (site: string, address: string): Key => ({ pk: curPartition(site), sk: address });
export const histPartition = (site: string, address: string): string => `S#${site}#H#${address}`;
export const histKey = (site: string, address: string, ts: number, server: ServerName, seq: number): Key => ({
  pk: histPartition(site, address),
  sk: `${ts13(ts)}#${server}#${pad(seq, 12)}`,
});
export const confPartition = (site: string): string => `S#${site}#X`;
export const confKey = (site: string, address: string, ts: number, server: ServerName, seq: number): Key => ({
  pk: confPartition(site),
  sk: `${ts13(ts)}#${address}#${server}#${pad(seq, 12)}`,
});
export const evtPartition = (site: string): string => `S#${site}#E`;
/** `id` tells two acts of one millisecond apart. */
export const evtKey = (site: string, at: number, epoch: number, id: string): Key => ({
  pk: evtPartition(site),
  sk: `${ts13(at)}#${pad(epoch, 8)}#${id}`,
});
/** When a survivor was first seen to serve alone: one record a switch, named by the switch. */
export const servingKey = (site: string, since: number, epoch: number): Key => evtKey(site, since, epoch, "serving");
/** Stands for the whole fleet in the audit trail; too short to be a site. */
export const FLEET = "-";
/** The answer that was given to an `Idempotency-Key`. */
export const idempotencyKey = (site: string, key: string): Key => ({ pk: `S#${site}#I`, sk: key });
/** A fleet failover: its plan, and a row for each site. */
export const planKey = (id: string): Key => ({ pk: `W#${id}`, sk: "PLAN" });
export const planSiteKey = (id: string, site: string): Key => ({ pk: `W#${id}`, sk: `SITE#${site}` });

/** gs1: where a client has been. */
export const clientPartition = (client: string): string => `C#${client}`;
export const clientSort = (site: string, address: string, ts: number, server: ServerName, seq: number): string =>
  `${site}#${ts13(ts)}#${address}#${server}#${pad(seq, 12)}`;
/** gs3: what happened in a site on a day. */
export const dayPartition = (site: string, day: string): string => `S#${site}#D#${day}`;
/** gs2: sites that are not NORMAL, in one partition; the others in sixteen, by a hash of the name. */
export const NOT_NORMAL = "F#NOTNORMAL";
/** Sites out of service: in no list and no count. */
export const OUT_OF_SERVICE = "F#GONE";
export const OPEN_CONFLICTS = "X#OPEN";
export const OPEN_REQUESTS = "R#OPEN";
export const OPEN_PLANS = "W#OPEN";
export const CLOSED_PLANS = "W#CLOSED";
export const NORMAL_PARTITIONS: readonly string[] = Array.from({ length: 16 }, (_, index) => `F#N#${index.toString(16)}`);
/** The partition of gs2 that lists a NORMAL site. */
export function normalPartition(site: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < site.length; index++) hash = Math.imul(hash ^ site.charCodeAt(index), 0x01000193) >>> 0;
  return `F#N#${(hash & 15).toString(16)}`;
}

/** Text form of an IPv4 address as key: 8 lower-case hex digits. Undefined if `text` is no dotted quad. */
export function addressKey(text: string): string | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const octets = match.slice(1).map(Number);
  return octets.every((octet) => octet <= 255) ? octets.map((octet) => octet.toString(16).padStart(2, "0")).join("") : undefined;
}
/** The dotted quad of an address key. */
export const addressText = (key: string): string => (key.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)).join(".");
