import type { Database } from "lmdb";
import type { Databases, OutboxKey } from "./lmdb-file.ts";

export type Entry = { readonly seq: number; readonly value: Uint8Array };
type Rows = Database<Buffer, OutboxKey>;

/** Entries in one record at most: some 20 kB, which is read again to say a renewal in it anew. */
const MOST_IN_A_RECORD = 64;

/** The lane without a name is keyed by number alone. */
const outboxKey = (lane: string, seq: number): OutboxKey => (lane === "" ? seq : [lane, seq]);
const seqOf = (key: OutboxKey): number => (typeof key === "number" ? key : key[1]);

/**
 * The outbox on disk. Entries of one transaction with successive numbers are one record, `packs`, keyed by the last of them: a record
 * costs more than what is in it. A single entry is a record of its own in `outbox`, and so is one that replaces another: it counts
 * before what the pack says of its number.
 */
export class OutboxFile {
  readonly #singles: Rows;
  readonly #packs: Rows;
  /** The highest number on disk, by lane, as far as it was asked for. Mutable. */
  readonly #highest = new Map<string, number>();

  constructor({ outbox, packs }: Pick<Databases, "outbox" | "packs">) {
    this.#singles = outbox;
    this.#packs = packs;
  }

  /** Durable entries of a lane after `after`, oldest first. */
  read(lane: string, after: number, limit: number): Entry[] {
    const range = rangeAfter(lane, after);
    const singles: Entry[] = [];
    for (const { key, value } of this.#singles.getRange({ ...range, limit })) singles.push({ seq: seqOf(key), value });
    const packed: Entry[] = [];
    for (const { key, value } of this.#packs.getRange(range)) {
      for (const entry of unpack(seqOf(key), value)) if (entry.seq > after) packed.push(entry);
      if (packed.length >= limit) break;
    }
    if (packed.length === 0) return singles;
    const replaced = new Set(singles.map(({ seq }) => seq));
    const all = [...singles, ...packed.filter(({ seq }) => !replaced.has(seq))];
    return all.sort((left, right) => left.seq - right.seq).slice(0, limit);
  }

  /** What to do within a transaction to store these entries of a lane; of several with one number the last counts. */
  put(lane: string, entries: readonly Entry[]): (() => void)[] {
    const highest = this.#highest.get(lane) ?? this.#readHighest(lane);
    const fresh: Entry[] = [];
    const replacing = new Map<number, Uint8Array>();
    const operations: (() => void)[] = [];
    for (const entry of entries) {
      const last = fresh.length === 0 ? highest : fresh[fresh.length - 1]!.seq;
      if (entry.seq > last) fresh.push(entry);
      else if (entry.seq <= highest) replacing.set(entry.seq, entry.value);
      else placeIn(fresh, entry);
    }
    for (const [seq, value] of replacing) operations.push(() => void this.#singles.put(outboxKey(lane, seq), asBuffer(value)));
    for (const run of runsOf(fresh)) {
      const last = run.at(-1)!;
      if (run.length === 1) operations.push(() => void this.#singles.put(outboxKey(lane, last.seq), asBuffer(last.value)));
      else {
        const record = pack(run);
        operations.push(() => void this.#packs.put(outboxKey(lane, last.seq), record));
      }
    }
    this.#highest.set(lane, fresh.at(-1)?.seq ?? highest);
    return operations;
  }

  /** Removes entries of a lane up to `upTo`; within a transaction. */
  trim(lane: string, upTo: number): void {
    const range = { start: outboxKey(lane, 0), end: outboxKey(lane, upTo), inclusiveEnd: true };
    for (const rows of [this.#singles, this.#packs]) for (const key of [...rows.getKeys(range)]) void rows.remove(key);
    const [cut] = [...this.#packs.getRange({ ...rangeAfter(lane, upTo), limit: 1 })];
    if (cut === undefined) return;
    const entries = unpack(seqOf(cut.key), cut.value);
    const left = entries.filter(({ seq }) => seq > upTo);
    if (left.length < entries.length) void this.#packs.put(cut.key, pack(left));
  }

  #readHighest(lane: string): number {
    const backwards = { start: outboxKey(lane, Number.MAX_SAFE_INTEGER), end: outboxKey(lane, 0), reverse: true, limit: 1 };
    const last = [this.#singles, this.#packs].flatMap((rows) => [...rows.getKeys(backwards)]);
    return Math.max(0, ...last.map(seqOf));
  }
}

const rangeAfter = (lane: string, after: number) => ({
  start: outboxKey(lane, after),
  end: outboxKey(lane, Number.MAX_SAFE_INTEGER),
  exclusiveStart: true,
});

/** An entry among others in order of their numbers, in place of one with the same. */
function placeIn(entries: Entry[], entry: Entry): void {
  const at = entries.findIndex(({ seq }) => seq >= entry.seq);
  if (at < 0) entries.push(entry);
  else entries.splice(at, entries[at]!.seq === entry.seq ? 1 : 0, entry);
}

/** Successive numbers, in runs that fit in a record. */
function runsOf(entries: readonly Entry[]): readonly Entry[][] {
  const runs: Entry[][] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    if (run !== undefined && run.length < MOST_IN_A_RECORD && run.at(-1)!.seq + 1 === entry.seq) run.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

/** How many, how long each is (uint32, little-endian), and then all of them. */
function pack(entries: readonly Entry[]): Buffer {
  const head = 4 * (entries.length + 1);
  const record = Buffer.allocUnsafe(entries.reduce((size, { value }) => size + value.length, head));
  record.writeUInt32LE(entries.length, 0);
  let place = head;
  entries.forEach(({ value }, index) => {
    record.writeUInt32LE(value.length, 4 * (index + 1));
    record.set(value, place);
    place += value.length;
  });
  return record;
}

/** The entries of a record whose last has the number `last`. */
function unpack(last: number, record: Buffer): readonly Entry[] {
  const count = record.readUInt32LE(0);
  const entries: Entry[] = [];
  let place = 4 * (count + 1);
  for (let index = 0; index < count; index++) {
    const length = record.readUInt32LE(4 * (index + 1));
    entries.push({ seq: last - count + 1 + index, value: record.subarray(place, place + length) });
    place += length;
  }
  return entries;
}

/** The same bytes: what is to be written is never changed. */
const asBuffer = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer as ArrayBuffer, byteOffset, length);

/** Entries applied and perhaps not yet durable, by lane and number. Mutable. */
export class OutboxTail {
  readonly #lanes = new Map<string, { readonly entries: Map<number, Uint8Array>; trimmed: number }>();

  put(lane: string, seq: number, value: Uint8Array): void {
    this.#lane(lane).entries.set(seq, value);
  }
  trim(lane: string, upTo: number): void {
    const tail = this.#lane(lane);
    tail.trimmed = Math.max(tail.trimmed, upTo);
    for (const seq of tail.entries.keys()) if (seq <= upTo) tail.entries.delete(seq);
  }
  /** This value is on disk; one that replaced it meanwhile stays. */
  settled(lane: string, seq: number, value: Uint8Array): void {
    const { entries } = this.#lane(lane);
    if (entries.get(seq) === value) entries.delete(seq);
  }
  /** What is on disk, with what was applied since laid over it. */
  over(lane: string, after: number, limit: number, durable: (after: number, limit: number) => readonly Entry[]): readonly Entry[] {
    if (limit <= 0) return [];
    const tail = this.#lane(lane);
    const start = Math.max(after, tail.trimmed);
    const stored = durable(start, limit);
    if (tail.entries.size === 0) return stored;
    const found = stored.map((entry) => ({ seq: entry.seq, value: tail.entries.get(entry.seq) ?? entry.value }));
    const known = new Set(found.map(({ seq }) => seq));
    const last = stored.length < limit ? Number.POSITIVE_INFINITY : (found.at(-1)?.seq ?? 0);
    for (const [seq, value] of tail.entries) if (seq > start && seq < last && !known.has(seq)) found.push({ seq, value });
    return found.sort((left, right) => left.seq - right.seq).slice(0, limit);
  }

  #lane(lane: string): { readonly entries: Map<number, Uint8Array>; trimmed: number } {
    const known = this.#lanes.get(lane);
    if (known !== undefined) return known;
    const made = { entries: new Map<number, Uint8Array>(), trimmed: 0 };
    this.#lanes.set(lane, made);
    return made;
  }
}
