import type { FailoverTimes } from "../../leases/lease.ts";
import { formatIpv4, type Ipv4Address } from "../../values/ipv4.ts";
import { timesOf } from "../lease-times.ts";
import { nameOf, type Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import type { FailoverMessage } from "../wire/message.ts";
import { rejectText } from "../wire/reject-reason.ts";
import { freedToItsOwner, scheduleBalance } from "./pool.ts";
import { forgetUpdate, queueUpdate, tellAgain } from "./queue.ts";

/**
 * A BNDACK (failover-12 §7.2). Accepted: the partner agrees to the horizon we announced, and an address whose lease
 * ended comes free. Rejected: the update leaves the queue until something changes (dhcpd). One that fits no update of
 * this connection is ignored.
 */
export function onBindingAck(turn: Turn, relationship: Relationship, message: FailoverMessage): void {
  const { updates } = relationship;
  const { assignedIpAddress: address, rejectReason } = message.options;
  if (address !== undefined && updates.flying.get(address)?.xid === message.xid) updates.flying.delete(address);
  if (address !== undefined && updates.overruled.get(address)?.xid === message.xid) {
    if (rejectReason === undefined) onBothGaveWay(turn, relationship, address);
    updates.overruled.delete(address);
  }
  const update = address === undefined ? undefined : updates.unacked.get(address);
  if (address === undefined || update === undefined || update.xid !== message.xid) return;
  if (rejectReason !== undefined) {
    const text = rejectText(rejectReason, message.options.message);
    turn.log(`bind update on ${formatIpv4(address)} from ${nameOf(relationship)} rejected: ${text}`);
  }
  if (update.isVoid) {
    tellAgain(updates, address);
    return;
  }
  forgetUpdate(updates, address);
  if (rejectReason !== undefined) {
    updates.refused.add(address);
    return;
  }
  const lease = turn.lease(address);
  const times = timesOf(lease);
  const agreed = { ...times, tsfp: update.potentialExpiry, atsfp: update.potentialExpiry, owed: false, rewindStatus: lease.status };
  if (lease.status !== "EXPIRED" && lease.status !== "RELEASED" && lease.status !== "RESET") {
    // lost in a crash, it is still owed: told again, and acknowledged again
    if (lease.failover === undefined || !sameTimes(lease.failover, agreed)) turn.put({ ...lease, failover: agreed }, true);
    return;
  }
  const status = lease.reserved && relationship.config.peer.role === "secondary" ? "BACKUP" : "FREE";
  const freed = { ...lease, status, failover: { ...agreed, tstp: lease.ends, rewindStatus: status } } as const;
  turn.put(freed);
  freedToItsOwner(turn, relationship, freed);
  scheduleBalance(turn, relationship);
}

/**
 * Two updates crossed, and we took the partner's: it has taken ours all the same. A dhcpd gives an ACTIVE of its own up for our EXPIRED, and as
 * secondary for anything: it would let a client's address go, and is told once more what it said itself.
 */
function onBothGaveWay(turn: Turn, { updates }: Relationship, address: Ipv4Address): void {
  const lease = turn.lease(address);
  if (lease.status !== "ACTIVE" || updates.overruled.get(address)?.status === "ACTIVE") return;
  turn.put({ ...lease, failover: { ...timesOf(lease), owed: true } });
  queueUpdate(updates, address);
}

/** In a transfer of everything most leases were agreed on before: nothing is to be written. */
const sameTimes = (left: FailoverTimes, right: FailoverTimes): boolean =>
  left.tstp === right.tstp &&
  left.tsfp === right.tsfp &&
  left.atsfp === right.atsfp &&
  left.owed === right.owed &&
  left.rewindStatus === right.rewindStatus;
