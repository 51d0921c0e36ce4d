import type { Checker } from "../checkers/checker.ts";
import { claimsComeFirst } from "../checkers/claims-come-first.ts";
import { fencedIsSilent } from "../checkers/fenced-is-silent.ts";
import { historyComplete } from "../checkers/history-complete.ts";
import { historyConsistent } from "../checkers/history-consistent.ts";
import { oneSole } from "../checkers/one-sole.ts";
import { outboxBounded } from "../checkers/outbox-bounded.ts";
import { waitsEnd } from "../checkers/waits-end.ts";
import type { LedgerOperators } from "./swarm.ts";

/**
 * What must hold beside everything else where there is a ledger. A lie can silence nobody who is not asked: where a person takes over
 * from a server that lives and cannot hear of it, that server goes on.
 */
export const ledgerCheckers = (operators: LedgerOperators): readonly Checker[] => [
  oneSole(),
  ...(operators === "lying" ? [] : [fencedIsSilent()]),
  outboxBounded(),
  waitsEnd(),
  claimsComeFirst(),
  historyComplete(),
  historyConsistent(),
];
