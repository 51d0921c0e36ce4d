import type { StoreWrite } from "../leases/store-write.ts";
import { type BindingEvent, decodeEvent, encodeEvent, mergeRenewals } from "./binding-event.ts";
import type { OutboxEntry } from "./calls.ts";

/** Reads entries of a lane after a number, oldest first; what earlier steps wrote is in it. */
export type OutboxReader = (lane: string, after: number, limit: number) => readonly { readonly seq: number; readonly value: Uint8Array }[];

/**
 * One site's outbox. Entries are numbered from 1 in this store; the ledger's numbers are `shift` ahead, which is not 0 once
 * a disk was lost and the ledger's cursor stands further than the new store has counted.
 */
export interface Outbox {
  readonly lane: string;
  readonly lastSeq: number;
  /** Entries up to it are in the ledger. */
  readonly ack: number;
  readonly shift: number;
  /** Entries up to it are gone. */
  readonly trimmed: number;
  /** Time of the last event, milliseconds; a hybrid clock that never stands still. */
  readonly lastTs: number;
  /** Renewals are merged into the leases that they renew: the backlog is as long as its disk allows. */
  readonly squeezed?: boolean;
}

/** How long entries that are in the ledger are kept, for a table that is set back. */
export const KEEP_MILLIS = 7 * 86_400_000;
/** With more entries waiting, renewals of one lease are merged. */
const MERGE_BACKLOG = 50_000;
/** With more, some hundred megabytes, renewals are merged into the lease that they renew, too. */
const SQUEEZE_BACKLOG = 250_000;
/** Fewer are not worth merging, however full the disk. */
const SMALLEST_LIMIT = 1000;
/** What an entry takes on disk, with the pages it is spread over. */
const ENTRY_BYTES = 400;
/** The outbox grows to this part of what is free, renewal by renewal; what is left is for grants, which are never merged. */
const SHARE_OF_FREE = 1 / 4;

/** From how many waiting entries on renewals are merged with one another, and into the lease that they renew. */
export interface MergeLimits {
  readonly backlog: number;
  readonly squeeze: number;
}

/** The limits on a disk with `freeBytes` left; undefined: not known. A small backlog asks for none: `free` is not called. */
export function mergeLimits(outbox: Outbox, free: (() => number | undefined) | undefined): MergeLimits {
  const freeBytes = queuedIn(outbox) < SMALLEST_LIMIT ? undefined : free?.();
  if (freeBytes === undefined) return AMPLE;
  const room = Math.max(SMALLEST_LIMIT, Math.floor((freeBytes * SHARE_OF_FREE) / ENTRY_BYTES));
  return room >= SQUEEZE_BACKLOG ? AMPLE : { backlog: Math.min(MERGE_BACKLOG, room), squeeze: room };
}
const AMPLE: MergeLimits = { backlog: MERGE_BACKLOG, squeeze: SQUEEZE_BACKLOG };
const TRIM_BATCH = 200;
const PAGE = 10_000;

/** The outbox as the store has it; `known` is what was recorded of it, perhaps a while ago. */
export function openOutbox(lane: string, known: Partial<Outbox>, read: OutboxReader): Outbox {
  let lastSeq = known.lastSeq ?? 0;
  let lastTs = known.lastTs ?? 0;
  for (;;) {
    const page = read(lane, lastSeq, PAGE);
    const last = page.at(-1);
    if (last === undefined) break;
    lastSeq = last.seq;
    lastTs = Math.max(lastTs, decodeEvent(last.value)?.lastTs ?? 0);
    if (page.length < PAGE) break;
  }
  return { lane, lastSeq, lastTs, ack: known.ack ?? 0, shift: known.shift ?? 0, trimmed: known.trimmed ?? 0 };
}

export const queuedIn = (outbox: Outbox): number => outbox.lastSeq - outbox.ack;

/** Oldest entries not yet in the ledger, with the ledger's numbers. An entry that cannot be read is passed over. */
export function headOf(outbox: Outbox, read: OutboxReader, limit: number): readonly OutboxEntry[] {
  const entries: OutboxEntry[] = [];
  for (const { seq, value } of read(outbox.lane, outbox.ack, limit)) {
    const event = decodeEvent(value);
    if (event !== undefined) entries.push({ seq: seq + outbox.shift, event });
  }
  return entries;
}

/** The next time of the hybrid clock: the wall clock's, but after every event before it. */
export const nextTs = (outbox: Outbox, wallMillis: number, atLeast = 0): number =>
  Math.max(wallMillis, outbox.lastTs + 1, Math.min(atLeast, wallMillis + 120_000));

/** The last entry of an address, by its number in this store, with its event as it is stored: what a renewal may be merged into. */
export type LastEntries = Map<number, { readonly seq: number; readonly event: BindingEvent }>;

/** Appends an event. Entries up to `sentUpTo` may be in the ledger already, even if no answer said so, and stay as they are. */
export function append(
  outbox: Outbox,
  event: BindingEvent,
  merging: { readonly lastOf: LastEntries; readonly sentUpTo: number } & MergeLimits,
): { readonly outbox: Outbox; readonly write: StoreWrite } {
  const { lane } = outbox;
  const { lastOf } = merging;
  const isMerging = queuedIn(outbox) >= merging.backlog;
  const last = isMerging ? lastOf.get(event.address) : undefined;
  if (!isMerging && lastOf.size > 0) lastOf.clear();
  const maySay = last !== undefined && last.seq + outbox.shift > merging.sentUpTo;
  const merged = maySay ? mergeRenewals(last.event, event, queuedIn(outbox) >= merging.squeeze) : undefined;
  const seq = maySay && merged !== undefined ? last.seq : outbox.lastSeq + 1;
  const entry = merged ?? event;
  if (isMerging) lastOf.set(event.address, { seq, event: entry });
  return {
    outbox: { ...outbox, lastSeq: Math.max(seq, outbox.lastSeq), lastTs: event.lastTs },
    write: { kind: "outbox", lane, seq, value: encodeEvent(entry) },
  };
}

/** The ledger's cursor stands at `upTo`, in the ledger's numbers. */
export const acknowledged = (outbox: Outbox, upTo: number): Outbox => ({
  ...outbox,
  ack: Math.min(outbox.lastSeq, Math.max(outbox.ack, upTo - outbox.shift)),
});

/**
 * The ledger's cursor as this store counts. A store that the ledger has never heard from has nothing in it: what the cursor has
 * passed was on a disk that is lost, and numbers go on behind it. So they do where the cursor is further than all that was counted.
 */
export function alignedWith(outbox: Outbox, cursor: number, isFirst = false): Outbox {
  if (isFirst && outbox.ack === 0) return { ...outbox, shift: cursor };
  if (cursor > outbox.lastSeq + outbox.shift) return { ...outbox, shift: cursor - outbox.ack };
  return { ...outbox, ack: Math.max(outbox.trimmed, Math.min(outbox.lastSeq, cursor - outbox.shift)) };
}

/**
 * The same for a store that had counted `counted` (by the ledger's numbers) when it was opened, which the cursor has passed: an old disk
 * was put back. All that was in it then is in the ledger; what came since is not, and gets numbers behind the cursor.
 */
export function overtaken(outbox: Outbox, cursor: number, counted: number): Outbox {
  const ack = counted - outbox.shift;
  return { ...outbox, ack, shift: cursor - ack };
}

/**
 * The ledger's cursor is that of a table from before what this outbox has dropped: since when it has everything, milliseconds since 1970.
 * Undefined: it lacks nothing.
 */
export function keptFrom(outbox: Outbox, read: OutboxReader, cursor: number, wallMillis: number): number | undefined {
  if (cursor - outbox.shift >= outbox.trimmed) return undefined;
  const [first] = read(outbox.lane, outbox.trimmed, 1);
  return (first === undefined ? undefined : decodeEvent(first.value)?.ts) ?? wallMillis;
}

/** Drops entries that have been in the ledger for long enough. */
export function trimmed(
  outbox: Outbox,
  read: OutboxReader,
  wallMillis: number,
): { readonly outbox: Outbox; readonly writes: readonly StoreWrite[] } {
  let upTo = outbox.trimmed;
  for (const { seq, value } of read(outbox.lane, outbox.trimmed, TRIM_BATCH)) {
    if (seq > outbox.ack || (decodeEvent(value)?.lastTs ?? 0) > wallMillis - KEEP_MILLIS) break;
    upTo = seq;
  }
  if (upTo === outbox.trimmed) return { outbox, writes: [] };
  return { outbox: { ...outbox, trimmed: upTo }, writes: [{ kind: "outbox-trim", lane: outbox.lane, upTo }] };
}
