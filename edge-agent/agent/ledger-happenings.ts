import { commandRefusal } from "../failover/command.ts";
import type { FailoverCommand } from "../failover/event.ts";
import { nameOf, type Relationship } from "../failover/relationship.ts";
import type { Turn } from "../failover/turn.ts";
import { laterBy } from "../ledger/lengths.ts";
import { acknowledged, alignedWith } from "../ledger/outbox.ts";
import type { SiteHappening } from "../ledger/site.ts";
import { withWish } from "../ledger/site-state.ts";
import type { Exchange } from "../server/exchange.ts";
import { type Ipv4Address, ipv4 } from "../values/ipv4.ts";
import { failoverEvent } from "./failover.ts";
import { NO_CLAIMS, type SiteAgent, type Waiter } from "./ledger.ts";
import type { SiteBoard } from "./ledger-board.ts";
import { mergeRows } from "./ledger-catch-up.ts";
import { claimSettled } from "./ledger-claims.ts";
import { recordEvents } from "./ledger-outbox.ts";
import { replyTo } from "./ledger-report.ts";

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
    case "cleared":
      board.say("info", `ledger: site ${site.setting.site}: a pair again, epoch ${happening.epoch}`);
      board.put(name, { ...site, claims: NO_CLAIMS, entered: 0 });
      return;
    case "mirrored":
      board.put(name, { ...site, outbox: acknowledged(site.outbox, happening.upTo) });
      return;
    case "claimed":
      onClaimed(board, name, site, ipv4(happening.address), happening.granted);
      return;
    case "caught-up":
      // a store that lost everything is restored as a whole
      if (relationship !== undefined && !site.lost) board.put(name, catchUp(board, site, relationship, happening.rows, turn, exchange));
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

function onClaimed(board: SiteBoard, name: string, site: SiteAgent, address: Ipv4Address, granted: boolean): void {
  const settled = claimSettled(site, address, granted, board.at);
  board.put(name, settled.site);
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
    onControlAnswer(board, name, waiting, { op: "ask-partner-down", ok: false, heard: false, forced: true, detail: "it is out of reach" });
    return;
  }
  const force = waiter?.force ?? (site.forced === undefined ? undefined : { reason: site.forced.reason });
  const wished = withWish(site.core, { op: "ask-partner-down", epoch: site.core.standing.epoch, force }, waiter !== undefined);
  // a person does not wait for the next try of our own accord
  const core = waiter === undefined ? wished : { ...wished, notBefore: { ...wished.notBefore, control: board.at.monotonic } };
  board.put(name, { ...waiting, core });
}

function onControlAnswer(
  board: SiteBoard,
  name: string,
  site: SiteAgent,
  answer: Omit<Extract<SiteHappening, { readonly kind: "answered" }>, "kind">,
): void {
  if (!answer.ok && answer.heard)
    board.say("warn", `ledger: ${answer.op === "ask-clear" ? "clear" : "partner-down"} refused: ${answer.detail}`);
  if (answer.op !== "ask-partner-down") return;
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
  board.put(name, { ...site, core, waiters: waiting, forced });
  if (forcing !== undefined) {
    board.mark(name);
    board.orders.push(name);
  }
}
