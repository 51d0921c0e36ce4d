import type { AgentEffect } from "../agent/effect.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import type { Clock, Store } from "./ports.ts";

/** Everything the loop needs from outside. */
export interface LoopPorts {
  readonly store: Store;
  readonly clock: Clock;
  /** Runs `task` soon, after input that is waiting was taken in; never at once. */
  defer(task: () => void): void;
  /** Runs `task` once after `millis`. */
  later(millis: number, task: () => void): void;
  /** Carries out one effect; must not throw. */
  perform(effect: AgentEffect): void;
  /** These writes are on disk. */
  committed(writes: readonly StoreWrite[]): void;
  /** All effects of a batch were performed: what was gathered may go out together. */
  flush(): void;
  /** A commit failed for the `failures`th time in a row, or works again (`failures` 0). */
  onCommitTrouble(failures: number, reason: string): void;
  /**
   * An answer to a client that would leave later than so many milliseconds after its question came in is dropped, for the right to give
   * it was looked at then (a machine that stood still, a disk that hung); `dropped` hears of it. Undefined: however late.
   */
  readonly latest?: { readonly millis: number; dropped(count: number): void } | undefined;
  /** Our own fault, from a step: log it and end the process. The loop does nothing more. */
  onBug(error: unknown): void;
}
