import { describe, type Entry } from "../history.ts";
import type { HistoryChecker } from "./checker.ts";
import { databasesAreRight } from "./databases-equal.ts";
import { firstLeaseIsShort } from "./first-lease.ts";
import { noAddressHasTwoHolders } from "./holders.ts";
import { ledgerTellsWhatClientsSaw } from "./ledger-history.ts";
import { demandsAreMet, serversLive, tortureWorks, wireIsClean } from "./servers-live.ts";
import { oneServesAlone, silentStatesAreSilent } from "./silent-states.ts";

/** What must hold of a run does not. */
export interface Violation {
  readonly at: number;
  readonly checker: string;
  readonly complaint: string;
}

export const allCheckers = (): readonly HistoryChecker[] => [
  noAddressHasTwoHolders(),
  silentStatesAreSilent(),
  oneServesAlone(),
  firstLeaseIsShort(),
  serversLive(),
  tortureWorks(),
  demandsAreMet(),
  wireIsClean(),
  databasesAreRight(),
  ledgerTellsWhatClientsSaw(),
];

/** Asks every checker about one more entry. */
export const judge = (checkers: readonly HistoryChecker[], entry: Entry): Violation[] =>
  checkers.flatMap((checker) => {
    const complaint = checker.take(entry);
    return complaint === undefined ? [] : [{ at: entry.at, checker: checker.name, complaint }];
  });

/** Checks a whole history again. One that was not finished is a violation by itself. */
export function judgeAll(entries: readonly Entry[]): Violation[] {
  const checkers = allCheckers();
  const found = entries.flatMap((entry) => judge(checkers, entry));
  if (!entries.some(({ kind }) => kind === "done"))
    found.push({ at: entries.at(-1)?.at ?? 0, checker: "the run ends", complaint: "this history is cut off" });
  return found;
}

const RELEVANT_LINES = 60;

/** The lines of a history that bear on a violation: those that name its addresses or clients, and what happened to the servers. */
export function relevantLines(entries: readonly Entry[], violation: Violation): string[] {
  const words =
    violation.complaint.match(/10\.77\.1\.\d+|10\.77\.[2-9]\.\d+|client-\d+|(?:dhclient|udhcpc)-\d+|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g) ?? [];
  const isRelevant = (entry: Entry): boolean => {
    if (entry.kind === "fault" || entry.kind === "started" || entry.kind === "ended") return true;
    if (entry.kind === "log" && /(I move|peer moves) from/.test(entry.text)) return true;
    if (entry.kind === "database" || entry.kind === "ledger" || entry.kind === "run") return false;
    const text = JSON.stringify(entry);
    return words.some((word) => new RegExp(`${word.replaceAll(".", "\\.")}(?![0-9])`).test(text));
  };
  return entries
    .filter((entry) => entry.at <= violation.at && isRelevant(entry))
    .slice(-RELEVANT_LINES)
    .map(describe);
}
