import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { StoreWrite } from "../leases/store-write.ts";

/** The store's note that a lease file was taken over once; its value is the server's DUID as the file had it. */
export const IMPORTED = "lease-file";

/**
 * The store's note of what was in the lease file (SHA-256) when the server ended in good order and the file was on disk. It is gone
 * while the server runs: after a crash the file may lag behind, and nothing is concluded from it.
 */
export const LEFT = "lease-file-left";

/** To be stored as the last thing, when the file is complete and on disk. */
export const noteOfLeaseFile = (path: string): StoreWrite => ({ kind: "record", key: LEFT, value: digestOf(readFileSync(path)) });

/** To be stored before the file is written to. */
export const NO_NOTE: StoreWrite = { kind: "record", key: LEFT, value: undefined };

export const digestOf = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
