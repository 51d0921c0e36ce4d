import {
  bootWrite,
  CLAIM_SEQ,
  claimWrites,
  type Entry,
  type Fact,
  type Gap,
  heartbeatWrite,
  MAX_ENTRIES,
  mirrorWrites,
  type Pulse,
  type Sender,
  type Was,
} from "./agent-expressions.ts";
import type { Item } from "./expression.ts";
import { type Srv, SrvItem } from "./items.ts";
import type { Ledger, Refusal, WriteOutcome } from "./ledger.ts";
import { curPartition, type ServerName, srvKey } from "./tables.ts";

/** No answer, or throttled: repeat the very same call after a pause. */
export interface Repeat {
  readonly kind: "repeat";
  readonly cause: string;
}
/** The server's own item is not as the sender believed: its row as it stands says what to become (ledger design §2.3). */
export interface Fenced {
  readonly kind: "fenced";
  readonly server: Srv;
}
/** Reads one server's item (strongly); undefined if the site is not registered. Throws LedgerUnavailable. */
export async function readServer(ledger: Ledger, site: string, server: ServerName): Promise<Srv | undefined> {
  const item = await ledger.get(srvKey(site, server));
  return item === undefined ? undefined : SrvItem.parse(item);
}

/** §2.2. `fenced`: another process was quicker; read again. After `repeat`, read again: the row's `boot` says whether it landed. */
export async function boot(
  ledger: Ledger,
  read: Srv,
  incarnation: string,
  gap?: Gap,
  nameKey?: string,
  was?: Was,
): Promise<{ kind: "booted"; server: Srv } | Fenced | Repeat> {
  const outcome = await ledger.write(bootWrite(read, incarnation, gap, nameKey, was));
  if (outcome.kind === "done") return { kind: "booted", server: SrvItem.parse(outcome.item) };
  return refusedOrRepeat(outcome);
}

/** §2.3. `beating` gives the right to serve from the moment before the call was made. `overtaken`: a later beat is in already. */
export async function heartbeat(
  ledger: Ledger,
  sender: Sender,
  pulse: Pulse,
): Promise<{ kind: "beating"; server: Srv } | { kind: "overtaken" } | Fenced | Repeat> {
  const outcome = await ledger.write(heartbeatWrite(sender, pulse));
  if (outcome.kind === "done") return { kind: "beating", server: SrvItem.parse(outcome.item) };
  const answer = refusedOrRepeat(outcome);
  return answer.kind === "fenced" && isAsBelieved(answer.server, sender) ? { kind: "overtaken" } : answer;
}

/** The longest beginning of `facts` that may go in one transaction: at most `limit`, and no illegal link between two events of one address
 *  (the one condition that is checked is that of the first). */
export function legalPrefix(facts: readonly Fact[], limit = MAX_ENTRIES): readonly Fact[] {
  const last = new Map<string, Fact>();
  for (let index = 0; index < Math.min(facts.length, limit); index++) {
    const fact = facts[index]!;
    const before = last.get(fact.address);
    if (before !== undefined && !mayFollow(before, fact)) return facts.slice(0, index);
    last.set(fact.address, fact);
  }
  return facts.slice(0, limit);
}

/** §2.4: hands in outbox entries after `from`, as many of `facts` as one transaction takes. `upTo` is the new cursor. */
export async function mirror(
  ledger: Ledger,
  sender: Sender,
  from: number,
  facts: readonly Fact[],
  limit = MAX_ENTRIES,
): Promise<{ kind: "mirrored"; upTo: number; entries: readonly Entry[] } | Fenced | Repeat> {
  const batch = legalPrefix(facts, limit);
  const newest = batch.at(-1);
  if (newest === undefined) return { kind: "mirrored", upTo: from, entries: [] };
  const to = newest.seqTo ?? newest.seq;
  let entries: readonly Entry[] = batch.map((fact) => ({ fact, as: "current", history: true }));
  // Each round takes at least one entry off a chain or one row out, so the rounds are bounded by the rows.
  for (let round = 0; round <= 2 * batch.length; round++) {
    const outcome = await ledger.transact(mirrorWrites(sender, from, to, entries));
    if (outcome.kind === "done") return { kind: "mirrored", upTo: to, entries };
    if (outcome.kind !== "refused") return { kind: "repeat", cause: outcome.cause };
    const lead = outcome.reasons[0];
    if (lead?.kind === "condition") {
      const server = SrvItem.parse(lead.item);
      // The cursor has moved on although nobody else may move it: an earlier attempt landed and only its answer was lost.
      return isAsBelieved(server, sender) && server.ack > from
        ? { kind: "mirrored", upTo: server.ack, entries }
        : { kind: "fenced", server };
    }
    entries = reclassify(entries, outcome.reasons);
  }
  return { kind: "repeat", cause: "the batch changed under every attempt" };
}

/** §2.5: one outcome a claim; `taken` carries the row of whoever has the address. Do not offer an address before its outcome is known. */
export async function claim(
  ledger: Ledger,
  sender: Sender,
  claims: readonly Fact[],
  safe: number,
): Promise<{ kind: "settled"; claims: readonly ClaimOutcome[] } | Fenced | Repeat> {
  const settled: (ClaimOutcome | undefined)[] = claims.map(() => undefined);
  for (let round = 0; round <= claims.length; round++) {
    const open = claims.map((fact, index) => ({ fact, index })).filter(({ index }) => settled[index] === undefined);
    if (open.length === 0) break;
    const outcome = await ledger.transact(
      claimWrites(
        sender,
        open.map(({ fact }) => fact),
        safe,
      ),
    );
    if (outcome.kind === "busy" || outcome.kind === "unknown") return { kind: "repeat", cause: outcome.cause };
    if (outcome.kind === "done") {
      for (const { index } of open) settled[index] = { kind: "granted" };
      break;
    }
    const lead = outcome.reasons[0];
    if (lead?.kind === "condition") return { kind: "fenced", server: SrvItem.parse(lead.item) };
    open.forEach(({ index }, place) => {
      const row = outcome.reasons[1 + 2 * place];
      // Its own history row is there: this very claim had landed before, and only the answer was lost.
      if (outcome.reasons[2 + 2 * place]?.kind === "condition") settled[index] = { kind: "granted" };
      else if (row?.kind === "condition") settled[index] = { kind: "taken", holder: row.item ?? {} };
    });
  }
  return { kind: "settled", claims: settled.map((outcome) => outcome ?? { kind: "taken", holder: {} }) };
}
export type ClaimOutcome = { readonly kind: "granted" } | { readonly kind: "taken"; readonly holder: Item };

/** Every current row of the site, strongly consistent, page by page: what a survivor merges after the grant, and a lost disk is restored from. */
export async function* currentRows(ledger: Ledger, site: string): AsyncGenerator<readonly Item[]> {
  let startAfter: Item | undefined;
  do {
    const page = await ledger.query({
      partition: curPartition(site),
      consistent: true,
      ...(startAfter === undefined ? {} : { startAfter }),
    });
    yield page.items;
    startAfter = page.last;
  } while (startAfter !== undefined);
}

/** Number of claim `n` (from 0). */
export const claimSeq = (n: number): number => CLAIM_SEQ + n;

const mayFollow = (before: Fact, next: Fact): boolean =>
  next.ord > before.ord && (next.client === before.client || before.status !== "ACTIVE" || before.expires <= next.ts);

const isAsBelieved = (server: Srv, sender: Sender): boolean =>
  server.ep === sender.epoch && server.mode === sender.mode && server.boot === sender.boot;

function refusedOrRepeat(outcome: Exclude<WriteOutcome, { kind: "done" }>): Fenced | Repeat {
  if (outcome.kind !== "refused") return { kind: "repeat", cause: outcome.cause };
  const reason = outcome.reasons[0];
  if (reason?.kind !== "condition" || reason.item === undefined) return { kind: "repeat", cause: "the server's item is not there" };
  return { kind: "fenced", server: SrvItem.parse(reason.item) };
}

/** The same order as `mirrorWrites`: the lead, one action an address, one a history row. */
function reclassify(entries: readonly Entry[], reasons: readonly Refusal[]): readonly Entry[] {
  const addresses = [...new Set(entries.filter((entry) => entry.as === "current").map((entry) => entry.fact.address))];
  const refused = new Map<string, Item>();
  addresses.forEach((address, index) => {
    const reason = reasons[1 + index];
    if (reason?.kind === "condition") refused.set(address, reason.item ?? {});
  });
  let place = 1 + addresses.length;
  return entries.map((entry) => {
    const there = entry.history && reasons[place++]?.kind === "condition";
    const row = entry.as === "current" ? refused.get(entry.fact.address) : undefined;
    if (row === undefined) return there ? { ...entry, history: false } : entry;
    // Only the chain's first event is judged; the next one is tried again as the first.
    refused.delete(entry.fact.address);
    return { ...entry, ...classify(entry.fact, row), history: entry.history && !there };
  });
}

function classify(fact: Fact, row: Item): Pick<Entry, "as" | "holder"> {
  if (String(row["ord"] ?? "") >= fact.ord) return { as: "late" };
  return fact.status === "ACTIVE" ? { as: "conflict", holder: row } : { as: "contradicted" };
}
