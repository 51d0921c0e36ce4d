import { randomInt } from "node:crypto";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Lease } from "../leases/lease.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import type { LeaseView, PoolLayout } from "../leases/lease-view.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import { CommitFailed, type Store } from "../runtime/ports.ts";
import { Bug } from "../values/assert.ts";
import { formatIpv4, type Ipv4Address } from "../values/ipv4.ts";
import { err, ok, type Result } from "../values/result.ts";
import { decodeLease, encodeLease, scanLease } from "./lease-record.ts";
import { type Databases, openDatabases } from "./lmdb-file.ts";
import { type Entry, OutboxFile, OutboxTail } from "./lmdb-outbox.ts";

/** Takes an exclusive lock on a file, or says who has it (see folder-lock.ts). */
export type TakeLock = (file: string) => Result<{ release(): void }, string>;

interface PendingCommit {
  readonly writes: readonly StoreWrite[];
  /** Some of its writes were rolled back before it was asked for. */
  readonly doomed: boolean;
  resolve(): void;
  reject(error: CommitFailed): void;
}

const STORE_FILE = "leases.mdb";

/**
 * Opens (or makes) the lease store in `folder` and indexes every lease. The error names the file, what is wrong with it
 * and what to do; nothing is repaired or thrown away silently.
 */
export function openLmdbStore(folder: string, takeLock: TakeLock): Result<LmdbStore, string> {
  const file = join(folder, STORE_FILE);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    return err(`lease store ${folder}: cannot be made: ${messageOf(error)}. Give the server a folder it may write to`);
  }
  const lock = takeLock(join(folder, "lock"));
  if (!lock.ok) return err(`lease store ${folder}: ${lock.error}`);
  let databases: Databases | undefined;
  try {
    databases = openDatabases(file);
    return ok(new LmdbStore(databases, lock.value));
  } catch (error) {
    void databases?.root.close();
    lock.value.release();
    return err(`lease store ${file}: ${messageOf(error)}. ${cureOf(error)}`);
  }
}

/** Gives the file of a closed store another name, from which an earlier one is lost; the name. The next to open the folder makes a new one. */
export function setStoreAside(folder: string): string {
  const aside = join(folder, `${STORE_FILE}.replaced`);
  renameSync(join(folder, STORE_FILE), aside);
  rmSync(join(folder, `${STORE_FILE}-lock`), { force: true });
  return aside;
}

/**
 * {@link Store} on LMDB. One LMDB transaction is in flight at a time; commits asked for meanwhile share the next. So
 * applying never waits for the disk, commits become durable in order, and a failure takes all later ones with it.
 */
export class LmdbStore implements Store {
  readonly view: LeaseView;
  readonly #databases: Databases;
  readonly #table: LeaseTable;
  readonly #lock: { release(): void };
  /** Small records as last applied. */
  #records = new Map<string, Uint8Array>();
  #outbox = new OutboxTail();
  #outboxFile: OutboxFile;
  #open: StoreWrite[] = [];
  #waiting: PendingCommit[] = [];
  #flushing = false;
  /** Writes that no commit was asked for yet were rolled back: the commit that is to cover them must not succeed. */
  #lostWrites = false;

  /** See {@link openLmdbStore}. */
  constructor(databases: Databases, lock: { release(): void }) {
    this.#databases = databases;
    this.#outboxFile = new OutboxFile(databases);
    this.#lock = lock;
    this.#table = new LeaseTable({ get: (address) => readLease(databases, address), all: () => allLeases(databases) }, randomInt(2 ** 32));
    this.view = this.#table;
    loadLeases(databases, this.#table);
    this.#records = readRecords(databases);
  }

  record(key: string): Uint8Array | undefined {
    return this.#records.get(key);
  }

  /** The records whose keys start with `prefix`, as last applied. */
  *records(prefix: string): Iterable<Uint8Array> {
    for (const [key, value] of this.#records) if (key.startsWith(prefix)) yield value;
  }

  outbox(after: number, limit: number, lane = ""): readonly { readonly seq: number; readonly value: Uint8Array }[] {
    return this.#outbox.over(lane, after, limit, (from, count) => this.#outboxFile.read(lane, from, count));
  }

  apply(writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      this.#open.push(write);
      switch (write.kind) {
        case "lease":
          this.#table.apply(write.lease);
          break;
        case "record":
          if (write.value === undefined) this.#records.delete(write.key);
          else this.#records.set(write.key, write.value);
          break;
        case "outbox":
          this.#outbox.put(write.lane ?? "", write.seq, write.value);
          break;
        case "outbox-trim":
          this.#outbox.trim(write.lane ?? "", write.upTo);
      }
    }
  }

  commit(): Promise<void> {
    const writes = this.#open;
    const doomed = this.#lostWrites;
    this.#open = [];
    this.#lostWrites = false;
    this.#table.seal();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ writes, doomed, resolve, reject });
      if (!this.#flushing) void this.#flush();
    });
  }

  layout(pools: readonly PoolLayout[]): void {
    this.#table.layout(pools);
  }

  /** Commits what was applied, then closes; rejects with {@link CommitFailed} if that cannot be written. */
  async close(): Promise<void> {
    try {
      await this.commit();
    } finally {
      await this.#databases.root.close();
      this.#lock.release();
    }
  }

  /** Writes all waiting commits in one transaction, until none waits. */
  async #flush(): Promise<void> {
    this.#flushing = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        if (group.some(({ doomed }) => doomed)) throw new Error("an earlier commit failed and took these writes with it");
        const operations = operationsOf(this.#databases, this.#outboxFile, group);
        if (operations.length > 0) await this.#transact(operations);
        this.#settle(group);
      } catch (error) {
        this.#fail(group, error);
      }
    }
    this.#flushing = false;
  }

  /** Everything is encoded already: within the transaction only LMDB can fail, and then the whole transaction does. */
  async #transact(operations: readonly (() => void)[]): Promise<void> {
    const { root } = this.#databases;
    await root.childTransaction(() => {
      for (const operation of operations) operation();
    });
  }

  #settle(group: readonly PendingCommit[]): void {
    for (const { writes } of group) {
      this.#table.settle();
      for (const write of writes) if (write.kind === "outbox") this.#outbox.settled(write.lane ?? "", write.seq, write.value);
    }
    for (const commit of group) commit.resolve();
  }

  #fail(group: readonly PendingCommit[], error: unknown): void {
    const lost = [...group, ...this.#waiting];
    this.#waiting = [];
    this.#lostWrites = this.#open.length > 0;
    this.#open = [];
    this.#table.rollBack();
    this.#records = readRecords(this.#databases);
    this.#outbox = new OutboxTail();
    this.#outboxFile = new OutboxFile(this.#databases);
    void reasonOf(error).then((reason) => {
      for (const commit of lost) commit.reject(new CommitFailed(`${this.#databases.file}: ${reason}`, { cause: error }));
    });
  }
}

/** One operation a key: of several records of a lease only the last is written, and of several entries with one number. */
function operationsOf({ leases, records }: Databases, outbox: OutboxFile, group: readonly PendingCommit[]): (() => void)[] {
  const last = new Map<Ipv4Address, Lease>();
  const lanes = new Map<string, Entry[]>();
  const trims: (() => void)[] = [];
  const operations: (() => void)[] = [];
  for (const { writes } of group) {
    for (const write of writes) {
      if (write.kind === "lease") last.set(write.lease.address, write.lease);
      else if (write.kind === "outbox") laneOf(lanes, write.lane ?? "").push(write);
      else if (write.kind === "outbox-trim") trims.push(() => outbox.trim(write.lane ?? "", write.upTo));
      else if (write.value === undefined) operations.push(() => void records.remove(write.key));
      else {
        const value = Buffer.from(write.value);
        operations.push(() => void records.put(write.key, value));
      }
    }
  }
  if (last.size > 0) {
    const encoded: Buffer[] = [];
    for (const lease of last.values()) encoded.push(encodeLease(lease));
    operations.push(() => {
      let index = 0;
      for (const address of last.keys()) void leases.put(address, encoded[index++]!);
    });
  }
  for (const [lane, entries] of lanes) for (const operation of outbox.put(lane, entries)) operations.push(operation);
  // what is let go is older than what is stored with it
  return trims.length === 0 ? operations : [...operations, ...trims];
}

function laneOf(lanes: Map<string, Entry[]>, lane: string): Entry[] {
  const known = lanes.get(lane);
  if (known !== undefined) return known;
  const made: Entry[] = [];
  lanes.set(lane, made);
  return made;
}

function readLease({ file, leases }: Databases, address: Ipv4Address): Lease | undefined {
  const record = leases.get(address);
  return record === undefined ? undefined : decoded(file, address, record);
}

function* allLeases({ file, leases }: Databases): Iterable<Lease> {
  for (const { key, value } of leases.getRange({})) yield decoded(file, key as Ipv4Address, value);
}

function decoded(file: string, address: Ipv4Address, record: Buffer): Lease {
  const lease = decodeLease(address, record);
  if (!lease.ok) throw new Bug(`${file}: the record of ${formatIpv4(address)}: ${lease.error}`);
  return lease.value;
}

function loadLeases({ leases }: Databases, table: LeaseTable): void {
  let loaded = 0;
  for (const { key, value } of leases.getRange({})) {
    const fields = scanLease(key as Ipv4Address, value);
    if (!fields.ok) throw new Error(`the record of ${formatIpv4(key as Ipv4Address)} cannot be read: ${fields.error}`);
    table.load(fields.value);
    loaded += 1;
  }
  const { entryCount } = leases.getStats() as { entryCount: number };
  if (loaded !== entryCount) throw new Error(`it should hold ${entryCount} leases, but only ${loaded} can be read`);
  table.loaded();
}

function readRecords({ records }: Databases): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const { key, value } of records.getRange({})) found.set(key, value);
  return found;
}

async function reasonOf(error: unknown): Promise<string> {
  const detail = (error as { commitError?: Promise<unknown> }).commitError;
  if (detail === undefined) return messageOf(error);
  return Promise.resolve(detail).then(() => messageOf(error), messageOf);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function cureOf(error: unknown): string {
  const message = messageOf(error);
  if (/space/i.test(message)) return "Free some space on its disk";
  if (/permission|read-only|EACCES|EROFS/i.test(message)) return "The server must be able to write to it";
  if (/knows only/.test(message)) return "Use the program that wrote it, or a later one";
  return "Move the file away and start again: leases come back from the partner, the ledger, or an imported dhcpd.leases file";
}
