import type { StoreWrite } from "../leases/store-write.ts";
import { type BindingEvent, bindingEvent } from "../ledger/binding-event.ts";
import { append, MERGE_BACKLOG, nextTs, type Outbox } from "../ledger/outbox.ts";
import type { LeaseChange } from "../server/exchange.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import { type Instant, NEVER } from "../values/time.ts";
import { epochOf, type LedgerPorts, type SiteAgent } from "./ledger.ts";

/** Appends to one site's outbox. */
export interface Recorder {
  readonly outbox: Outbox;
  change(change: LeaseChange): void;
  append(event: BindingEvent): void;
}

/** Who reports what (ledger.md 1.3): what this server did; what the partner did only when the partner cannot or may not report itself. */
export function recordChanges(
  site: SiteAgent,
  ports: LedgerPorts,
  lastOf: Map<number, number>,
  at: Instant,
  writes: StoreWrite[],
): Recorder {
  const wallMillis = (at.now + at.wallOffset) * 1000;
  const { core } = site;
  let { outbox } = site;
  const add = (event: BindingEvent): void => {
    const done = append(outbox, event, {
      read: ports.outbox,
      lastOf,
      sentUpTo: core.sentUpTo,
      backlog: ports.mergeBacklog ?? MERGE_BACKLOG,
    });
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
