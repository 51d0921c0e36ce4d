import type { EpochSeconds } from "../values/time.ts";
import type { RecordedState } from "./endpoint/state.ts";

/** A TCP connection with a partner, numbered by the rim; a number is never used twice. */
export type LinkId = number;

/** What can happen to a failover relationship; `peer` is its name. */
export type FailoverEvent =
  | { readonly kind: "failover-link-opened"; readonly peer: string; readonly link: LinkId; readonly direction: "dialled" | "accepted" }
  | { readonly kind: "failover-link-closed"; readonly peer: string; readonly link: LinkId; readonly reason: string }
  /** The connection we asked for did not come about; `local` if no packet left this machine (its own address is missing). */
  | { readonly kind: "failover-dial-failed"; readonly peer: string; readonly reason: string; readonly local: boolean }
  | { readonly kind: "failover-bytes"; readonly peer: string; readonly link: LinkId; readonly bytes: Uint8Array }
  | { readonly kind: "failover-command"; readonly peer: string; readonly command: FailoverCommand };

/** What an operator may order, by control socket, omshell or the ledger's grant. */
export type FailoverCommand =
  /** The partner is down, for certain. `lastAlive`: when it was last known to live; waits count from there instead of from the order. */
  | { readonly verb: "partner-down"; readonly lastAlive?: EpochSeconds }
  /** Forget what we know of being in step: fetch everything from the partner, then serve. */
  | { readonly verb: "recover" }
  /** Tell the partner that we go, so that it serves alone at once. */
  | { readonly verb: "shutdown" }
  /** Tell the partner that we shall be silent for a while. */
  | { readonly verb: "pause" }
  /** Back from PAUSED or SHUTDOWN without a restart. */
  | { readonly verb: "resume" }
  /** Share the free addresses anew, now. */
  | { readonly verb: "rebalance" }
  /** omshell's `set local-state`: that state, as ordered. */
  | { readonly verb: "set-state"; readonly state: RecordedState };
