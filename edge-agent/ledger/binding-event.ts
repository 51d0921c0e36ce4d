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
  const { ts, lastTs, expires, potential, hostname, renewals, client, status } = event;
  const host = hostname === undefined ? "" : JSON.stringify(hostname);
  const most = MOST_BESIDES + client.length + 3 * host.length;
  // pieces of larger allocations: one for each event costs more than encoding it
  if (slabUsed + most > slab.length) {
    slab = new Uint8Array(Math.max(SLAB_BYTES, most));
    slabUsed = 0;
  }
  // byte by byte: all but the host name needs no escapes, and a string of so many numbers costs more than writing them
  const out = slab;
  let at = digits(out, piece(out, slabUsed, PIECES.address), event.address);
  at = ascii(out, piece(out, at, PIECES.status), status);
  at = ascii(out, piece(out, at, PIECES.client), client);
  at = digits(out, piece(out, at, PIECES.ts), ts);
  at = digits(out, piece(out, at, PIECES.expires), expires);
  at = digits(out, piece(out, at, PIECES.epoch), event.epoch);
  if (event.renewal) at = piece(out, at, PIECES.renewal);
  if (potential !== expires) at = digits(out, piece(out, at, PIECES.potential), potential);
  if (renewals !== 1) at = digits(out, piece(out, at, PIECES.renewals), renewals);
  if (lastTs !== ts) at = digits(out, piece(out, at, PIECES.lastTs), lastTs);
  if (event.fromPartner) at = piece(out, at, PIECES.fromPartner);
  if (event.reserved === true) at = piece(out, at, PIECES.reserved);
  if (hostname !== undefined) {
    at = piece(out, at, PIECES.hostname);
    at += UTF8.encodeInto(host, out.subarray(at)).written;
  }
  out[at] = 0x7d;
  const start = slabUsed;
  slabUsed = at + 1;
  return out.subarray(start, slabUsed);
}

const UTF8 = new TextEncoder();
const PIECES = {
  address: UTF8.encode('{"address":'),
  status: UTF8.encode(',"status":"'),
  client: UTF8.encode('","client":"'),
  ts: UTF8.encode('","ts":'),
  expires: UTF8.encode(',"expires":'),
  epoch: UTF8.encode(',"epoch":'),
  renewal: UTF8.encode(',"renewal":true'),
  potential: UTF8.encode(',"potential":'),
  renewals: UTF8.encode(',"renewals":'),
  lastTs: UTF8.encode(',"lastTs":'),
  fromPartner: UTF8.encode(',"fromPartner":true'),
  reserved: UTF8.encode(',"reserved":true'),
  hostname: UTF8.encode(',"hostname":'),
} as const;

/** Longer than all that is in an event beside the names of client and host. */
const MOST_BESIDES = 400;
const SLAB_BYTES = 65_536;
let slab = new Uint8Array(SLAB_BYTES);
let slabUsed = 0;

/** Each of these writes at a place, and gives the place behind. */
function piece(out: Uint8Array, at: number, bytes: Uint8Array): number {
  for (let index = 0; index < bytes.length; index += 1) out[at + index] = bytes[index]!;
  return at + bytes.length;
}
function ascii(out: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) out[at + index] = text.charCodeAt(index);
  return at + text.length;
}

const HALF = 10_000_000;

/** A number in decimal; a whole one that is not negative in two halves, each of them a small integer for the machine. */
function digits(out: Uint8Array, at: number, value: number): number {
  if (value < HALF && value >= 0 && value === (value | 0)) return half(out, at, value, 1);
  if (!(value >= HALF && Number.isSafeInteger(value))) return ascii(out, at, String(value));
  const high = Math.floor(value / HALF);
  return half(out, half(out, at, high, 1), value - high * HALF, 7);
}
/** At most nine digits, at least `least`. */
function half(out: Uint8Array, at: number, value: number, least: number): number {
  let width = least;
  for (let power = least === 1 ? 10 : HALF; power <= value; power *= 10) width += 1;
  let left = value | 0;
  for (let place = at + width - 1; place >= at; place -= 1) {
    const tenth = (left / 10) | 0;
    out[place] = 48 + left - tenth * 10;
    left = tenth;
  }
  return at + width;
}

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
const UTF8_DECODER = new TextDecoder();
