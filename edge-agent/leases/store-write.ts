import type { Lease } from "./lease.ts";

/** All that can be stored. One event's writes are committed in one transaction, or not at all. */
export type StoreWrite =
  | { readonly kind: "lease"; readonly lease: Lease }
  /** A small record by key: endpoint states, the ledger's cursor, the highest epoch seen. `undefined` deletes. */
  | { readonly kind: "record"; readonly key: string; readonly value: Uint8Array | undefined }
  /** Appends to the ledger's outbox; `seq` only ever grows. */
  | { readonly kind: "outbox"; readonly seq: number; readonly value: Uint8Array }
  /** Drops outbox entries up to and including `upTo`. */
  | { readonly kind: "outbox-trim"; readonly upTo: number };
