import type { ColdStart } from "../ledger/serving-lease.ts";

/** How one failover relationship takes part in the ledger, as configured. */
export interface LedgerSetting {
  /** Name of the failover relationship; also the outbox lane. */
  readonly relationship: string;
  readonly site: string;
  readonly server: "A" | "B";
  /** Length of the serving lease, milliseconds. */
  readonly autonomyMillis: number;
  readonly coldStart: ColdStart;
  /** Write units a second that the site's mirrors take together, 0 for no limit; {@link WRITE_BUDGET} unless told. */
  readonly writeBudget?: number;
  /** The partner is no Tandem agent. Found out by itself too, once the partner has said what it is. */
  readonly foreign: boolean;
}
