import type { Role } from "../../support/failover-config.ts";
import type { Entry, LedgerRow } from "../history.ts";
import type { Plan } from "../plan.ts";
import { type HistoryChecker, serverAt, slackOf } from "./checker.ts";

type Bound = Extract<Entry, { kind: "bound" }>;
/** Nothing that a server has acknowledged so long ago is still to be mirrored when the ledger is in reach. */
const MIRRORED_WITHIN = 20_000;

/** The ledger's history equals what clients saw: complete, in order, without conflict. */
export function ledgerTellsWhatClientsSaw(): HistoryChecker {
  const seen: Bound[] = [];
  const losses: { readonly who: Role; readonly from: number; readonly to: number }[] = [];
  const jumps: Jump[] = [];
  const outages: { readonly from: number; readonly to: number }[] = [];
  let plan: Plan | undefined;
  let begun = 0;
  return {
    name: "the ledger's history equals what clients saw",
    take(entry) {
      if (entry.kind === "run") {
        ({ plan, begun } = entry);
      }
      if (entry.kind === "bound") seen.push(entry);
      if (entry.kind === "fault" && entry.who === "ledger") {
        const seconds = Number(/for (\S+) s$/.exec(entry.text)?.[1] ?? 0);
        outages.push({ from: entry.at, to: entry.at + seconds * 1000 });
      }
      if (entry.kind === "fault") jumps.push(...jumpOf(entry.who, entry.at, entry.text));
      if (entry.kind === "disk-lost") losses.push({ who: entry.who, from: mirroredBefore(entry.at, outages), to: entry.at });
      if (entry.kind !== "ledger" || plan === undefined) return undefined;
      const slack = slackOf(plan);
      const jumpsOf = ({ server, at }: Bound): readonly Jump[] => jumps.filter(({ who, from }) => who === serverAt(server) && from <= at);
      const isLost = (bound: Bound): boolean =>
        losses.some(({ who, from, to }) => who === serverAt(bound.server) && bound.at >= from && bound.at <= to);
      if (entry.conflicts > 0 && !plan.rash) return `the ledger has ${entry.conflicts} conflicts`;
      const wrong = wrongRows(entry.rows, losses.length > 0);
      if (wrong !== undefined) return wrong;
      const missing = seen.find((bound) => !isLost(bound) && !entry.rows.some((row) => tells(row, bound, begun, slack, jumpsOf(bound))));
      if (missing === undefined) return undefined;
      const { client, address, at, until } = missing;
      return `no row of the history tells that ${client} (${missing.hardware}) got ${address} at ${at} ms until ${until} ms by ${missing.server}`;
    },
  };
}

/** A wall clock that was set `millis` beside the true time at `from`, until `to`. */
interface Jump {
  readonly who: string;
  readonly from: number;
  readonly to: number;
  readonly millis: number;
}

/** Until the answers that were under way have arrived, too. */
function jumpOf(who: string, at: number, text: string): readonly Jump[] {
  const [, target, seconds] = /wall clock is set to (\S+) s beside the true time for (\S+) s$/.exec(text) ?? [];
  if (target === undefined || seconds === undefined) return [];
  return [{ who, from: at, to: at + Number(seconds) * 1000 + MIRRORED_WITHIN, millis: Number(target) * 1000 }];
}

/** Everything older had been handed in at `at`; what was not goes with the disk. */
function mirroredBefore(at: number, outages: readonly { readonly from: number; readonly to: number }[]): number {
  return [...outages].reverse().reduce((since, { from, to }) => (to >= since ? Math.min(from, since) : since), at - MIRRORED_WITHIN);
}

function tells(row: LedgerRow, bound: Bound, begun: number, slack: number, jumps: readonly Jump[]): boolean {
  if (row.address !== bound.address || row.status !== "ACTIVE" || !row.client.endsWith(bound.hardware.replaceAll(":", ""))) return false;
  // told by its server's clock as it went then; what was told after a jump ahead never comes before what was told in it
  const during = jumps.filter(({ to }) => bound.at <= to).map(({ millis }) => Math.abs(millis));
  const after = jumps.filter(({ to, millis }) => bound.at <= to + millis).map(({ millis }) => millis);
  const [early, late] = [Math.max(slack, ...during.map((millis) => millis + slack)), Math.max(0, ...after)];
  // An ACK that only repeats the end that was told before changes nothing, and has no row of its own
  return row.ts - Math.max(early, slack + late) <= begun + bound.at && row.expires >= begun + bound.until - early;
}

/** What no history may show: two rows with one number, a gap, a conflict. */
function wrongRows(rows: readonly LedgerRow[], lost: boolean): string | undefined {
  // One that ends a lease which its sender did not hold is marked too: the partner's own row of that end came later
  const conflict = rows.find((row) => row.conflict && row.status === "ACTIVE");
  if (conflict !== undefined) return `a row of ${conflict.address} contradicts its holder: ${JSON.stringify(conflict)}`;
  for (const server of ["primary", "secondary"] as const) {
    const numbers = rows
      .filter((row) => row.server === server && !row.claim)
      .map(({ seq }) => seq)
      .sort((one, two) => one - two);
    const gap = numbers.findIndex((seq, index) => seq !== index + 1);
    if (gap >= 0 && !lost) return `the rows of ${server} number ${numbers[gap - 1] ?? 0}, then ${numbers[gap]}`;
  }
  return undefined;
}
