import type { AgentEffect } from "../agent/effect.ts";
import type { AgentEvent } from "../agent/event.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import type { Step } from "../values/step.ts";
import type { MonotonicMillis } from "../values/time.ts";
import type { Clock, Store } from "./ports.ts";

/** What the loop drives: the agent's step, and when it next wants a tick. */
export interface Machine<State> {
  step(state: State, event: AgentEvent, view: LeaseView): Step<State, StoreWrite, AgentEffect>;
  /** When `step` next wants a "tick"; undefined if only input can change anything. */
  nextDeadline(state: State, view: LeaseView): MonotonicMillis | undefined;
  /** `state`, told that writes of earlier steps were undone. */
  undone?(state: State): State;
}

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

export interface LoopLimits {
  /** Events stepped into one commit. */
  readonly batch: number;
  /** Commits in flight before stepping waits. */
  readonly depth: number;
  /** Datagrams waiting; more are dropped and counted. Other events are never dropped. */
  readonly datagrams: number;
}

export const DEFAULT_LIMITS: LoopLimits = { batch: 256, depth: 3, datagrams: 2048 };

/**
 * While the disk refuses, how long events that must not be lost wait for the next try after so many failures in a row, in
 * milliseconds. Each that fails doubles it, up to four seconds: taking up failover anew walks through all leases.
 */
export const retryMillis = (failures: number): number => Math.min(500 * 2 ** Math.min(failures - 1, 10), 4000);
