import { CurItem, type Hist, HistItem, SrvItem } from "../../../cloud/contract/items.ts";
import { addressText, confKey, srvKey } from "../../../cloud/contract/tables.ts";
import { SITE } from "../ledger/cloud.ts";
import type { Checker, Scene } from "./checker.ts";

/** Claims are numbered from here on. */
export const FIRST_CLAIM = 1_000_000_000;

/** The ledger is of one mind: each outbox entry once, no address held by two at one time, current rows that are the last ones, no loser without its conflict. */
export function historyConsistent(): Checker {
  let isRestored = false;
  return {
    name: "the ledger's history is of one mind",
    ledgerRestored() {
      isRestored = true;
      return undefined;
    },
    atEnd(scene) {
      const { rows, current } = tableOf(scene);
      const byAddress = Map.groupBy(rows, ({ a }) => a);
      for (const server of ["A", "B"] as const) {
        const wrong = numbersOf(scene, server, rows, isRestored);
        if (wrong !== undefined) return wrong;
      }
      for (const [address, all] of byAddress) {
        const wrong = holdersOf(scene, all) ?? lastOf(all, current.get(address));
        if (wrong !== undefined) return `${addressText(address)}: ${wrong}`;
      }
      return undefined;
    },
  };
}

/** All history rows and, by address, the current ones. */
export function tableOf({ ledger }: Scene): {
  readonly rows: readonly Hist[];
  readonly current: ReadonlyMap<string, ReturnType<typeof CurItem.parse>>;
} {
  const rows: Hist[] = [];
  const current = new Map<string, ReturnType<typeof CurItem.parse>>();
  for (const item of ledger?.cloud.table.rows() ?? []) {
    if (item["t"] === "H") rows.push(HistItem.parse(item));
    else if (item["pk"] === `S#${SITE}#L`) current.set(String(item["a"]), CurItem.parse(item));
  }
  return { rows, current };
}

/** Entries 1 to the cursor, each exactly once; but for what was lost with a ledger and a disk, which is on record as a gap. */
function numbersOf({ ledger }: Scene, server: "A" | "B", rows: readonly Hist[], isRestored: boolean): string | undefined {
  const row = SrvItem.parse(ledger?.cloud.row(srvKey(SITE, server)));
  const { ack } = row;
  const numbers = rows.filter(({ srv, seq }) => srv === server && seq < FIRST_CLAIM).map(({ seq }) => seq);
  if (new Set(numbers).size !== numbers.length) return `an entry of ${server} is in the history twice`;
  const past = numbers.find((seq) => seq > ack);
  if (past !== undefined) return `entry ${past} of ${server} is in the history, though its cursor stands at ${ack}`;
  const hasLost = isRestored && row.gaps.length > 0;
  return numbers.length === ack || (hasLost && numbers.length < ack)
    ? undefined
    : `of ${ack} entries of ${server} ${numbers.length} are in the history`;
}

/** Of what counts, in order: nobody gets what somebody else has. What does not count for that has its conflict. */
function holdersOf({ ledger }: Scene, all: readonly Hist[]): string | undefined {
  let before: Hist | undefined;
  for (const row of counted(all)) {
    const holds = before !== undefined && before.st === "ACTIVE" && before.cid !== row.cid && before.exp > row.ts;
    if (before !== undefined && holds && row.st === "ACTIVE" && row.claim === undefined)
      return `${row.cid} gets what ${before.cid} has until ${before.exp}`;
    before = row;
  }
  const lost = all.find(
    ({ cf, st, ts, a, srv, seq }) => cf === 1 && st === "ACTIVE" && ledger?.cloud.row(confKey(SITE, a, ts, srv, seq)) === undefined,
  );
  return lost === undefined ? undefined : `${lost.cid} lost it without a conflict on record`;
}

function lastOf(
  all: readonly Hist[],
  current: { readonly ord: string; readonly cid: string; readonly st: string } | undefined,
): string | undefined {
  const last = counted(all).at(-1);
  if (last === undefined || current === undefined) return last === undefined ? undefined : "has a history and no row";
  const same = current.cid === last.cid && current.st === last.st;
  return same ? undefined : `its row says ${current.st} ${current.cid}, the last event ${last.st} ${last.cid}`;
}

/** Rows that were true when they came, in the ledger's order. */
export const counted = (all: readonly Hist[]): readonly Hist[] =>
  all.filter(({ late, cf }) => late === undefined && cf === undefined).sort((left, right) => (left.ord < right.ord ? -1 : 1));
