import type { Relationship } from "../failover/relationship.ts";
import type { Lease } from "../leases/lease.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import { type BindingEvent, bindingEvent, clientName, ledgerTime } from "../ledger/binding-event.ts";
import type { CurrentRow } from "../ledger/calls.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Instant } from "../values/time.ts";
import { lapsedEvent } from "./ledger-outbox.ts";

interface Comparison {
  /** This server's name in the ledger. */
  readonly server: string;
  readonly rows: readonly CurrentRow[];
  readonly relationship: Relationship;
  readonly view: LeaseView;
  /** Addresses of which something is on its way to the ledger. */
  readonly pending: ReadonlySet<number>;
  readonly at: Instant;
  readonly epoch: number;
  /** The partner tells of nothing any more. */
  readonly isAlone: boolean;
}

/** The ledger's times are whole seconds of another clock. */
const SAME_MILLIS = 1000;

/**
 * What a ledger lacks that was restored to before all that the outbox keeps: who has an address that nobody has there, and who has it no more.
 * Rows that the partner wrote are the partner's to tell of, unless this server is alone.
 */
export function lackingInLedger(given: Comparison): readonly BindingEvent[] {
  const { rows, relationship, view, pending, server, isAlone } = given;
  const known = new Map<Ipv4Address, CurrentRow>(rows.map((row) => [row.address, row]));
  const lacking: BindingEvent[] = [];
  for (const lease of view.all()) {
    const pool = view.poolOf(lease.address);
    const row = known.get(lease.address);
    if (pool === undefined || !relationship.poolIds.has(pool) || pending.has(lease.address)) continue;
    if (row === undefined || row.server === server || isAlone) lacking.push(...difference(given, lease, row));
  }
  return lacking;
}

function difference({ at, epoch }: Comparison, lease: Lease, row: CurrentRow | undefined): readonly BindingEvent[] {
  const { wallOffset, now } = at;
  const runs = lease.status === "ACTIVE" && lease.ends > now;
  const client = clientName(lease);
  const wallMillis = (now + wallOffset) * 1000;
  const holds = row !== undefined && row.status === "ACTIVE" && row.expiresMillis > wallMillis;
  const isSame = row !== undefined && holds && runs && row.client === client;
  if (isSame && Math.abs(row.expiresMillis - ledgerTime(lease.ends, wallOffset)) <= SAME_MILLIS) return [];
  // an end is told of whoever has it there: a lease beside another's would be a contradiction
  const ended = holds && !isSame ? [lapsedEvent(lease.address, row.client, epoch)] : [];
  const isNews = runs || (lease.status === "ABANDONED" && row?.status !== "ABANDONED");
  const event = isNews ? bindingEvent(undefined, lease, { wallMillis, wallOffset, epoch, fromPartner: false }) : undefined;
  return event === undefined ? ended : [...ended, event];
}
