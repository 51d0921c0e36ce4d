import type { StoreWrite } from "../leases/store-write.ts";
import { type BindingEvent, bindingEvent } from "../ledger/binding-event.ts";
import { alignedWith, append, type LastEntries, mergeLimits, nextTs, type Outbox, overtaken, queuedIn } from "../ledger/outbox.ts";
import type { LeaseChange } from "../server/exchange.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import { type Instant, NEVER } from "../values/time.ts";
import { epochOf, type LedgerState, type SiteAgent } from "./ledger.ts";

/** What it takes of the event under way. */
interface Board {
  readonly ledger: LedgerState;
  readonly at: Instant;
  readonly writes: StoreWrite[];
  say(level: "warn", text: string): void;
}

/**
 * The outbox with what this change means for the history, if anything. What this server did is reported; what the partner did only when the
 * partner cannot or may not report it itself.
 */
export function recordChange(site: SiteAgent, board: Board, { cause, before, after }: LeaseChange): Outbox {
  const { at } = board;
  const { core, outbox } = site;
  const fromPartner = cause === "partner";
  if (fromPartner && !core.config.partnerIsForeign && core.standing.mode !== "SOLE") return outbox;
  // after whatever the partner's clock said of the lease before
  const told = before === undefined || before.cltt === NEVER ? 0 : (Math.max(before.cltt, before.starts) + at.wallOffset + 1) * 1000;
  const wallMillis = nextTs(outbox, (at.now + at.wallOffset) * 1000, told);
  const event = bindingEvent(before, after, { wallMillis, wallOffset: at.wallOffset, epoch: epochOf(site), fromPartner });
  return event === undefined ? outbox : withEvent(site, outbox, board, event);
}

/** The outbox with these events, each later than those before it. */
export function recordEvents(site: SiteAgent, board: Board, events: Iterable<BindingEvent>): Outbox {
  const wallMillis = (board.at.now + board.at.wallOffset) * 1000;
  let { outbox } = site;
  for (const event of events) {
    const ts = nextTs(outbox, wallMillis, event.ts);
    outbox = withEvent(site, outbox, board, { ...event, ts, lastTs: ts });
  }
  return outbox;
}

function withEvent(site: SiteAgent, outbox: Outbox, board: Board, event: BindingEvent): Outbox {
  const { ports } = board.ledger;
  const { backlog, squeeze } = mergeLimits(outbox, ports.freeDisk);
  const done = append(outbox, event, {
    lastOf: lastEntriesOf(board.ledger, outbox.lane),
    sentUpTo: site.core.sentUpTo,
    backlog: ports.mergeBacklog ?? backlog,
    squeeze,
  });
  board.writes.push(done.write);
  const squeezed = queuedIn(done.outbox) >= squeeze;
  if (squeezed === (outbox.squeezed === true)) return done.outbox;
  if (squeezed) {
    const text = `${queuedIn(done.outbox)} events wait for the ledger, as many as the disk should hold: of a lease its beginning and end are kept from here on`;
    board.say("warn", `ledger: site ${site.setting.site}: ${text}`);
  }
  return { ...done.outbox, squeezed };
}

/** Those of a lane, which a site may have got only when agent.json was read again. */
function lastEntriesOf({ lastOf }: LedgerState, lane: string): LastEntries {
  const known = lastOf.get(lane);
  if (known !== undefined) return known;
  const made: LastEntries = new Map();
  lastOf.set(lane, made);
  return made;
}

/** A promised address that nobody came for: free for others at once. */
export const lapsedEvent = (address: Ipv4Address, client: string, epoch: number): BindingEvent => ({
  address,
  status: "EXPIRED",
  client,
  ts: 0,
  expires: 0,
  potential: 0,
  epoch,
  hostname: undefined,
  fromPartner: false,
  renewal: false,
  renewals: 1,
  lastTs: 0,
});

/** The site that has found its row: where its outbox stands, and whether its leases are lost, or older than what it has told the ledger. */
export function aligned({ core: was }: SiteAgent, site: SiteAgent, isEmpty: boolean): SiteAgent {
  const cursor = site.core.ack;
  const next = { ...site, isAligned: true, unmet: undefined };
  if (site.isAligned && was.counted !== undefined && cursor > was.counted)
    return { ...next, outbox: overtaken(site.outbox, cursor, was.counted), lost: true };
  const outbox = alignedWith(site.outbox, cursor, !site.isAligned);
  return { ...next, outbox, lost: site.lost || (site.isFresh && cursor > 0 && isEmpty) };
}
