import type { Checker } from "../checkers/checker.ts";
import { fencedIsSilent } from "../checkers/fenced-is-silent.ts";
import { historyComplete } from "../checkers/history-complete.ts";
import { historyConsistent } from "../checkers/history-consistent.ts";
import { oneSole } from "../checkers/one-sole.ts";
import { outboxBounded } from "../checkers/outbox-bounded.ts";
import { waitsEnd } from "../checkers/waits-end.ts";

/** What must hold beside everything else where there is a ledger. */
export const ledgerCheckers = (): readonly Checker[] => [
  oneSole(),
  fencedIsSilent(),
  outboxBounded(),
  waitsEnd(),
  historyComplete(),
  historyConsistent(),
];
