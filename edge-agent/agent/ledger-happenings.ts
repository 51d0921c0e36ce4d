import { commandRefusal } from "../failover/command.ts";
import type { FailoverCommand } from "../failover/event.ts";
import { nameOf, type Relationship } from "../failover/relationship.ts";
import type { Turn } from "../failover/turn.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { CurrentRow, Word } from "../ledger/calls.ts";
import { laterBy } from "../ledger/lengths.ts";
import { acknowledged, alignedWith } from "../ledger/outbox.ts";
import { withWish } from "../ledger/site-state.ts";
import type { SiteHappening } from "../ledger/site-step.ts";
import type { Exchange } from "../server/exchange.ts";
import { ipv4 } from "../values/ipv4.ts";
import { failoverEvent } from "./failover.ts";
import { epochOf, NO_CLAIMS, type SiteAgent, type Waiter, wordToTell } from "./ledger.ts";
import type { SiteBoard } from "./ledger-board.ts";
import { mergeRows, pendingIn } from "./ledger-catch-up.ts";
import { claimSettled } from "./ledger-claims.ts";
import { lackingInLedger } from "./ledger-compare.ts";
import { lapsedEvent, recordEvents } from "./ledger-outbox.ts";
import { replyTo } from "./ledger-report.ts";

/** Words of operators that are kept until the ledger has them; beyond it the newest takes the place of the one before. */
const MOST_WORDS = 50;
/** After a word that the control plane would not take. */
const TELL_MILLIS = 600_000;
/** How often the control plane is asked of our own accord. */
export const ASK_MILLIS = 10_000;
const RECOVERING: ReadonlySet<string> = new Set(["RECOVER", "RECOVER-WAIT", "RECOVER-DONE"]);

/** What the ledger's core has found out, for the rest of the agent. */
export function onHappening(board: SiteBoard, name: string, happening: SiteHappening, turn: Turn, exchange: Exchange): void {
  const site = board.sites.get(name);
  const relationship = board.failover.relationships.get(name);
  if (site === undefined) return;
  switch (happening.kind) {
    case "granted":
      board.say("warn", `ledger: site ${site.setting.site}: this server serves alone from epoch ${happening.epoch} on`);
      if (site.lost) return;
      if (site.entered !== happening.epoch) order(board, turn, relationship, { verb: "partner-down" });
      board.put(name, { ...site, entered: happening.epoch, forced: undefined });
      return;
    case "fenced":
      board.say(
        "warn",
        `ledger: site ${site.setting.site}: the partner serves alone from epoch ${happening.epoch} on: this server is silent`,
      );
      board.put(name, { ...site, claims: NO_CLAIMS, entered: 0, forced: undefined });
      if (relationship !== undefined && !RECOVERING.has(relationship.endpoint.state) && !isRecoveredPair(relationship))
        order(board, turn, relationship, { verb: "recover" });
      return;
    case "passed-over":
      onPassedOver(board, site, relationship, happening.epoch, turn);
      return;
    case "set-back":
      board.put(name, { ...site, outbox: alignedWith(site.outbox, happening.cursor) });
      board.mark(name);
      return;
    case "continued":
      board.say(
        "info",
        `ledger: site ${site.setting.site}: settled: what this server was at epoch ${happening.from} it is at ${happening.epoch}`,
      );
      board.put(name, continued(site, happening.from, happening.epoch));
      return;
    case "cleared":
      board.say("info", `ledger: site ${site.setting.site}: a pair again, epoch ${happening.epoch}`);
      board.put(name, { ...site, claims: NO_CLAIMS, entered: 0 });
      return;
    case "mirrored":
      board.put(name, { ...site, outbox: acknowledged(site.outbox, happening.upTo) });
      return;
    case "claimed":
      onClaimed(board, name, site, happening, exchange.view);
      return;
    case "caught-up":
      // a store that lost everything is restored as a whole
      if (relationship !== undefined && !site.lost) board.put(name, catchUp(board, site, relationship, happening.rows, turn, exchange));
      return;
    case "compared":
      if (relationship !== undefined && !site.lost) board.put(name, compare(board, site, relationship, happening.rows, turn));
      return;
    case "answered":
      onControlAnswer(board, name, site, happening);
      return;
    case "log":
      board.say(happening.level === "info" ? "info" : "warn", `ledger: ${happening.text}`);
      return;
    case "remember":
      board.mark(name);
      return;
    case "replaced":
      return;
  }
}

/** What the lost ledger had granted of the partner's share, and nobody came for yet, is asked for again. */
function continued(site: SiteAgent, from: number, epoch: number): SiteAgent {
  const claims = new Map([...site.claims].filter(([, { state }]) => state !== "granted"));
  return { ...site, claims, entered: site.entered === from ? epoch : site.entered };
}

/** The partner served alone and has said so since: the two have recovered already, and the ledger is about to hear of it. */
const isRecoveredPair = ({ endpoint }: Relationship): boolean =>
  endpoint.communicating && endpoint.state === "NORMAL" && endpoint.partner === "NORMAL";

/** The partner served alone meanwhile, and may have given our addresses away. */
function onPassedOver(board: SiteBoard, site: SiteAgent, relationship: Relationship | undefined, epoch: number, turn: Turn): void {
  if (relationship === undefined || RECOVERING.has(relationship.endpoint.state) || isRecoveredPair(relationship)) return;
  board.say("warn", `ledger: site ${site.setting.site}: the partner served alone before epoch ${epoch}, unknown to us: recovering`);
  order(board, turn, relationship, { verb: "recover" });
}

/** Orders what the ledger decided. */
export function order(board: SiteBoard, turn: Turn, relationship: Relationship | undefined, command: FailoverCommand): void {
  if (relationship === undefined) return;
  const { state } = relationship.endpoint;
  if (command.verb === "partner-down" && state === "PARTNER-DOWN") return;
  const refused = commandRefusal(relationship, command);
  // the ledger knows better than the link that is still up
  const ordered: FailoverCommand =
    refused !== undefined && command.verb === "partner-down" ? { verb: "set-state", state: "PARTNER-DOWN" } : command;
  failoverEvent(board.failover, turn, { kind: "failover-command", peer: nameOf(relationship), command: ordered });
}

function catchUp(
  board: SiteBoard,
  site: SiteAgent,
  relationship: Relationship,
  rows: Parameters<typeof mergeRows>[0]["rows"],
  turn: Turn,
  exchange: Exchange,
): SiteAgent {
  const read = board.ledger.ports.outbox;
  const { merged, lacking } = mergeRows({
    server: site.setting.server,
    rows,
    relationship,
    turn,
    exchange,
    outbox: site.outbox,
    read,
    epoch: site.core.standing.epoch,
  });
  board.merged = new Set([...(board.merged ?? []), ...merged]);
  if (merged.length > 0) board.say("info", `ledger: ${merged.length} leases that the partner had mirrored and not told us`);
  return { ...site, outbox: recordEvents(site, board, lacking) };
}

/** Tells a ledger that was restored to long ago what this server told it then and it lacks. */
function compare(board: SiteBoard, site: SiteAgent, relationship: Relationship, rows: readonly CurrentRow[], turn: Turn): SiteAgent {
  const lacking = lackingInLedger({
    server: site.setting.server,
    rows,
    relationship,
    view: turn.view,
    pending: pendingIn(site.outbox, board.ledger.ports.outbox),
    at: board.at,
    epoch: epochOf(site),
    isAlone: site.core.standing.mode === "SOLE",
  });
  board.say("info", `ledger: site ${site.setting.site}: ${lacking.length} leases that the restored ledger had lost are told again`);
  return { ...site, outbox: recordEvents(site, board, lacking) };
}

type Claimed = Extract<SiteHappening, { readonly kind: "claimed" }>;

function onClaimed(board: SiteBoard, name: string, site: SiteAgent, happening: Claimed, view: LeaseView): void {
  const { client, granted } = happening;
  const address = ipv4(happening.address);
  const settled = claimSettled(site, address, granted, board.at);
  // asked for while this server was alone, which it is no more: nobody gets it for that
  const isLate = granted && !site.claims.has(address) && view.get(address)?.status !== "ACTIVE";
  const unused = isLate ? [lapsedEvent(address, client, site.core.standing.epoch)] : [];
  board.put(name, { ...settled.site, outbox: recordEvents(settled.site, board, unused) });
  if (!granted) board.refused.push(address);
  if (settled.waiting !== undefined) board.again.push(settled.waiting);
}

/** An operator, or failover itself, wants this server to be alone. */
export function ask(board: SiteBoard, name: string, waiter: Waiter | undefined): void {
  const site = board.sites.get(name);
  if (site === undefined) return;
  const waiters = waiter === undefined ? site.waiters : [...site.waiters, waiter];
  const waiting = { ...site, waiters, askAfter: laterBy(board.at.monotonic, ASK_MILLIS) };
  if (site.core.phase !== "running") {
    onControlAnswer(board, name, waiting, {
      op: "ask-partner-down",
      ok: false,
      heard: false,
      forced: true,
      detail: "it is out of reach",
      told: undefined,
    });
    return;
  }
  const force = waiter?.force ?? wordOf(site);
  const wished = withWish(site.core, { op: "ask-partner-down", epoch: site.core.standing.epoch, force }, waiter !== undefined);
  // a person does not wait for the next try of our own accord
  const core = waiter === undefined ? wished : { ...wished, notBefore: { ...wished.notBefore, control: board.at.monotonic } };
  board.put(name, { ...waiting, core });
}

/** The word by which this server is alone, as the ledger is to hear it. */
function wordOf({ forced, words }: SiteAgent): Word | undefined {
  if (forced === undefined) return undefined;
  return words.findLast(({ reason }) => reason === forced.reason) ?? { reason: forced.reason };
}

/** Hands in what was said and done while the ledger was out of reach, and is over: no act of an operator stays unrecorded. */
export function tellWord(board: SiteBoard, name: string, relationship: Relationship | undefined): void {
  const site = board.sites.get(name);
  if (site === undefined || site.tellAfter > board.at.monotonic) return;
  const word = wordToTell(site, relationship);
  if (word === undefined) return;
  board.put(name, {
    ...site,
    core: withWish(site.core, { op: "tell-word", word }),
    tellAfter: laterBy(board.at.monotonic, ASK_MILLIS),
  });
}

function onControlAnswer(
  board: SiteBoard,
  name: string,
  site: SiteAgent,
  answer: Omit<Extract<SiteHappening, { readonly kind: "answered" }>, "kind">,
): void {
  if (!answer.ok && answer.heard) board.say("warn", `ledger: ${WHAT_WAS_ASKED[answer.op]} refused: ${answer.detail}`);
  const isTold = answer.ok && site.words.some(({ actedAt }) => actedAt === answer.told);
  const known = isTold ? { ...site, words: site.words.filter(({ actedAt }) => actedAt !== answer.told) } : site;
  if (isTold) board.mark(name);
  if (answer.op === "tell-word") {
    const tellAfter = answer.ok || !answer.heard ? known.tellAfter : laterBy(board.at.monotonic, TELL_MILLIS);
    board.put(name, { ...known, tellAfter: answer.ok ? board.at.monotonic : tellAfter });
  } else if (answer.op === "ask-partner-down") onPartnerDownAnswer(board, name, known, answer);
}

const WHAT_WAS_ASKED = { "ask-clear": "clear", "ask-partner-down": "partner-down", "tell-word": "an operator's word" } as const;

function onPartnerDownAnswer(
  board: SiteBoard,
  name: string,
  site: SiteAgent,
  answer: Omit<Extract<SiteHappening, { readonly kind: "answered" }>, "kind">,
): void {
  const isOut = !answer.ok && !answer.heard;
  // who gave his word waits for what is said to that
  const waiting = answer.ok || isOut || answer.forced ? [] : site.waiters.filter(({ force }) => force !== undefined);
  const forcing = isOut ? site.waiters.find(({ force }) => force !== undefined)?.force : undefined;
  for (const waiter of site.waiters) {
    if (!waiting.includes(waiter)) board.effects.push(replyTo(waiter.id, waiter.verb, answer, isOut && waiter.force !== undefined));
  }
  const told = site.forced === undefined ? undefined : { ...site.forced, told: site.forced.told || (answer.ok && answer.forced) };
  const forced = forcing === undefined ? told : { reason: forcing.reason, at: board.at.monotonic, told: false };
  // what was to be said of a pair is not so any more
  const core = forcing === undefined ? site.core : { ...site.core, wishes: site.core.wishes.filter(({ op }) => op !== "ask-clear") };
  const word = forcing === undefined ? undefined : { reason: forcing.reason, actedAt: laterThan(site.words, board.wallMillis) };
  const words = word === undefined ? site.words : [...site.words.slice(0, MOST_WORDS - 1), word];
  board.put(name, { ...site, core, waiters: waiting, forced, words });
  if (forcing !== undefined) {
    board.mark(name);
    board.orders.push(name);
  }
}

/** Its moment names a word: no two have the same. */
const laterThan = (words: readonly Required<Word>[], wallMillis: number): number =>
  Math.max(wallMillis, ...words.map(({ actedAt }) => actedAt + 1));
