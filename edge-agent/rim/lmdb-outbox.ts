import type { Database } from "lmdb";
import type { OutboxKey } from "./lmdb-file.ts";

type Entry = { readonly seq: number; readonly value: Uint8Array };

/** The lane without a name is keyed by number alone. */
export const outboxKey = (lane: string, seq: number): OutboxKey => (lane === "" ? seq : [lane, seq]);
const seqOf = (key: OutboxKey): number => (typeof key === "number" ? key : key[1]);

/** Durable entries of a lane after `after`, oldest first. */
export function readOutbox(outbox: Database<Buffer, OutboxKey>, lane: string, after: number, limit: number): Entry[] {
  const range = { start: outboxKey(lane, after), end: outboxKey(lane, Number.MAX_SAFE_INTEGER), exclusiveStart: true, limit };
  const found: Entry[] = [];
  for (const { key, value } of outbox.getRange(range)) found.push({ seq: seqOf(key), value });
  return found;
}

/** Removes entries of a lane up to `upTo`; within a transaction. */
export function trimOutbox(outbox: Database<Buffer, OutboxKey>, lane: string, upTo: number): void {
  const range = { start: outboxKey(lane, 0), end: outboxKey(lane, upTo), inclusiveEnd: true };
  for (const key of [...outbox.getKeys(range)]) void outbox.remove(key);
}

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
