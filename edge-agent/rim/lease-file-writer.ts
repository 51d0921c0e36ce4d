import { type FileHandle, link, open, rename, rm, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Lease } from "../leases/lease.ts";
import { formatDeclaration, formatEndpoint, formatHeader, formatLease, type LeaseFileStyle } from "../leases/lease-file/format.ts";
import { decodeDeclaration, decodeEndpoint } from "../leases/lease-file/types.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import type { EpochSeconds } from "../values/time.ts";

export interface LeaseFileSource {
  /** Every lease, by address. */
  leases(): Iterable<Lease>;
  /** The bytes of all records whose key starts with "failover/", "host/" or "group/". */
  records(): Iterable<Uint8Array>;
  now(): EpochSeconds;
  style(): LeaseFileStyle;
  readonly serverDuid: Uint8Array | undefined;
  /** Called when the file cannot be written, and once it can be again (undefined). */
  trouble(problem: string | undefined): void;
}

/** Changes are gathered for this long before they are appended. */
const GATHER_MILLIS = 50;
/** While so many come in that time, as in a transfer of everything, they are gathered for longer: other work is more urgent. */
const FLOOD = 1000;
const LONGEST_GATHER_MILLIS = 3000;
const RETRY_MILLIS = 10_000;
/** Bytes formatted between two turns of the event loop. */
const CHUNK_BYTES = 65_536;
/** Changes held in memory while the disk is slow or full; beyond, a whole rewrite is owed instead. */
const MAX_PENDING = 50_000;
/** The file is rewritten when it has grown by this factor, and by at least this much. */
const GROWTH_FACTOR = 8;
const MIN_GROWTH_BYTES = 16_000_000;

/**
 * Keeps a dhcpd.leases(5) file behind the store, for the tools that read one. The store is the truth: the file follows in a
 * moment, and a failure to write it stops nobody. Nothing here blocks the event loop for long.
 */
export class LeaseFileWriter {
  readonly #file: string;
  readonly #source: LeaseFileSource;
  readonly #pending = new Map<number | string, Lease | Uint8Array>();
  #handle: FileHandle | undefined;
  /** Changes noticed so far; one of an address that waits already counts too. */
  #noticed = 0;
  #rewriteOwed = true;
  #size = 0;
  #sizeAfterRewrite = 0;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #troubled = false;
  #closed = false;

  constructor(file: string, source: LeaseFileSource) {
    this.#file = file;
    this.#source = source;
  }

  /** Writes the whole file, as dhcpd does at start. Resolves also if that fails; it is tried again later. */
  start(): Promise<void> {
    return this.#work();
  }

  /** Takes notice of what was committed. */
  changed(writes: readonly StoreWrite[]): void {
    if (this.#closed) return;
    this.#noticed += writes.length;
    for (const write of writes) {
      if (write.kind === "lease") {
        this.#pending.set(write.lease.address, write.lease);
      } else if (write.kind === "record" && /^(failover|host|group)\//.test(write.key)) {
        this.#pending.delete(write.key);
        if (write.value === undefined) this.#rewriteOwed = true;
        else this.#pending.set(write.key, write.value);
      }
    }
    if (this.#pending.size > MAX_PENDING) {
      this.#pending.clear();
      this.#rewriteOwed = true;
    }
    if (this.#pending.size > 0 || this.#rewriteOwed) this.#schedule(GATHER_MILLIS);
  }

  /** Writes what is pending at once. Resolves when the file is complete; false if it could not be written. */
  async flush(): Promise<boolean> {
    await this.#work();
    return !this.#troubled;
  }

  /** Flushes and lets go of the file. True if it is complete, and it and its name are on disk. */
  async close(): Promise<boolean> {
    this.#closed = true;
    const complete = await this.flush();
    clearTimeout(this.#timer);
    const onDisk = await isOnDisk(this.#file, this.#handle);
    await this.#letGo();
    return complete && onDisk;
  }

  #schedule(millis: number): void {
    if (this.#timer !== undefined) return;
    const wait = this.#troubled ? Math.max(millis, RETRY_MILLIS) : millis;
    const before = this.#noticed;
    this.#timer = setTimeout(() => this.#workOrGather(before, wait), wait);
    this.#timer.unref();
  }

  #workOrGather(before: number, waited: number): void {
    const noticed = this.#noticed;
    if (noticed - before < FLOOD || waited >= LONGEST_GATHER_MILLIS) {
      void this.#work();
      return;
    }
    this.#timer = setTimeout(() => this.#workOrGather(noticed, waited + GATHER_MILLIS), GATHER_MILLIS);
    this.#timer.unref();
  }

  /** One piece of work at a time, in order. */
  #work(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#working = this.#working.then(() => this.#writeOut());
    return this.#working;
  }

  async #writeOut(): Promise<void> {
    try {
      if (this.#rewriteOwed || this.#hasGrown()) await this.#rewrite();
      if (this.#pending.size > 0) await this.#append();
      if (this.#troubled) this.#source.trouble(undefined);
      this.#troubled = false;
    } catch (error) {
      // A torn block may be at the end of the file, so only a whole one will do.
      this.#rewriteOwed = true;
      if (!this.#troubled) this.#source.trouble(`${this.#file}: ${(error as Error).message}`);
      this.#troubled = true;
      await this.#letGo();
      if (!this.#closed) this.#schedule(RETRY_MILLIS);
    }
  }

  #hasGrown(): boolean {
    return this.#size > this.#sizeAfterRewrite * GROWTH_FACTOR && this.#size - this.#sizeAfterRewrite > MIN_GROWTH_BYTES;
  }

  async #append(): Promise<void> {
    const changes = [...this.#pending.values()];
    this.#pending.clear();
    this.#handle ??= await open(this.#file, "a", 0o644);
    this.#size += await writeBlocks(this.#handle, this.#blocks(changes));
  }

  /** A temporary file takes the file's place; what it was stays as FILE~, as with dhcpd. */
  async #rewrite(): Promise<void> {
    this.#pending.clear();
    this.#rewriteOwed = false;
    const temporary = `${this.#file}.${process.pid}`;
    const handle = await open(temporary, "w", 0o644);
    try {
      this.#size = await writeBlocks(handle, this.#everything());
      await handle.sync();
      await rm(`${this.#file}~`, { force: true });
      await link(this.#file, `${this.#file}~`).catch(() => {});
      await rename(temporary, this.#file);
    } catch (error) {
      await handle.close().catch(() => {});
      await unlink(temporary).catch(() => {});
      throw error;
    }
    await this.#letGo();
    this.#handle = handle;
    this.#sizeAfterRewrite = this.#size;
  }

  *#everything(): Iterable<string> {
    const { serverDuid } = this.#source;
    yield formatHeader(serverDuid, this.#source.style());
    yield* this.#blocks(this.#source.records());
    yield* this.#blocks(this.#source.leases());
  }

  *#blocks(changes: Iterable<Lease | Uint8Array>): Iterable<string> {
    const style = this.#source.style();
    const now = this.#source.now();
    for (const change of changes) {
      if (!(change instanceof Uint8Array)) {
        yield formatLease(change, now, style);
        continue;
      }
      const endpoint = decodeEndpoint(change);
      const declaration = decodeDeclaration(change);
      if (endpoint !== undefined) yield formatEndpoint(endpoint, style);
      else if (declaration !== undefined) yield formatDeclaration(declaration);
    }
  }

  async #letGo(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => {});
  }
}

/** The file's content and its name are on disk. */
async function isOnDisk(file: string, handle: FileHandle | undefined): Promise<boolean> {
  if (handle === undefined) return false;
  try {
    await handle.sync();
    const folder = await open(dirname(file), "r");
    await folder.sync().finally(() => folder.close());
    return true;
  } catch {
    return false;
  }
}

/** Writes the blocks in pieces, letting others run in between; the number of bytes. */
async function writeBlocks(handle: FileHandle, blocks: Iterable<string>): Promise<number> {
  let size = 0;
  let chunk = "";
  const put = async (): Promise<void> => {
    const bytes = Buffer.from(chunk, "latin1");
    chunk = "";
    for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
    size += bytes.length;
  };
  for (const block of blocks) {
    chunk += block;
    if (chunk.length >= CHUNK_BYTES) await put();
  }
  await put();
  return size;
}
