import type { BindingStatus } from "../leases/binding-status.ts";
import type { Lease } from "../leases/lease.ts";
import { hexPairs, sameBytes, sameHardware } from "../values/hardware-address.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import { type EpochSeconds, NEVER, NO_TIME } from "../values/time.ts";

/** A binding event as the outbox keeps it. Times are wall-clock milliseconds since 1970. */
export interface BindingEvent {
  readonly address: Ipv4Address;
  readonly status: BindingStatus;
  /** `i:` and option 61 in hex, or `m:`, hardware type and address in hex: who has the address, or whose lease ended; empty when nobody's. */
  readonly client: string;
  readonly ts: number;
  readonly expires: number;
  /** The latest end that any client may hold. */
  readonly potential: number;
  readonly epoch: number;
  readonly hostname: string | undefined;
  /** The address is its client's for ever. */
  readonly reserved?: boolean;
  /** The partner made the change; it is handed in on its behalf. */
  readonly fromPartner: boolean;
  /** The same client goes on with the same address: such events may be merged when the ledger is long away. */
  readonly renewal: boolean;
  /** Renewals merged into this one, itself included, and the time of the last. */
  readonly renewals: number;
  readonly lastTs: number;
}

/** "For ever", as a time in the history: the year 2106, which is also the failover wire's and the lease file's. */
const NEVER_MILLIS = NEVER * 1000;

/** Who has the address, as the ledger names clients: by option 61, else by hardware address. */
export function clientName(lease: Pick<Lease, "clientId" | "hardware">): string {
  if (lease.clientId !== undefined && lease.clientId.length > 0) return `i:${hexPairs(lease.clientId, "")}`;
  return lease.hardware === undefined ? "" : `m:${lease.hardware.htype}:${hexPairs(lease.hardware.bytes, "")}`;
}

/** Do both have one name in the ledger? */
function isSameClient(left: Lease, right: Lease): boolean {
  const isNamed = (left.clientId?.length ?? 0) > 0 || (right.clientId?.length ?? 0) > 0;
  return isNamed ? sameBytes(left.clientId, right.clientId) : sameHardware(left.hardware, right.hardware);
}

/** A time of the lease clock as the ledger writes it: wall-clock milliseconds since 1970. */
export const ledgerTime = (time: EpochSeconds, wallOffset: number): number =>
  time === NEVER ? NEVER_MILLIS : Math.max(0, (time + wallOffset) * 1000);

/** What a changed lease means for the history; undefined when nothing changed that it records. */
export function bindingEvent(
  before: Lease | undefined,
  after: Lease,
  moment: { readonly wallMillis: number; readonly wallOffset: number; readonly epoch: number; readonly fromPartner: boolean },
): BindingEvent | undefined {
  const millis = (time: EpochSeconds): number => ledgerTime(time, moment.wallOffset);
  const isOneClient = before !== undefined && isSameClient(before, after);
  const renewal = after.status === "ACTIVE" && before?.status === "ACTIVE" && isOneClient;
  // a lease kept for a partner that lost its memory has no known start: the first grant after it is news, even one that ends at the same time
  const isKept = renewal && before.starts === NO_TIME && after.starts !== NO_TIME;
  const unchanged =
    isOneClient && !isKept && before.status === after.status && before.reserved === after.reserved && before.ends === after.ends;
  if (unchanged || (after.status === "FREE" && before?.status === "BACKUP") || (after.status === "BACKUP" && before?.status === "FREE")) {
    return undefined;
  }
  return {
    address: after.address,
    status: after.status,
    client: whose(before, after),
    ts: moment.wallMillis,
    expires: millis(after.ends),
    potential: Math.max(millis(after.ends), millis(after.failover?.tstp ?? after.ends)),
    epoch: moment.epoch,
    hostname: after.hostname,
    ...(after.reserved ? { reserved: true } : {}),
    fromPartner: moment.fromPartner,
    renewal,
    renewals: 1,
    lastTs: moment.wallMillis,
  };
}

/** An end is told of whoever had the address until then: the ledger takes it for a contradiction from anyone else. A record of an
 *  abandoned address names nobody, so his name is in the record before it. */
function whose(before: Lease | undefined, after: Lease): string {
  if (after.status !== "ACTIVE" && before?.status === "ACTIVE") return clientName(before);
  return (after.status === "FREE" || after.status === "BACKUP") && !after.reserved ? "" : clientName(after);
}

/**
 * Two successive renewals as one row, or with `intoLease` a lease and its renewals: who had the address, and when, stays; only the times of
 * single renewals go.
 */
export function mergeRenewals(earlier: BindingEvent, later: BindingEvent, intoLease = false): BindingEvent | undefined {
  const same = earlier.address === later.address && earlier.client === later.client && earlier.epoch === later.epoch;
  const isRenewed = earlier.renewal || (intoLease && earlier.status === "ACTIVE");
  if (!same || !isRenewed || !later.renewal || earlier.fromPartner !== later.fromPartner) return undefined;
  const { renewal, ts } = earlier;
  const renewals = earlier.renewals + later.renewals;
  return { ...later, renewal, ts, renewals, potential: Math.max(earlier.potential, later.potential) };
}

/** The event as the outbox stores it: JSON, so that an outbox of a week ago reads in any version; without what is as in most events. */
export function encodeEvent(event: BindingEvent): Uint8Array {
  const { ts, lastTs, expires, potential, hostname, renewals } = event;
  // put together by hand: all but the host name needs no escapes
  let text = `{"address":${event.address},"status":"${event.status}","client":"${event.client}","ts":${ts},"expires":${expires},"epoch":${event.epoch}`;
  if (event.renewal) text += ',"renewal":true';
  if (potential !== expires) text += `,"potential":${potential}`;
  if (renewals !== 1) text += `,"renewals":${renewals}`;
  if (lastTs !== ts) text += `,"lastTs":${lastTs}`;
  if (event.fromPartner) text += ',"fromPartner":true';
  if (event.reserved === true) text += ',"reserved":true';
  text += hostname === undefined ? "}" : `,"hostname":${JSON.stringify(hostname)}}`;
  if (text.length * 3 > SLAB_BYTES) return UTF8.encode(text);
  if (slabUsed + text.length * 3 > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  const start = slabUsed;
  slabUsed += UTF8.encodeInto(text, slab.subarray(start)).written;
  return slab.subarray(start, slabUsed);
}

/** Events are pieces of larger allocations: one for each costs more than encoding it. */
const SLAB_BYTES = 65_536;
let slab = new Uint8Array(SLAB_BYTES);
let slabUsed = 0;

/** Reads a stored event; undefined when it is not one (a torn or foreign record). */
export function decodeEvent(bytes: Uint8Array): BindingEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(UTF8_DECODER.decode(bytes));
  } catch {
    return undefined;
  }
  const event = value as Partial<BindingEvent> | null;
  if (typeof event?.address !== "number" || typeof event.status !== "string" || typeof event.ts !== "number") return undefined;
  const { ts, expires = 0 } = event;
  return { ...USUAL, lastTs: ts, potential: expires, ...event } as BindingEvent;
}

/** What is left out of a stored event. */
const USUAL = { hostname: undefined, fromPartner: false, renewal: false, renewals: 1 } as const;
const UTF8 = new TextEncoder();
const UTF8_DECODER = new TextDecoder();
