import type { Ipv4Address } from "../../values/ipv4.ts";
import { timesOf } from "../lease-times.ts";
import { sendNew, sendReply } from "../link/send.ts";
import type { Connection } from "../link/state.ts";
import type { Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { fromWireTime } from "../wire/codes.ts";
import { hasYetToAsk, keptForForgetful } from "./forgetful.ts";
import { updatesHeldUntil } from "./hear-first.ts";
import { balancePools } from "./pool.ts";
import { endTransfer, type Transfer } from "./queue.ts";
import { walkTransfer } from "./transfer.ts";
import { bindingUpdate } from "./update.ts";

/** Updates that one step sends; the next follows at once, and clients are served in between. */
const MOST_SENT = 1024;

/**
 * Sends what is due to the partner while it has room for it (its max-unacked-bndupd, failover-12 §8.4): waiting updates
 * first, then the rest of what it asked for, and UPDDONE when it has acknowledged all of that.
 */
export function sendUpdates(turn: Turn, relationship: Relationship): void {
  const { link, endpoint, updates, balance } = relationship;
  const connection = link.up;
  if (connection === undefined || !endpoint.communicating || hasYetToAsk(relationship)) return;
  if (endpoint.isOld) {
    // what an old store would tell has been told since: a partner that asks has had it all
    endTransfer(updates);
    if (relationship.transfer !== undefined) tellDone(turn, relationship, connection, relationship.transfer);
    return;
  }
  if ((updatesHeldUntil(relationship) ?? turn.at.monotonic) > turn.at.monotonic) return;
  if (balance.unfinished && updates.waiting.size + updates.unacked.size === 0) balancePools(turn, relationship);
  const room = Math.min(MOST_SENT, link.partnerMaxUnacked - updates.unacked.size);
  if (room > 0) {
    const budget = { walked: 0 };
    let more = true;
    while (more && updates.waiting.size < room) more = walkTransfer(turn, relationship, budget);
    for (const address of firstKeys(updates.waiting, room)) sendUpdate(turn, relationship, connection, address);
  }
  // also finds out, with the window full, that nothing is left
  const { transfer } = relationship;
  if (transfer === undefined || transfer.cursor !== undefined || updates.transferLeft > 0) return;
  tellDone(turn, relationship, connection, transfer);
}

function tellDone(turn: Turn, relationship: Relationship, connection: Connection, { xid }: Transfer): void {
  sendReply(turn, connection, { type: "UPDDONE", xid, options: {} });
  relationship.transfer = undefined;
  turn.log(`Sent update done message to ${relationship.config.peer.name}`);
}

/** The oldest keys, at most `limit`, in one pass: beginning anew for each would step over all that were deleted before. */
function firstKeys(map: ReadonlyMap<Ipv4Address, unknown>, limit: number): readonly Ipv4Address[] {
  const keys: Ipv4Address[] = [];
  for (const key of map.keys()) {
    if (keys.length >= limit) break;
    keys.push(key);
  }
  return keys;
}

function sendUpdate(turn: Turn, relationship: Relationship, connection: Connection, address: Ipv4Address): void {
  const { updates, endpoint } = relationship;
  const mark = updates.waiting.get(address) ?? 0;
  updates.waiting.delete(address);
  const known = turn.lease(address);
  const lease = keptForForgetful(relationship, known, turn.at.now);
  const times = timesOf(lease);
  const options = bindingUpdate(lease, endpoint.partnerIsTandem, turn.at);
  const xid = sendNew(turn, connection, "BNDUPD", options);
  const update = {
    xid,
    status: lease.status,
    cltt: lease.cltt,
    potentialExpiry: fromWireTime(options.potentialExpirationTime ?? 0, turn.at),
    transfer: mark,
    isVoid: false,
  };
  updates.unacked.set(address, update);
  updates.flying.set(address, update);
  // from here on the partner may believe it: nothing older can be wound back to
  if (times.rewindStatus !== lease.status) turn.put({ ...lease, failover: { ...times, rewindStatus: lease.status } });
  else if (lease !== known) turn.put(lease);
}
