import type { Ipv4Address } from "../../values/ipv4.ts";
import type { Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { endTransfer, markForTransfer, queueUpdate } from "./queue.ts";

/** How many addresses one step looks at in search of something to tell. */
const MOST_WALKED = 16_384;

/** The partner asks for what it lacks (UPDREQ) or for everything (UPDREQALL); a newer request replaces the older (failover-12 §7.3, §7.4). */
export function beginTransfer(turn: Turn, relationship: Relationship, xid: number, everything: boolean): void {
  turn.log(`Update request ${everything ? "all " : ""}from ${relationship.config.peer.name}: sending update`);
  const { updates } = relationship;
  const id = (relationship.transfer?.id ?? 0) + 1;
  endTransfer(updates);
  for (const address of [...updates.refused]) queueUpdate(updates, address);
  markForTransfer(updates, id);
  relationship.transfer = { id, xid, everything, cursor: everything ? { pool: 0, range: 0, next: -1 } : undefined };
}

/**
 * Queues the next address that UPDREQALL wants; false if there is none (the cursor is then gone) or the step has looked
 * far enough (the cursor stays). One of our own kind is not told of addresses that nobody ever had: it knows them so.
 */
export function walkTransfer(turn: Turn, relationship: Relationship, budget: { walked: number }): boolean {
  const { transfer, updates, config } = relationship;
  const cursor = transfer?.cursor;
  if (transfer === undefined || cursor === undefined) return false;
  while (budget.walked < MOST_WALKED) {
    const range = config.pools[cursor.pool]?.ranges[cursor.range];
    if (range === undefined) {
      if (cursor.pool + 1 >= config.pools.length) {
        transfer.cursor = undefined;
        return false;
      }
      cursor.pool += 1;
      cursor.range = 0;
      cursor.next = -1;
      continue;
    }
    const address = (cursor.next < 0 ? range.first : cursor.next) as Ipv4Address;
    if (address > range.last) {
      cursor.range += 1;
      cursor.next = -1;
      continue;
    }
    cursor.next = address + 1;
    budget.walked += 1;
    if (updates.waiting.has(address) || updates.unacked.has(address)) continue;
    if (relationship.endpoint.partnerIsTandem && !turn.changed(address) && turn.view.get(address) === undefined) continue;
    queueUpdate(updates, address, transfer.id);
    return true;
  }
  return false;
}
