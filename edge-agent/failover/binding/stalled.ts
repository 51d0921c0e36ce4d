import type { Ipv4Address } from "../../values/ipv4.ts";
import type { MonotonicMillis } from "../../values/time.ts";
import { sendNew, sendReply } from "../link/send.ts";
import { STALLED_MILLIS } from "../link/state.ts";
import { nameOf, type Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { REJECT_REASONS } from "../wire/reject-reason.ts";

/** Addresses of one relationship whose updates are given up at once; no dhcpd has more under way than it may leave unacknowledged. */
const MOST_GIVEN_UP = 16_384;

/** When a stock partner that was asked for updates counts as one that has stopped telling; undefined if nothing is awaited. */
export function stalledAt({ endpoint, link }: Relationship): MonotonicMillis | undefined {
  if (endpoint.requested === undefined || endpoint.partnerIsTandem || !endpoint.communicating || link.toldAt === undefined)
    return undefined;
  return (link.toldAt + STALLED_MILLIS) as MonotonicMillis;
}

/**
 * A dhcpd that lost its connection while it was not NORMAL counts what it had under way as sent for ever; when that is as much as we
 * take, it tells nothing any more, and an update never ends. A rejection, whose xid it does not look at, takes an update out of its
 * count; then everything is asked for once more, what was given up included.
 */
export function askStalledAgain(turn: Turn, relationship: Relationship): void {
  const { endpoint, link, config } = relationship;
  const due = stalledAt(relationship);
  if (due === undefined || due > turn.at.monotonic || endpoint.requested === undefined || link.up === undefined) return;
  turn.warn(`failover peer ${nameOf(relationship)}: the partner tells nothing that it was asked for: asking again`);
  const refusal = { rejectReason: 15, message: REJECT_REASONS[15] } as const;
  let left = MOST_GIVEN_UP;
  for (const { ranges } of config.pools) {
    for (const { first, last } of ranges) {
      for (let address = first as number; address <= last && left > 0; address += 1) {
        left -= 1;
        const options = { assignedIpAddress: address as Ipv4Address, ...refusal };
        sendReply(turn, link.up, { type: "BNDACK", xid: 0, options });
      }
    }
  }
  const { type } = endpoint.requested;
  endpoint.requested = { type, xid: sendNew(turn, link.up, type, {}) };
  link.toldAt = turn.at.monotonic;
}
