import type { Lease } from "../../edge-agent/leases/lease.ts";
import { LeaseTable } from "../../edge-agent/leases/lease-table.ts";
import type { PoolLayout } from "../../edge-agent/leases/lease-view.ts";
import type { StoreWrite } from "../../edge-agent/leases/store-write.ts";
import { CommitFailed, type Store } from "../../edge-agent/runtime/ports.ts";
import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";

/** What a disk holds; it outlives the {@link MemoryStore} that wrote it, as a disk outlives a process. */
export interface MemoryDisk {
  readonly leases: Map<Ipv4Address, Lease>;
  readonly records: Map<string, Uint8Array>;
  readonly outbox: Map<string, LaneEntry>;
}
export const memoryDisk = (): MemoryDisk => ({ leases: new Map(), records: new Map(), outbox: new Map() });

/** An outbox entry with the lane it is in. */
interface LaneEntry {
  readonly lane: string;
  readonly seq: number;
  readonly value: Uint8Array;
}
/** Small state changed by applied writes: what is seen, apart from leases. */
interface Small {
  readonly records: Map<string, Uint8Array>;
  readonly outbox: Map<string, LaneEntry>;
}

interface PendingCommit {
  readonly writes: readonly StoreWrite[];
  /** Some of its writes were rolled back before it was asked for. */
  readonly doomed: boolean;
  readonly done: (error?: Error) => void;
}

/**
 * A {@link Store} without a disk. Commits become durable one after another in later microtasks; with `hold` they wait for
 * {@link release}, and {@link failNext} makes the next one fail as a full disk would. `crash` is a power cut.
 */
export class MemoryStore implements Store {
  readonly disk: MemoryDisk;
  readonly view: LeaseTable;
  /** How many commits became durable. */
  commits = 0;
  /** While true, commits wait. */
  hold = false;
  readonly #queue: PendingCommit[] = [];
  #applied: StoreWrite[] = [];
  #small: Small;
  #failure: string | undefined;
  #closed = false;
  #lostWrites = false;

  constructor(disk: MemoryDisk = memoryDisk()) {
    this.disk = disk;
    this.#small = { records: new Map(disk.records), outbox: new Map(disk.outbox) };
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
    return this.#small.records.get(key);
  }

  outbox(after: number, limit: number, lane = ""): readonly { readonly seq: number; readonly value: Uint8Array }[] {
    return [...this.#small.outbox.values()]
      .filter((entry) => entry.lane === lane && entry.seq > after)
      .sort((left, right) => left.seq - right.seq)
      .slice(0, limit)
      .map(({ seq, value }) => ({ seq, value }));
  }

  apply(writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      if (write.kind === "lease") this.view.apply(write.lease);
      else writeSmall(this.#small, write);
      this.#applied.push(write);
    }
  }

  commit(): Promise<void> {
    const writes = this.#applied;
    const doomed = this.#lostWrites;
    this.#applied = [];
    this.#lostWrites = false;
    this.view.seal();
    return new Promise((resolve, reject) => {
      this.#queue.push({ writes, doomed, done: (error) => (error === undefined ? resolve() : reject(error)) });
      if (!this.hold) queueMicrotask(() => this.#commitOne());
    });
  }

  /** Lets at most `count` held commits become durable (or fail). */
  release(count = Number.POSITIVE_INFINITY): void {
    for (let released = 0; released < count && this.#queue.length > 0; released += 1) this.#commitOne();
  }

  /** Makes the next commit that reaches the disk fail. */
  failNext(reason = "No space left on device"): void {
    this.#failure = reason;
  }

  /** A power cut: what was not durable is gone, pending commits never answer. Go on with `new MemoryStore(store.disk)`. */
  crash(): void {
    this.#queue.length = 0;
    this.#closed = true;
  }

  layout(pools: readonly PoolLayout[]): void {
    this.view.layout(pools);
  }

  async close(): Promise<void> {
    this.hold = false;
    if (this.#applied.length > 0) await this.commit();
    this.release();
    this.#closed = true;
  }

  #commitOne(): void {
    const next = this.#queue.shift();
    if (next === undefined || this.#closed) return;
    if (this.#failure !== undefined || next.doomed) {
      this.#fail(next, this.#failure ?? "an earlier commit failed and took these writes with it");
      return;
    }
    for (const write of next.writes) {
      if (write.kind === "lease") this.disk.leases.set(write.lease.address, write.lease);
      else writeSmall(this.disk, write);
    }
    this.view.settle();
    this.commits += 1;
    next.done();
  }

  #fail(first: PendingCommit, reason: string): void {
    this.#failure = undefined;
    const lost = [first, ...this.#queue.splice(0)];
    this.#lostWrites = this.#applied.length > 0;
    this.#applied = [];
    this.#small = { records: new Map(this.disk.records), outbox: new Map(this.disk.outbox) };
    this.view.rollBack();
    for (const commit of lost) commit.done(new CommitFailed(reason));
  }
}

function writeSmall(small: Small, write: Exclude<StoreWrite, { kind: "lease" }>): void {
  switch (write.kind) {
    case "record":
      if (write.value === undefined) small.records.delete(write.key);
      else small.records.set(write.key, write.value);
      return;
    case "outbox":
      small.outbox.set(`${write.lane ?? ""}/${write.seq}`, { lane: write.lane ?? "", seq: write.seq, value: write.value });
      return;
    case "outbox-trim":
      for (const [key, { lane, seq }] of small.outbox) if (lane === (write.lane ?? "") && seq <= write.upTo) small.outbox.delete(key);
  }
}
