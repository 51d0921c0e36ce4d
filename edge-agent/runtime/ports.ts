import type { LeaseView, PoolLayout } from "../leases/lease-view.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import type { Instant, MonotonicMillis } from "../values/time.ts";

/** Durable storage. `apply` is seen by `view` at once; what `commit` resolved survives a power cut. */
export interface Store {
  readonly view: LeaseView;
  /** Small records by key, as last applied. */
  record(key: string): Uint8Array | undefined;
  /** Outbox entries of a lane after `seq`, oldest first, at most `limit`. */
  outbox(after: number, limit: number, lane?: string): readonly { readonly seq: number; readonly value: Uint8Array }[];
  apply(writes: readonly StoreWrite[]): void;
  /**
   * Makes everything applied so far durable. Rejects with {@link CommitFailed}; the view is then back at the last durable
   * state, and what was applied meanwhile is gone too: the commit that would have covered it also rejects.
   */
  commit(): Promise<void>;
  /** Tells which addresses belong to which pool; on start and after each reload. Addresses outside all pools stay stored. */
  layout(pools: readonly PoolLayout[]): void;
  close(): Promise<void>;
}

/** A commit that did not reach the disk: full, failing, or gone. Nothing of it was promised to anybody. */
export class CommitFailed extends Error {
  override readonly name = "CommitFailed";
}

export interface Clock {
  instant(): Instant;
  /** Calls `wake` once at or soon after `at`; a later call replaces the earlier. */
  arm(at: MonotonicMillis | undefined, wake: () => void): void;
}

/** A seeded or real source of chance. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
}
