import type { Ipv4Address } from "../values/ipv4.ts";
import type { MonotonicMillis } from "../values/time.ts";
import type { BindingEvent } from "./binding-event.ts";
import type { ClockStep } from "./clock-steps.ts";
import type { Mode } from "./serving-lease.ts";
import type { PublishedEvidence } from "./witness.ts";

/** What this server believes of itself; every write is refused once any of it is no longer so. */
export interface Standing {
  readonly epoch: number;
  readonly mode: Mode;
  readonly boot: string;
}

/** A server's row, as far as an agent uses it. */
export interface ServerRow extends Omit<Standing, "mode"> {
  /** RESTORED: the table was set back, and nobody's right comes of the row until the site is settled. */
  readonly mode: Mode | "RESTORED";
  /** The epoch of the lost ledger that a settled row goes on with. */
  readonly continues?: number;
  readonly heartbeat: number;
  /** Outbox cursor: entries up to it are in the history. */
  readonly ack: number;
  /** Length of the serving lease that server uses; 0 = given up by a clean stop. */
  readonly leaseMillis: number;
  /** Times of which the history is not sure by this server's clock. */
  readonly clockSteps: readonly ClockStep[];
}

/** What a server was in a ledger that was lost, and how long at most a right to serve that it gave may still run. */
export interface FormerStanding extends Omit<Standing, "boot"> {
  readonly leaseMillis: number;
}

/** An outbox entry on its way. */
export interface OutboxEntry {
  readonly seq: number;
  readonly event: BindingEvent;
}

/** What a site's core asks of the ledger; the answer comes as an event with the same `op`. One of each `lane` at a time. */
export type LedgerCall =
  | { readonly op: "read-self" }
  /** `lost`: this store has not counted what is in the history of this server; what else was in the former one is gone. `was`: what this
   *  server was, for a ledger that was restored. `keptFrom`: of what happened between the ledger's cursor and then the outbox has nothing
   *  any more; milliseconds since 1970. */
  | {
      readonly op: "boot";
      readonly read: ServerRow;
      readonly boot: string;
      readonly lost: boolean;
      readonly was: FormerStanding;
      readonly keptFrom?: number | undefined;
    }
  | {
      readonly op: "heartbeat";
      readonly standing: Standing;
      readonly beat: number;
      readonly leaseMillis: number;
      readonly evidence: PublishedEvidence;
      readonly failoverState: string;
      readonly queued: number;
      readonly oldestQueuedAt: number;
      readonly clockSteps: readonly ClockStep[];
    }
  | { readonly op: "read-partner" }
  | {
      readonly op: "mirror";
      readonly standing: Standing;
      readonly from: number;
      readonly entries: readonly OutboxEntry[];
      readonly limit: number;
    }
  | { readonly op: "claim"; readonly standing: Standing; readonly claims: readonly OutboxEntry[]; readonly safeMillis: number }
  /** Every current row of the site: what the partner had mirrored but never told us. */
  | { readonly op: "catch-up" }
  | { readonly op: "ask-partner-down"; readonly epoch: number; readonly force: Word | undefined }
  | { readonly op: "ask-clear"; readonly epoch: number }
  /** The word of an operator whose act is over: to be put on record. */
  | { readonly op: "tell-word"; readonly word: Required<Word> };

/** An operator's word that the partner is off. */
export interface Word {
  readonly reason: string;
  /** When it was given and acted upon without the ledger, milliseconds since 1970 by this server's wall clock; names the word. */
  readonly actedAt?: number;
}

/** No answer, throttled or refused credentials: the call may be repeated as it is. */
export interface Unanswered {
  readonly outcome: "unanswered";
  readonly reason: string;
}

/** Our own row is not as we believed; as it stands. */
export interface Fenced {
  readonly outcome: "fenced";
  readonly row: ServerRow;
}

/** A current row of the ledger, as catch-up reads it. */
export interface CurrentRow {
  readonly address: Ipv4Address;
  readonly status: string;
  readonly client: string;
  readonly startsMillis: number;
  readonly expiresMillis: number;
  readonly potentialMillis: number;
  readonly hostname: string | undefined;
  readonly reserved: boolean;
  /** Which server of the site wrote it. */
  readonly server: string;
}

/** All current rows, and by what right we are alone. */
export interface CaughtUp {
  readonly outcome: "read";
  readonly rows: readonly CurrentRow[];
  readonly basis: "lapsed" | "attested";
  /** MCLT as the site was registered with it. */
  readonly mcltMillis: number;
}

export type LedgerAnswer = { readonly begunAt: MonotonicMillis; readonly endedAt: MonotonicMillis } & (
  | { readonly op: "read-self"; readonly result: { readonly outcome: "read"; readonly row: ServerRow | undefined } | Unanswered }
  | { readonly op: "boot"; readonly result: { readonly outcome: "booted"; readonly row: ServerRow } | Fenced | Unanswered }
  | {
      readonly op: "heartbeat";
      readonly result: { readonly outcome: "beating"; readonly row: ServerRow } | { readonly outcome: "overtaken" } | Fenced | Unanswered;
    }
  | { readonly op: "read-partner"; readonly result: { readonly outcome: "read"; readonly row: ServerRow | undefined } | Unanswered }
  | {
      readonly op: "mirror";
      readonly result: { readonly outcome: "mirrored"; readonly upTo: number; readonly conflicts: number } | Fenced | Unanswered;
    }
  | { readonly op: "claim"; readonly result: { readonly outcome: "settled"; readonly granted: readonly boolean[] } | Fenced | Unanswered }
  | { readonly op: "catch-up"; readonly result: CaughtUp | Unanswered }
  | {
      readonly op: "ask-partner-down" | "ask-clear" | "tell-word";
      readonly result:
        | { readonly outcome: "done" }
        | { readonly outcome: "refused"; readonly code: string; readonly detail: string }
        | Unanswered;
    }
);
