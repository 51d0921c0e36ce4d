import type { BindingStatus } from "../../leases/binding-status.ts";
import { type Lease, NO_VARIABLES } from "../../leases/lease.ts";
import { sameBytes, sameHardware } from "../../values/hardware-address.ts";
import { formatIpv4, type Ipv4Address, UNSPECIFIED } from "../../values/ipv4.ts";
import { earliest, latest, NO_TIME } from "../../values/time.ts";
import type { RecordedState } from "../endpoint/state.ts";
import { timesOf } from "../lease-times.ts";
import { sendReply } from "../link/send.ts";
import type { Connection } from "../link/state.ts";
import { isPrimary, noteReserved, ownFree, type Relationship } from "../relationship.ts";
import type { Turn } from "../turn.ts";
import { BOOTP_FLAG, bindingStatusOf, fromWireTime, RESERVED_FLAG } from "../wire/codes.ts";
import type { FailoverMessage } from "../wire/message.ts";
import type { Options } from "../wire/options.ts";
import { decodePrivateData } from "../wire/private-data.ts";
import { REJECT_REASONS, type RejectReason } from "../wire/reject-reason.ts";
import { isAcceptable, oursWins, type Transition } from "./acceptance.ts";
import { freedToItsOwner, scheduleBalance } from "./pool.ts";
import { forgetUpdate, queueUpdate, type Unacked } from "./queue.ts";
import { hardwareOf } from "./update.ts";

/** Longest client-hardware-address that dhcpd takes, type byte included. */
const LONGEST_HARDWARE = 21;

interface Rejection {
  readonly reason: RejectReason;
  readonly message: string;
}
const rejection = (reason: RejectReason, message: string = REJECT_REASONS[reason]): Rejection => ({ reason, message });
const lacking = rejection(3, "binding update lacks required options");

/** A BNDUPD (failover-12 §7.1): stored and acknowledged in this step, or rejected with dhcpd's reasons. */
export function onBindingUpdate(turn: Turn, relationship: Relationship, connection: Connection, message: FailoverMessage): void {
  const { options } = message;
  const address = options.assignedIpAddress ?? UNSPECIFIED;
  const status = bindingStatusOf(options.bindingStatus);
  const lease = turn.lease(address);
  const refused = status === undefined ? lacking : refusal(turn, relationship, { options, lease, status, sentAt: message.time });
  if (status === undefined || refused !== undefined) {
    const why = refused ?? lacking;
    const options = { assignedIpAddress: address, rejectReason: why.reason, message: why.message };
    sendReply(turn, connection, { type: "BNDACK", xid: message.xid, options });
    turn.log(`bind update on ${formatIpv4(address)} rejected: ${why.message}`);
    // what makes it old is told once more: the partner may have refused ours while this one was on its way
    if (why.reason === 15 || (why.reason === UNFIT && outlasts(relationship, lease, status))) queueUpdate(relationship.updates, address);
    return;
  }
  const { updates } = relationship;
  const overruled = updates.overruled.get(address);
  const flying = updates.flying.get(address);
  if (flying !== undefined) updates.overruled.set(address, flying);
  forgetUpdate(updates, address);
  const believed = accepted(turn, { options, lease, status, sentAt: message.time });
  const stored = disowned(relationship, relationship.endpoint.partnerIsTandem ? believed : mayBeHeard(believed, flying), overruled);
  if (lease.status === "ACTIVE" && status === "ACTIVE" && !sameClient(lease, stored)) {
    turn.warn(`Lease conflict at ${formatIpv4(address)}: the partner gave it to another client; its binding stands`);
  }
  turn.put(stored);
  noteReserved(relationship, stored);
  // nothing but the address: dhcpd misreads an acknowledgement that repeats the client
  sendReply(turn, connection, { type: "BNDACK", xid: message.xid, options: { assignedIpAddress: address } });
  if (stored.failover?.owed === true) queueUpdate(updates, address);
  if (stored.status === lease.status) return;
  if (stored.status === "FREE" && status !== "FREE") freedToItsOwner(turn, relationship, stored);
  scheduleBalance(turn, relationship);
}

/** The reject reason of a status that does not follow from ours. */
const UNFIT = 2;

/**
 * An end was refused because the lease runs on by our record, of which one of our own kind then hears: it would never ask about its own.
 * Not where ours crossed it and stands (reason 16): that is on its way.
 */
const outlasts = ({ endpoint }: Relationship, lease: Lease, status: BindingStatus | undefined): boolean =>
  endpoint.partnerIsTandem && status === "EXPIRED" && lease.status === "ACTIVE";

interface Incoming {
  readonly options: Options;
  readonly lease: Lease;
  readonly status: BindingStatus;
  /** The partner's clock when it said so. */
  readonly sentAt: number;
}

function refusal(turn: Turn, relationship: Relationship, incoming: Incoming): Rejection | undefined {
  const { options, lease, status, sentAt } = incoming;
  const { assignedIpAddress: address, clientHardwareAddress: hardware } = options;
  if (address === undefined) return lacking;
  if (!isOurs(turn, relationship, address)) return rejection(1, "unknown IP address");
  const { isOld } = relationship.endpoint;
  if (!isOld && isOutdated(turn, relationship, incoming)) return rejection(15);
  const ours = relationship.updates.flying.get(address);
  if (ours !== undefined && !isOverBeside(turn, relationship, lease, status)) {
    const theirs = { status, cltt: fromWireTime(options.clientLastTransactionTime ?? 0, turn.at) };
    if (oursWins(ours, theirs, isPrimary(relationship))) return rejection(16, "incoming update is less critical than outgoing update");
  }
  if (status === "ABANDONED" && hardware !== undefined) return rejection(6, "BNDUPD to ABANDONED with a CHADDR");
  if (status === "ABANDONED" && options.clientIdentifier !== undefined) return rejection(6, "BNDUPD to ABANDONED with client-id");
  const needsClient = status === "ACTIVE" || status === "EXPIRED" || status === "RELEASED";
  if (needsClient && hardware === undefined) return rejection(3, `BNDUPD without CHADDR`);
  if (hardware !== undefined && hardware.length > LONGEST_HARDWARE) return rejection(6, "chaddr too long");
  const flags = options.ipFlags ?? 0;
  // dhcpd refuses what is in use too, and then gives the address to somebody else: a client that has it outweighs the flag
  const toGive = lease.status === ownFree(relationship) && (status === "FREE" || status === "BACKUP");
  if ((flags & RESERVED_FLAG) !== 0 && !lease.reserved && toGive) return rejection(19, "Address is not reserved.");
  if ((flags & BOOTP_FLAG) !== 0 && !lease.bootp && toGive) return rejection(6, "Address is not allocated to BOOTP.");
  const transition = {
    mine: lease.status,
    theirs: status,
    isPrimary: isPrimary(relationship),
    isNormal: relationship.endpoint.state === "NORMAL" && relationship.endpoint.startupUntil === undefined,
    ends: lease.ends,
    theirPotentialExpiry: fromWireTime(options.potentialExpirationTime ?? 0, turn.at),
    now: turn.at.now,
  };
  if (isOld || isFreedWhileAway(relationship, lease, transition)) return undefined;
  if (isAcceptable(transition)) return isStaleEnd(transition, options, sentAt) ? rejection(15) : undefined;
  return rejection(UNFIT, `${formatIpv4(address)}: invalid state transition: ${lease.status.toLowerCase()} to ${status.toLowerCase()}`);
}

/**
 * Does the partner tell of an end, of an earlier extension or of a time before the lease, without knowing what the client did here since
 * (failover-12 §7.1.3)? Then ours is still to be told, and whatever became of the lease follows from that.
 *
 * One of our own kind says when the client released it, or the address was abandoned. A release is of the lease that is released, whenever it
 * is read: it may have waited in the socket of a process that was stopped. An address that was abandoned before our client took it again
 * would, believed, be in nobody's use for the primary, which gives abandoned ones away when it has no others.
 */
function isOutdated({ at }: Turn, { endpoint: { partnerIsTandem } }: Relationship, { options, lease, status }: Incoming): boolean {
  if (lease.status !== "ACTIVE" || lease.ends <= at.now || !timesOf(lease).owed) return false;
  const precedes = (time = 0): boolean => fromWireTime(time, at) < lease.cltt;
  switch (status) {
    case "ACTIVE": {
      const theirEnd = fromWireTime(options.leaseExpirationTime ?? 0, at);
      // a lease that is over takes no address from another client
      return theirEnd < lease.ends && (theirEnd <= at.now || isHolders(lease, options));
    }
    case "RELEASED":
      return precedes(options.leaseExpirationTime) || (partnerIsTandem && precedes(options.clientLastTransactionTime));
    case "ABANDONED":
      return partnerIsTandem && precedes(options.startTimeOfState);
    case "EXPIRED":
    case "FREE":
    case "BACKUP":
      return true;
    default:
      return false;
  }
}

/**
 * A dhcpd that takes an ACTIVE of ours whose end is over tells its EXPIRED before it acknowledges. That is no duel: refused, it would not
 * tell it again, and only the primary ends leases in NORMAL.
 */
const isOverBeside = ({ at }: Turn, relationship: Relationship, lease: Lease, status: BindingStatus): boolean =>
  status === "EXPIRED" && lease.ends <= at.now && !relationship.endpoint.partnerIsTandem && !isPrimary(relationship);

/**
 * A dhcpd tells the status that it meant to tell when it queued the update, with the dates of what it has taken from us since: that a lease
 * is EXPIRED whose end is still to come by its own clock.
 */
const isStaleEnd = ({ mine, theirs, ends, now }: Transition, { leaseExpirationTime = 0 }: Options, sentAt: number): boolean =>
  mine === "ACTIVE" && theirs === "EXPIRED" && ends > now && leaseExpirationTime > sentAt;

/**
 * One of our own kind that was alone has freed an address whose lease is over here too: we did nothing with it since it heard from us last. Refused,
 * its word would come again when both serve, and its client could be served here in between.
 */
const isFreedWhileAway = ({ endpoint }: Relationship, lease: Lease, { theirs, now }: Transition): boolean =>
  endpoint.partnerIsTandem &&
  RECOVERING.has(endpoint.state) &&
  (theirs === "FREE" || theirs === "BACKUP") &&
  lease.status === "ACTIVE" &&
  lease.ends <= now &&
  !timesOf(lease).owed;
const RECOVERING: ReadonlySet<RecordedState> = new Set(["RECOVER", "RECOVER-WAIT", "RECOVER-DONE"]);

const isHolders = (lease: Lease, { clientIdentifier, clientHardwareAddress }: Options): boolean =>
  lease.clientId !== undefined && clientIdentifier !== undefined
    ? sameBytes(lease.clientId, clientIdentifier)
    : sameHardware(lease.hardware, hardwareOf(clientHardwareAddress));

const isOurs = (turn: Turn, relationship: Relationship, address: Ipv4Address): boolean => {
  const pool = turn.view.poolOf(address);
  return pool !== undefined && relationship.poolIds.has(pool);
};

const sameClient = (left: Pick<Lease, "clientId" | "hardware">, right: Pick<Lease, "clientId" | "hardware">): boolean =>
  left.clientId !== undefined && right.clientId !== undefined
    ? sameBytes(left.clientId, right.clientId)
    : sameHardware(left.hardware, right.hardware);

/** A stock partner may still take our update, to which its own was preferred: it goes by the horizon of that one then. */
function mayBeHeard(believed: Lease, flying: Unacked | undefined): Lease {
  if (flying === undefined || believed.failover === undefined) return believed;
  const { failover } = believed;
  return { ...believed, failover: { ...failover, tsfp: earliest(failover.tsfp, flying.potentialExpiry) } };
}

/**
 * An address that comes free for the primary while the secondary may still take an earlier word, by which it is the secondary's, stays
 * the secondary's and is told so once more: taken at both words it would be free for both.
 */
function disowned(relationship: Relationship, stored: Lease, overruled: Unacked | undefined): Lease {
  if (!isPrimary(relationship) || stored.status !== "FREE" || overruled?.status !== "BACKUP") return stored;
  return { ...stored, status: "BACKUP", failover: { ...timesOf(stored), owed: true, rewindStatus: "BACKUP" } };
}

/** The record after an accepted update. A lease that ended there is simply FREE here: the partner knows that we know. */
function accepted(turn: Turn, { options, lease, status }: Incoming): Lease {
  const { at } = turn;
  const time = (value: number | undefined) => (value === undefined ? undefined : fromWireTime(value, at));
  const stored = status === "EXPIRED" || status === "RELEASED" || status === "RESET" ? "FREE" : status;
  const keepsClient = status === "FREE" || status === "BACKUP" || status === "RESET";
  const anonymous = status === "ABANDONED";
  const said = hardwareOf(options.clientHardwareAddress);
  // the bytes that are there already, if they are the same: a copy of each update would live as long as the lease
  const before = anonymous ? undefined : lease.hardware;
  const hardware = said === undefined || sameHardware(said, before) ? before : said;
  const saidId = options.clientIdentifier ?? (keepsClient ? lease.clientId : undefined);
  const clientId = sameBytes(saidId, lease.clientId) ? lease.clientId : saidId;
  const flags = options.ipFlags ?? 0;
  const horizon = time(options.potentialExpirationTime) ?? lease.failover?.tsfp ?? NO_TIME;
  const told = decodePrivateData(options.vendorSpecificOptions);
  const isActive = status === "ACTIVE";
  // what hangs on the client goes with it
  const isSame = isActive && sameClient(lease, { clientId: anonymous ? undefined : clientId, hardware });
  const keeps = isSame || !isActive;
  return {
    address: lease.address,
    status: stored,
    starts: time(options.startTimeOfState) ?? lease.starts,
    ends: time(options.leaseExpirationTime) ?? lease.ends,
    cltt: latest(lease.cltt, time(options.clientLastTransactionTime) ?? NO_TIME),
    clientId: anonymous ? undefined : clientId,
    hardware,
    hostname: (isActive ? told.hostname : undefined) ?? (keeps && status !== "BACKUP" ? lease.hostname : undefined),
    agentOptions: (isActive ? told.agentOptions : undefined) ?? (keeps ? lease.agentOptions : undefined),
    reserved: (flags & RESERVED_FLAG) !== 0,
    bootp: (flags & BOOTP_FLAG) !== 0,
    variables: keeps ? lease.variables : NO_VARIABLES,
    billingClass: keeps ? lease.billingClass : undefined,
    endings: isSame ? lease.endings : undefined,
    failover: { tstp: horizon, tsfp: horizon, atsfp: horizon, owed: false, rewindStatus: stored },
  };
}
