import type { AgentEffect } from "../agent/effect.ts";
import type { AgentEvent } from "../agent/event.ts";
import type { StoreWrite } from "../leases/store-write.ts";

/** Events that were stepped together, and what came of them. */
export interface Batch<State> {
  readonly events: readonly AgentEvent[];
  /** The state before its first event. */
  readonly before: State;
  readonly writes: readonly StoreWrite[];
  readonly effects: readonly AgentEffect[];
  committed: boolean;
}

/** Must effects wait until this is on disk? */
export const isAwaited = (write: StoreWrite): boolean => write.kind !== "lease" || write.lazy !== true;
