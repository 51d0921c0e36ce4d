import type { Lease } from "../../edge-agent/leases/lease.ts";
import { LeaseTable } from "../../edge-agent/leases/lease-table.ts";
import type { PoolLayout } from "../../edge-agent/leases/lease-view.ts";
import type { StoreWrite } from "../../edge-agent/leases/store-write.ts";
import { CommitFailed, type Store } from "../../edge-agent/runtime/ports.ts";
import { type MemoryDisk, memoryDisk } from "../support/memory-store.ts";

/** What a store needs of the world it is in. */
export interface StoreWorld {
  /** Milliseconds that the next commit takes. */
  commitTime(): number;
  after(wait: number, task: () => void): void;
  /** Is the disk full at this moment? */
  isFull(): boolean;
  /** These writes are durable from this moment on; nothing that depends on them has left yet. */
  durable(writes: readonly StoreWrite[]): void;
}

/** One for all: making an error costs more than what a commit does here. */
const NO_SPACE = new CommitFailed("No space left on device");

interface Commit {
  readonly writes: readonly StoreWrite[];
  readonly doomed: boolean;
  ok: () => void;
  failed: (error: Error) => void;
}

/**
 * The store of a simulated process: what {@link MemoryStore} is, but in virtual time and without promises. A commit takes
 * its time, fails on a full disk, and may have reached the disk or not when the power goes.
 */
export class SimStore implements Store {
  readonly disk: MemoryDisk;
  readonly view: LeaseTable;
  readonly #world: StoreWorld;
  #queue: Commit[] = [];
  #applied: StoreWrite[] = [];
  #records: Map<string, Uint8Array>;
  #outbox: MemoryDisk["outbox"];
  /** The highest number ever, by lane. */
  readonly #newest = new Map<string, number>();
  #busy = false;
  #lostWrites = false;
  #gone = false;
  /** The last commit failed: what the process remembers may be of steps that never happened, until it has tried again. */
  failing = false;

  constructor(disk: MemoryDisk, world: StoreWorld) {
    this.disk = disk;
    this.#world = world;
    this.#records = new Map(disk.records);
    this.#outbox = new Map(disk.outbox);
    for (const { lane, seq } of disk.outbox.values()) this.#newest.set(lane, Math.max(seq, this.#newest.get(lane) ?? 0));
    this.view = new LeaseTable(
      {
        get: (address) => disk.leases.get(address),
        all: () => [...disk.leases.values()].sort((left, right) => left.address - right.address),
      },
      0x5eed,
    );
    for (const lease of disk.leases.values()) this.view.load(lease);
    this.view.loaded();
  }

  record(key: string): Uint8Array | undefined {
    return this.#records.get(key);
  }
  outbox(after: number, limit: number, lane = ""): readonly { readonly seq: number; readonly value: Uint8Array }[] {
    const found: { readonly seq: number; readonly value: Uint8Array }[] = [];
    const newest = this.#newest.get(lane) ?? 0;
    for (let seq = after + 1; seq <= newest && found.length < limit; seq += 1) {
      const entry = this.#outbox.get(`${lane}/${seq}`);
      if (entry !== undefined) found.push({ seq, value: entry.value });
    }
    return found;
  }
  layout(pools: readonly PoolLayout[]): void {
    this.view.layout(pools);
  }
  async close(): Promise<void> {}

  apply(writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      if (write.kind === "outbox") this.#newest.set(write.lane ?? "", Math.max(write.seq, this.#newest.get(write.lane ?? "") ?? 0));
      if (write.kind === "lease") this.view.apply(write.lease);
      else writeSmall(this.#records, this.#outbox, write);
      this.#applied.push(write);
    }
  }

  commit(): Promise<void> {
    const commit: Commit = { writes: this.#applied, doomed: this.#lostWrites, ok: () => {}, failed: () => {} };
    this.#applied = [];
    this.#lostWrites = false;
    this.view.seal();
    this.#queue.push(commit);
    this.#start();
    // The loop asks for nothing but `then`; a real promise would leave virtual time.
    const answer = {
      // biome-ignore lint/suspicious/noThenProperty: stands for a promise
      then: (ok: () => void, failed: (error: Error) => void) => {
        commit.ok = ok;
        commit.failed = failed;
      },
    };
    return answer as unknown as Promise<void>;
  }

  /** The power goes: of the commits under way the first `survivors` reached the disk, and nobody is told. */
  crash(survivors: number): void {
    for (const { writes, doomed } of this.#queue.slice(0, survivors)) {
      if (doomed || this.#world.isFull()) break;
      this.#store(writes);
    }
    this.#queue = [];
    this.#gone = true;
  }
  get pending(): number {
    return this.#queue.length;
  }

  #start(): void {
    if (this.#busy || this.#queue.length === 0) return;
    this.#busy = true;
    this.#world.after(this.#world.commitTime(), () => {
      this.#busy = false;
      if (this.#gone) return;
      const commit = this.#queue.shift();
      if (commit === undefined) return;
      if (commit.doomed || this.#world.isFull()) this.#fail(commit);
      else {
        this.failing = false;
        this.#store(commit.writes);
        this.view.settle();
        commit.ok();
      }
      this.#start();
    });
  }

  #store(writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      if (write.kind === "lease") this.disk.leases.set(write.lease.address, write.lease);
      else writeSmall(this.disk.records, this.disk.outbox, write);
    }
    this.#world.durable(writes);
  }

  #fail(first: Commit): void {
    this.failing = true;
    const lost = [first, ...this.#queue];
    this.#queue = [];
    this.#lostWrites = this.#applied.length > 0;
    this.#applied = [];
    this.#records = new Map(this.disk.records);
    this.#outbox = new Map(this.disk.outbox);
    this.view.rollBack();
    for (const commit of lost) commit.failed(NO_SPACE);
  }
}

function writeSmall(records: Map<string, Uint8Array>, outbox: MemoryDisk["outbox"], write: Exclude<StoreWrite, { kind: "lease" }>): void {
  switch (write.kind) {
    case "record":
      if (write.value === undefined) records.delete(write.key);
      else records.set(write.key, write.value);
      return;
    case "outbox":
      outbox.set(`${write.lane ?? ""}/${write.seq}`, { lane: write.lane ?? "", seq: write.seq, value: write.value });
      return;
    case "outbox-trim":
      for (const [key, { lane, seq }] of outbox) if (lane === (write.lane ?? "") && seq <= write.upTo) outbox.delete(key);
  }
}

export const emptyDisk = (): MemoryDisk => memoryDisk();
export type { Lease, MemoryDisk };
