import type { CurrentRow, LedgerCall } from "./calls.ts";
import type { SiteState } from "./site-state.ts";

/** What a site's core does after an event. */
export interface SiteStep {
  readonly state: SiteState;
  readonly calls: readonly LedgerCall[];
  readonly happenings: readonly SiteHappening[];
}

/** A step that asks nothing. */
export const only = (state: SiteState, ...happenings: readonly SiteHappening[]): SiteStep => ({ state, calls: [], happenings });

/** What the rest of the agent must hear of; in order. */
export type SiteHappening =
  /** Entries up to `upTo` are in the history: the outbox may drop them. */
  | { readonly kind: "mirrored"; readonly upTo: number }
  /** This server alone may serve the site from `epoch` on: PARTNER-DOWN. */
  | { readonly kind: "granted"; readonly epoch: number }
  /** The partner was chosen: serve nobody, go to RECOVER. */
  | { readonly kind: "fenced"; readonly epoch: number }
  /** The partner served alone and the pair is whole again, all without our knowing: what we remember of the leases is old. */
  | { readonly kind: "passed-over"; readonly epoch: number }
  /** The ledger's cursor stands further back than it did: the table was set back. What it lacks is sent again. */
  | { readonly kind: "set-back"; readonly cursor: number }
  /** The ledger was restored and the site settled: what we were at epoch `from` we are, at `epoch`. */
  | { readonly kind: "continued"; readonly from: number; readonly epoch: number }
  /** The pair is whole again in the ledger. */
  | { readonly kind: "cleared"; readonly epoch: number }
  /** Another process with our name runs elsewhere: this one stops serving for good. */
  | { readonly kind: "replaced" }
  | { readonly kind: "claimed"; readonly address: number; readonly client: string; readonly granted: boolean }
  | { readonly kind: "caught-up"; readonly rows: readonly CurrentRow[] }
  /** What the ledger has, which lacks what it was told longer ago than the outbox keeps. */
  | { readonly kind: "compared"; readonly rows: readonly CurrentRow[] }
  | {
      readonly kind: "answered";
      readonly op: "ask-partner-down" | "ask-clear" | "tell-word";
      readonly ok: boolean;
      readonly detail: string;
      readonly heard: boolean;
      /** It carried a person's word. */
      readonly forced: boolean;
      /** The word that it carried was given then, without the ledger. */
      readonly told: number | undefined;
    }
  /** The standing to keep on disk, before anything that depends on it leaves. */
  | { readonly kind: "remember" }
  | { readonly kind: "log"; readonly text: string; readonly level: "info" | "warn" | "error" };
