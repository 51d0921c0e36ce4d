import type { Lease } from "./lease.ts";

/** All that can be stored. One event's writes are committed in one transaction, or not at all. */
export type StoreWrite =
  /**
   * `lazy`: losing it in a crash costs a repetition and nothing else, so nobody waits for it. It goes to disk with the next
   * write, or by itself a moment later; writes after it are never on disk without it.
   */
  | { readonly kind: "lease"; readonly lease: Lease; readonly lazy?: boolean }
  /** A small record by key: endpoint states, the ledger's cursor, the highest epoch seen. `undefined` deletes. */
  | { readonly kind: "record"; readonly key: string; readonly value: Uint8Array | undefined }
  /** Appends to the ledger's outbox, in the lane of one site; `seq` only ever grows, and one that is there is replaced. */
  | { readonly kind: "outbox"; readonly lane?: string; readonly seq: number; readonly value: Uint8Array }
  /** Drops outbox entries of a lane up to and including `upTo`. */
  | { readonly kind: "outbox-trim"; readonly lane?: string; readonly upTo: number };
