import type { Pool } from "../config/agent-config.ts";
import type { DhcpMessage } from "../dhcp/wire/message.ts";
import { freeAt } from "../failover/binding/reclaiming.ts";
import { clientOwner } from "../failover/buckets.ts";
import { waitedMclt } from "../failover/endpoint/state.ts";
import { agreedHorizon, grantable, potentialExpiry, takeableAt, timesOf } from "../failover/lease-times.ts";
import { partnerHasFree, service } from "../failover/permissions.ts";
import { isPrimary, nameOf, ownFree, partnersFree, type Relationship } from "../failover/relationship.ts";
import type { Lease } from "../leases/lease.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { PoolAuthority, RequestKind } from "../server/pool-authority.ts";
import { type HardwareAddress, sameBytes, sameHardware } from "../values/hardware-address.ts";
import { type Ipv4Address, ipv4FromBytes, UNSPECIFIED } from "../values/ipv4.ts";
import { after, type Instant, latest, NO_TIME, type Seconds } from "../values/time.ts";

type Answer = ReturnType<PoolAuthority["answers"]>;
const YES: Answer = { ok: true };
const no = (reason: string): Answer => ({ ok: false, reason });

const REQUESTED_ADDRESS = 50;
const CLIENT_IDENTIFIER = 61;

/** What a server may do with the addresses that it shares with a partner: the port of `server` filled by `failover`. */
export class FailoverAuthority implements PoolAuthority {
  readonly #relationship: Relationship;
  readonly #view: LeaseView;

  readonly #alone: boolean;

  /** `alone`: the partner is known to serve nobody, so its share of the clients is ours whatever our state. */
  constructor(relationship: Relationship, view: LeaseView, alone = false) {
    this.#relationship = relationship;
    this.#view = view;
    this.#alone = alone;
  }

  answers(pool: Pool, kind: RequestKind, message: DhcpMessage, at: Instant): Answer {
    const may = service(this.#relationship);
    if (may.service === "none") return no(`not responding${may.silence}`);
    if (kind === "discover" || kind === "bootp") {
      if (may.service === "renewals") return no(`not responding${may.silence}`);
      return may.service === "cooperating" && kind === "discover" ? this.#balanced(pool, message) : YES;
    }
    if (kind === "release" || kind === "decline") return YES;
    return this.#requested(pool, message, may, at);
  }

  /** Load balancing (RFC 3074): the partner's clients are the partner's, until they have waited too long or it has nothing for them. */
  #balanced(pool: Pool, message: DhcpMessage): Answer {
    const relationship = this.#relationship;
    const limit = relationship.config.peer.loadBalanceMaxSeconds;
    const secs = relationship.config.checkSecsByteOrder === true ? inNetworkOrder(message.secs) : message.secs;
    if (this.#alone || limit === 0 || secs > limit) return YES;
    const identity = message.options.get(CLIENT_IDENTIFIER);
    if (clientOwner(relationship, identity, senderOf(message)) !== "partners") return YES;
    const partnerServes = partnerHasFree(relationship, pool.id, (id, status) => this.#view.counts(id)[status]);
    return partnerServes ? no(`load balance to peer ${nameOf(relationship)}`) : YES;
  }

  /** DHCPREQUEST: never balanced, but an available address of the partner's is the partner's to give. */
  #requested(pool: Pool, message: DhcpMessage, may: ReturnType<typeof service>, at: Instant): Answer {
    const address = askedFor(message);
    const lease = address === UNSPECIFIED ? undefined : this.#view.get(address);
    if (may.service === "renewals" && !(lease?.status === "ACTIVE" && isHolder(lease, message))) return no(`not responding${may.silence}`);
    if (address === UNSPECIFIED || this.#view.poolOf(address) !== pool.id) return YES;
    const status = lease?.status ?? "FREE";
    if (status === "FREE" || status === "BACKUP") {
      const isOurs = this.allocatable(pool, at).statuses.includes(status) && this.mayAllocate(pool, lease, at);
      return isOurs ? YES : no("lease owned by peer");
    }
    const isEnding = status === "EXPIRED" || status === "RELEASED" || status === "RESET";
    if (!isEnding || (lease !== undefined && timesOf(lease).rewindStatus === "ACTIVE")) return YES;
    return no(`lease in transition state ${status.toLowerCase()}`);
  }

  allocatable(_pool: Pool, at: Instant): ReturnType<PoolAuthority["allocatable"]> {
    const relationship = this.#relationship;
    const { endpoint } = relationship;
    const order = isPrimary(relationship) ? "ascending" : "descending";
    // silence is told by `answers`: a server that may not speak still knows which addresses are its own
    const alone = endpoint.state === "PARTNER-DOWN" && after(endpoint.partnerLastAlive, waitedMclt(endpoint)) <= at.now;
    return { statuses: alone ? [ownFree(relationship), partnersFree(relationship)] : [ownFree(relationship)], order };
  }

  mayAllocate(_pool: Pool, lease: Lease | undefined, at: Instant): boolean {
    const relationship = this.#relationship;
    const { endpoint } = relationship;
    const status = lease?.status ?? "FREE";
    if (status === ownFree(relationship) || (status === "ABANDONED" && isPrimary(relationship) && !isUnheard(lease))) return true;
    if (status !== partnersFree(relationship) && status !== "ABANDONED") return false;
    return endpoint.state === "PARTNER-DOWN" && takeableAt(lease, endpoint.partnerLastAlive, waitedMclt(endpoint)) <= at.now;
  }

  grantable(_pool: Pool, lease: Lease | undefined, desired: Seconds, at: Instant): Seconds {
    const { mclt } = this.#relationship.endpoint;
    return mclt === 0 ? desired : grantable(lease, desired, mclt, at.now);
  }

  changed(_pool: Pool, before: Lease | undefined, after: Lease, desired: Seconds | undefined, at: Instant): Lease {
    const times = before === undefined ? timesOf({ ...after, status: "FREE", ends: NO_TIME, failover: undefined }) : timesOf(before);
    if (before !== undefined && desired === undefined && saysTheSame(before, after)) return { ...after, failover: times };
    const isGrant = after.status === "ACTIVE" && desired !== undefined;
    // never less than before: the partner goes by what it heard last, until it hears of this
    const tstp = isGrant ? latest(potentialExpiry(at.now, after.ends, desired), times.tstp, times.tsfp) : times.tstp;
    const tsfp = isGrant && before !== undefined ? agreedHorizon(before) : times.tsfp;
    // the end of the lease before may not have reached the partner, which has the address in use then
    const isUnheardEnd = isGrant && times.owed && (before?.status === "FREE" || before?.status === "BACKUP");
    const rewindStatus = isUnheardEnd ? "ACTIVE" : times.rewindStatus;
    return { ...after, failover: { ...times, tstp, tsfp, atsfp: NO_TIME, owed: true, rewindStatus } };
  }

  ended(_pool: Pool, lease: Lease, cause: "expired" | "released", at: Instant): Lease {
    const relationship = this.#relationship;
    const { endpoint } = relationship;
    const own = ownFree(relationship);
    const times = timesOf(lease);
    if (lease.status === "ABANDONED") return { ...lease, status: "FREE", failover: { ...times, tstp: at.now, atsfp: NO_TIME, owed: true } };
    const ended: Lease = {
      ...lease,
      status: cause === "expired" ? "EXPIRED" : "RELEASED",
      ends: cause === "expired" ? lease.ends : at.now,
    };
    // tstp stays: until the partner has heard of the end, it may extend the lease by all that it was told before
    const owed = { ...times, atsfp: NO_TIME, owed: true };
    // the partner has never heard that the address was in use: it may be wound back
    const unheard = times.rewindStatus === own && endpoint.state !== "NORMAL";
    if (unheard) return { ...ended, status: own, failover: { ...times, tstp: ended.ends, owed: false } };
    const alone = endpoint.state === "PARTNER-DOWN" && freeAt(relationship, { ...ended, failover: times }) <= at.now;
    return { ...ended, status: alone ? own : ended.status, failover: alone ? { ...owed, tstp: ended.ends } : owed };
  }

  mayExpire(_pool: Pool, lease: Lease, _at: Instant): boolean {
    const { endpoint } = this.#relationship;
    if (endpoint.startupUntil !== undefined) return false;
    if (lease.status === "ABANDONED" && isUnheard(lease) && endpoint.state !== "PARTNER-DOWN") return false;
    if (endpoint.state === "NORMAL") return isPrimary(this.#relationship);
    return endpoint.state === "COMMUNICATIONS-INTERRUPTED" || endpoint.state === "PARTNER-DOWN";
  }
}

/** The partner has yet to hear of it: there the address may be in use. */
const isUnheard = (lease: Lease | undefined): boolean => lease?.failover?.owed === true;

/** A number above 255 whose low byte is 0 is taken for one whose bytes are swapped (dhcpd). */
const inNetworkOrder = (secs: number): number => (secs > 255 && (secs & 255) === 0 ? secs >>> 8 : secs);

const senderOf = (message: DhcpMessage): HardwareAddress => ({
  htype: message.htype,
  bytes: message.chaddr.subarray(0, Math.min(message.hlen, 16)),
});

/** The address that a DHCPREQUEST is about; 0.0.0.0 if it names none. */
export function askedFor(message: DhcpMessage): Ipv4Address {
  if (message.ciaddr !== UNSPECIFIED) return message.ciaddr;
  const requested = message.options.get(REQUESTED_ADDRESS);
  return requested?.length === 4 ? ipv4FromBytes(requested) : UNSPECIFIED;
}

/** Is the message from the client that has this lease? */
export function isHolder(lease: Lease, message: DhcpMessage): boolean {
  const identity = message.options.get(CLIENT_IDENTIFIER);
  if (lease.clientId !== undefined && identity !== undefined) return sameBytes(lease.clientId, identity);
  return sameHardware(lease.hardware, senderOf(message));
}

/** Nothing that the partner is told of has changed. */
const saysTheSame = (before: Lease, after: Lease): boolean =>
  before.status === after.status &&
  before.ends === after.ends &&
  before.reserved === after.reserved &&
  before.bootp === after.bootp &&
  sameBytes(before.clientId, after.clientId) &&
  sameHardware(before.hardware, after.hardware);
