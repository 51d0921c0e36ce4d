import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { type Database, open, type RootDatabase } from "lmdb";

/** Layout of the databases; a file with a later one is refused. Format 1 had no `packs`: a program that knows only that would lose them. */
const FORMAT = 2;
/** Address space reserved for the file; it grows beyond if it must. Takes neither memory nor disk. */
const MAP_SIZE = 2 ** 30;

/** More than the lock file and the first pages of an empty store. */
const PROBE_BYTES = 131_072;
const LMDB_MAGIC = 0xbeefc0de;
const LMDB_VERSION = 2;

export type OutboxKey = number | [lane: string, seq: number];

/** The databases of one LMDB file. */
export interface Databases {
  readonly file: string;
  readonly root: RootDatabase<Buffer, string>;
  readonly leases: Database<Buffer, number>;
  readonly records: Database<Buffer, string>;
  /** Keyed by number, or by lane and number. */
  readonly outbox: Database<Buffer, OutboxKey>;
  /** Several entries in a record, keyed by the last of them (see lmdb-outbox.ts). */
  readonly packs: Database<Buffer, OutboxKey>;
}

/** Opens or makes `file`. Throws an Error that says what is wrong with it, for a person. */
export function openDatabases(file: string): Databases {
  probeSpace(file);
  inspect(file);
  const root = open<Buffer, string>({
    path: file,
    noSubdir: true,
    encoding: "binary",
    maxDbs: 8,
    mapSize: MAP_SIZE,
    // A resolved commit is on the disk.
    overlappingSync: false,
    // Each of our transactions is explicit. Batching by turn adds a promise nobody holds, whose rejection would end the process.
    eventTurnBatching: false,
  });
  try {
    return databasesOf(file, root);
  } catch (error) {
    void root.close();
    throw error;
  }
}

/** Throws if the disk is full: LMDB maps its lock file, and touching a page that cannot be allocated is fatal. */
function probeSpace(file: string): void {
  const probe = `${file}-probe`;
  try {
    writeFileSync(probe, Buffer.alloc(PROBE_BYTES));
  } finally {
    rmSync(probe, { force: true });
  }
}

function databasesOf(file: string, root: RootDatabase<Buffer, string>): Databases {
  const meta = root.openDB<Buffer, string>({ name: "meta", encoding: "binary" });
  const format = meta.get("format");
  if (format !== undefined && !(format[0]! >= 1 && format[0]! <= FORMAT))
    throw new Error(`it has format ${format[0]}, and this program knows only formats up to ${FORMAT}`);
  if (format?.[0] !== FORMAT) meta.putSync("format", Buffer.of(FORMAT));
  return {
    file,
    root,
    leases: root.openDB<Buffer, number>({ name: "leases", encoding: "binary", keyEncoding: "uint32" }),
    records: root.openDB<Buffer, string>({ name: "records", encoding: "binary" }),
    outbox: root.openDB<Buffer, OutboxKey>({ name: "outbox", encoding: "binary" }),
    packs: root.openDB<Buffer, OutboxKey>({ name: "packs", encoding: "binary" }),
  };
}

/**
 * Looks at a file before LMDB does, which kills the process over a bad one: refuses what is no LMDB file, and makes a file
 * that was cut short as long as it says it is. Reading a memory map beyond the end of its file is fatal; reading zeros is
 * an error that can be reported.
 */
function inspect(file: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    const { size } = fstatSync(descriptor);
    if (size === 0) return;
    const first = readMeta(descriptor, 0);
    const second = first && readMeta(descriptor, first.pageSize);
    if (first === undefined || second === undefined)
      throw new Error("it is not an LMDB data file of this version, or its first pages are damaged");
    const wanted = first.pageSize * (Math.max(first.lastPage, second.lastPage) + 1);
    if (wanted > size && wanted < 2 ** 45) ftruncateSync(descriptor, wanted);
  } finally {
    closeSync(descriptor);
  }
}

/** The fields we need of an LMDB meta page (struct MDB_meta after a page header of 24 bytes). */
function readMeta(descriptor: number, offset: number): { readonly pageSize: number; readonly lastPage: number } | undefined {
  const page = Buffer.alloc(160);
  if (readSync(descriptor, page, 0, page.length, offset) < page.length) return undefined;
  const pageSize = page.readUInt32LE(48);
  if (page.readUInt32LE(24) !== LMDB_MAGIC || page.readUInt16LE(28) !== LMDB_VERSION || pageSize < 512 || pageSize > 65536)
    return undefined;
  return { pageSize, lastPage: Number(page.readBigUInt64LE(144)) };
}
