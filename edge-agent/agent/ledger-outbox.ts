import type { StoreWrite } from "../leases/store-write.ts";
import { type BindingEvent, bindingEvent } from "../ledger/binding-event.ts";
import { append, MERGE_BACKLOG, nextTs, type Outbox, queuedIn, SQUEEZE_BACKLOG } from "../ledger/outbox.ts";
import type { LeaseChange } from "../server/exchange.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import { type Instant, NEVER } from "../values/time.ts";
import { epochOf, type LedgerState, type SiteAgent } from "./ledger.ts";

/** Appends to one site's outbox. */
export interface Recorder {
  readonly outbox: Outbox;
  change(change: LeaseChange): void;
  append(event: BindingEvent): void;
}

/** What it takes of the event under way. */
interface Board {
  readonly ledger: LedgerState;
  readonly at: Instant;
  readonly writes: StoreWrite[];
  say(level: "warn", text: string): void;
}

/** Who reports what (ledger.md 1.3): what this server did; what the partner did only when the partner cannot or may not report itself. */
export function recordChanges(site: SiteAgent, board: Board): Recorder {
  const { at, writes, ledger } = board;
  const { ports } = ledger;
  const lastOf = ledger.lastOf.get(site.setting.relationship) ?? new Map<number, number>();
  const squeeze = ports.squeezeBacklog ?? SQUEEZE_BACKLOG;
  const wallMillis = (at.now + at.wallOffset) * 1000;
  const { core } = site;
  let { outbox } = site;
  const add = (event: BindingEvent): void => {
    const done = append(outbox, event, {
      read: ports.outbox,
      lastOf,
      sentUpTo: core.sentUpTo,
      backlog: ports.mergeBacklog ?? MERGE_BACKLOG,
      squeeze,
    });
    if (queuedIn(outbox) < squeeze && queuedIn(done.outbox) >= squeeze)
      board.say(
        "warn",
        `ledger: site ${site.setting.site}: ${squeeze} events wait for the ledger: of a lease its beginning and end are kept from here on`,
      );
    outbox = done.outbox;
    writes.push(done.write);
  };
  return {
    get outbox() {
      return outbox;
    },
    append: (event) => {
      const ts = nextTs(outbox, wallMillis, event.ts);
      add({ ...event, ts, lastTs: ts });
    },
    change: ({ cause, before, after }) => {
      const fromPartner = cause === "partner";
      if (fromPartner && !core.config.partnerIsForeign && core.standing.mode !== "SOLE") return;
      // after whatever the partner's clock said of the lease before
      const told = before === undefined || before.cltt === NEVER ? 0 : (Math.max(before.cltt, before.starts) + at.wallOffset + 1) * 1000;
      const ts = nextTs(outbox, wallMillis, told);
      const event = bindingEvent(before, after, { wallMillis: ts, wallOffset: at.wallOffset, epoch: epochOf(site), fromPartner });
      if (event !== undefined) add(event);
    },
  };
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
