import type { AgentConfig } from "../config/agent-config.ts";
import type { RecordedDeclaration } from "../leases/lease-file/types.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { Hmac } from "../omapi/authenticate.ts";
import { Billing } from "../server/billing.ts";
import { createServerState, type ServerOptions, type ServerState } from "../server/state.ts";
import type { Instant } from "../values/time.ts";
import { createFailover, type Failover, recoverFailover } from "./failover.ts";
import { createLedger, forgetEntries, type LedgerPorts, type LedgerState } from "./ledger.ts";
import { NamesAtWork } from "./names.ts";
import { createOmapi, type Omapi } from "./omapi.ts";

/**
 * All that an agent remembers, apart from what is stored. The tables within `server` are mutable and consumed linearly: after
 * a step only the state that it returned may be stepped again, or an earlier one after its writes were undone. Then
 * `sequence` is behind that of `progress`, and {@link recovered} counts anew what followed the undone writes.
 */
export interface AgentState {
  readonly server: ServerState;
  readonly failover: Failover;
  readonly omapi: Omapi;
  /** Immutable but for what renewals are merged into: undone writes leave no trace in it. */
  readonly ledger: LedgerState;
  /** DNS updates under way; mutable and consumed linearly, as the tables of `server`. */
  readonly names: NamesAtWork;
  readonly expiry: ExpirySchedule;
  /** How many steps led here. */
  readonly sequence: number;
  /** Shared by all states of this agent: the highest sequence that was reached. */
  readonly progress: { reached: number };
  /** When the last step was; turns times of leases into times of timers. */
  readonly at: Instant | undefined;
}

export interface ExpirySchedule {
  /** Leases that were due at the last tick and not ours to end. */
  readonly held: number;
  /** While leases are held: when to look again. */
  readonly nextLook: Instant["now"] | undefined;
}

/** What OMAPI needs beside the configuration. */
export interface AgentExtras {
  /** Without it, signed OMAPI requests are refused. */
  readonly hmac: Hmac | undefined;
  /** Hosts and groups that were made over OMAPI. */
  readonly declarations: readonly RecordedDeclaration[];
  /** Undefined: no ledger, failover's own rules alone. */
  readonly ledger?: LedgerPorts;
}

const NO_EXTRAS: AgentExtras = { hmac: undefined, declarations: [] };

/**
 * The state of an agent that just started: no offers, no connections. `record` gives a small record of the store; the
 * partners' states come from there with the first event.
 */
export function createAgentState(
  config: AgentConfig,
  options: ServerOptions,
  view: LeaseView,
  record: (key: string) => Uint8Array | undefined = () => undefined,
  extras: AgentExtras = NO_EXTRAS,
): AgentState {
  return {
    server: createServerState(config, options, view),
    failover: createFailover(config, record),
    ledger: createLedger(extras.ledger),
    names: new NamesAtWork(),
    omapi: createOmapi(extras.hmac, extras.declarations),
    expiry: { held: 0, nextLook: undefined },
    sequence: 0,
    progress: { reached: 0 },
    at: undefined,
  };
}

/** Were writes of later steps undone, and has no step been made since? */
export const isUndone = ({ sequence, progress }: AgentState): boolean => sequence !== progress.reached;

/** The state as it must be after its successors were undone: nothing is counted or read ahead that is not in the leases. */
export function recovered(state: AgentState, view: LeaseView): AgentState {
  if (!isUndone(state)) return state;
  state.progress.reached = state.sequence;
  state.server.candidates.clear();
  forgetEntries(state.ledger);
  recoverFailover(state.failover);
  return { ...state, server: { ...state.server, billing: Billing.of(state.server.config, view) } };
}

/** The state once writes of earlier steps were undone: its next step begins with {@link recovered}. */
export const undone = (state: AgentState): AgentState => ({ ...state, sequence: state.sequence - 1 });
