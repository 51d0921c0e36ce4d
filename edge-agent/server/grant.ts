import type { Evaluation } from "../config/evaluation.ts";
import type { DdnsPlan } from "../ddns/plan.ts";
import { OPTION } from "../dhcp/wire/option-codes.ts";
import { type Lease, neverUsed } from "../leases/lease.ts";
import { formatIpv4 } from "../values/ipv4.ts";
import { after, INFINITE, type Seconds, secondsBetween } from "../values/time.ts";
import { answerEffects, reply } from "./answer-grant.ts";
import type { Caller } from "./caller.ts";
import { planNames } from "./dns-names.ts";
import { policy, runAnswer, runHandlers, type Subject } from "./evaluate-for.ts";
import { type Exchange, say, storeLease } from "./exchange.ts";
import type { Candidate } from "./find-lease.ts";
import type { Grant } from "./grant-in-hand.ts";
import { freshAgentOptions, grantedLease } from "./granted-lease.ts";
import { hostOfDynamicLease } from "./hosts.ts";
import { bootpLeaseTime, desiredLeaseTime, requestedTime } from "./lease-time.ts";
import { OFFER_SECONDS } from "./offers.ts";
import { releaseOtherLeases } from "./one-lease.ts";
import { watchPool } from "./pool-threshold.ts";
import { probeFirst } from "./probe-offer.ts";
import { refuse } from "./reply.ts";
import { isSameClient, mayReuse } from "./reuse-lease.ts";

/**
 * Gives `candidate` to the client, if the configuration lets it have it: an offer, which is kept in memory, or a lease, which
 * is stored before the answer leaves. A refusal is a line in the log.
 */
export function grant(exchange: Exchange, caller: Caller, candidate: Candidate, kind: Grant["kind"], text: string): void {
  // The same client again, while we ask whether anybody answers at its address.
  if (exchange.state.probes.has(candidate.address, exchange.at.monotonic)) return;
  const given = prepare(exchange, caller, candidate, kind, text);
  if (kind === "ack" && given.evaluation.flag("one-lease-per-client") === true) releaseOtherLeases(given);
  const refusal = refusalOf(given);
  if (refusal !== undefined) {
    if (refusal !== "") say(exchange, `${text}: ${refusal}`);
    return;
  }
  if (candidate.pool === undefined) grantFixed(given);
  else grantDynamic(given);
}

function prepare(exchange: Exchange, caller: Caller, candidate: Candidate, kind: Grant["kind"], text: string): Grant {
  const { client } = caller;
  const host = candidate.host ?? hostOfDynamicLease(exchange.state.config, client, caller.read.data);
  const { lease } = candidate;
  const current = isSameClient(lease, client, client.clientId) && lease !== undefined && lease.ends > exchange.at.now ? lease : undefined;
  const asked: Subject = {
    client,
    classNames: caller.classes.map(({ className }) => className),
    known: caller.known || host !== undefined,
    lease: current ?? neverUsed(candidate.address),
    address: candidate.address,
    leaseSeconds: secondsLeft(exchange, candidate),
    host,
  };
  const { evaluation, classes, subject } = runAnswer(exchange, caller, candidate, asked);
  const clientId = evaluation.flag("ignore-client-uids") === true ? undefined : client.clientId;
  const sameClient = isSameClient(lease, client, clientId);
  const member = classes === caller.classes ? caller : { ...caller, classes };
  return { exchange, caller: member, candidate, kind, text, host, subject, evaluation, clientId, sameClient };
}

/** What `lease-time` is while scopes run: what is left of the lease or, if that is longer, of an offer of the address. */
function secondsLeft(exchange: Exchange, { address, lease, pool }: Candidate): number | undefined {
  if (pool === undefined) return undefined;
  const { now } = exchange.at;
  const offered = exchange.state.offers.at(address, now);
  const left = Math.max(lease === undefined ? 0 : lease.ends - now, offered === undefined ? 0 : offered.until - now);
  return left > 0 ? left : undefined;
}

/** Why this client may not have an address, in dhcpd's words; empty for a refusal without a word. */
function refusalOf(given: Grant): string | undefined {
  const { evaluation, kind, caller, host } = given;
  const { secs } = caller.client.message;
  const minimum = evaluation.number("min-secs");
  if (kind === "offer" && minimum !== undefined && secs < minimum) {
    return `configured min-secs value (${minimum}) is greater than secs field (${secs}).  message dropped.`;
  }
  if (host === undefined) {
    const unknown = policy(evaluation, "boot-unknown-clients");
    if (unknown === "deny" || unknown === "ignore") return unknown === "deny" ? "unknown client" : "";
  }
  if (kind === "bootp") {
    const bootp = policy(evaluation, "allow-bootp");
    if (bootp === "deny" || bootp === "ignore") return bootp === "deny" ? "bootp disallowed" : "";
  }
  const booting = policy(evaluation, "allow-booting");
  if (booting === "deny" || booting === "ignore") return booting === "deny" ? "booting disallowed" : "";
  return undefined;
}

function grantFixed(given: Grant): void {
  const { exchange, caller, evaluation, candidate, kind, host, subject } = given;
  const seconds = kind === "bootp" ? INFINITE : desiredLeaseTime(exchange, evaluation, caller.client, target(given));
  if (seconds === "closed") return;
  // `lease-time` of a fixed address is null, as in dhcpd
  if (kind !== "offer") {
    const settled = runHandlers(exchange, evaluation, "commit", subject);
    exchange.staticGrants.push({ address: candidate.address, hostName: host?.name ?? "", evaluation: settled, client: caller.client });
    const names = kind === "ack" ? namesFor(given, settled, seconds, NO_VARIABLES) : undefined;
    if (names !== undefined) exchange.names.push({ address: candidate.address, lease: undefined, plan: names });
    reply(given, seconds, names);
    return;
  }
  reply(given, seconds);
}

const NO_VARIABLES: ReadonlyMap<string, Uint8Array> = new Map();

/** What the grant means for DNS (RFC 4702, 4703). */
function namesFor(given: Grant, evaluation: Evaluation, leaseSeconds: number, variables: ReadonlyMap<string, Uint8Array>) {
  const { exchange, caller, candidate, clientId } = given;
  const { digest } = exchange.state.options;
  if (digest === undefined) return undefined;
  const isStatic = candidate.pool === undefined;
  const named = { client: caller.client, clientId, address: candidate.address, variables, leaseSeconds, isStatic };
  return planNames(named, evaluation, digest);
}

function grantDynamic(given: Grant): void {
  const { exchange, caller, evaluation, candidate, kind, text } = given;
  const pool = candidate.pool!;
  if (exchange.authority.claim !== undefined && !isClaimed(given, pool)) return;
  const billing = exchange.state.billing.choose(caller.classes, candidate.lease);
  if (!billing.ok) {
    say(exchange, `${text}: no available billing: lease limit reached in all matching classes (last: '${billing.last}')`);
    return;
  }
  const desired =
    kind === "bootp" ? bootpLeaseTime(exchange, evaluation) : desiredLeaseTime(exchange, evaluation, caller.client, target(given));
  if (desired === "closed") {
    refuse(exchange, caller, candidate.address, "requested address not available");
    return;
  }
  // a BOOTP client is told no time and never renews: what is shorter than it may keep the address for would be given to somebody else (dhcpd)
  const seconds = kind === "bootp" ? desired : exchange.authority.grantable(pool, candidate.lease, desired, exchange.at);
  const { client } = caller;
  const { sameClient } = given;
  const change = { pool, client, billing: billing.billing, hostname: client.hostname, sameClient, isBootp: kind === "bootp" };
  if (kind === "offer") {
    const held = exchange.state.offers.takenUp(caller.client.key, candidate.address, exchange.at.now);
    const reused = held === undefined && candidate.lease !== undefined && mayReuse(exchange, evaluation, candidate.lease, change);
    if (reused) offerAgain(given, secondsBetween(exchange.at.now, candidate.lease!.ends));
    else offer(given, seconds);
  } else commit(given, { seconds, desired, change });
}

/** Where a witness must be asked: is the address this client's to have? If it must be waited for, it is held meanwhile. */
function isClaimed(given: Grant, pool: NonNullable<Candidate["pool"]>): boolean {
  const { exchange, caller, candidate, text } = given;
  if (given.sameClient && candidate.lease?.status === "ACTIVE") return true;
  const { client } = caller;
  const { address, lease } = candidate;
  const wanted = { address, lease, clientId: given.clientId, hardware: client.hardware, datagram: client.datagram };
  const verdict = exchange.authority.claim?.(pool, wanted, exchange.at) ?? "granted";
  if (verdict === "granted") return true;
  if (verdict === "waiting") holdFor(given);
  say(exchange, `${text}: ${verdict === "waiting" ? "asking" : "refused by"} the ledger for ${formatIpv4(address)}`);
  return false;
}

/** Nobody else is offered the address for two minutes. */
function holdFor(given: Grant): void {
  const { exchange, candidate } = given;
  const { client } = given.caller;
  const { offers } = exchange.state;
  const until = after(exchange.at.now, OFFER_SECONDS as Seconds);
  const before = offers.takenUp(client.key, candidate.address, exchange.at.now);
  // A copy: an offer outlives its packet.
  const hardware = { htype: client.hardware.htype, bytes: client.hardware.bytes.slice() };
  const offer = {
    address: candidate.address,
    client: client.key,
    hardware,
    via: client.via,
    until,
    hostname: client.hostname,
    vendorClass: client.message.options.get(OPTION.vendorClass)?.slice() ?? before?.vendorClass,
    agentOptions: candidate.lease?.status === "ACTIVE" ? (freshAgentOptions(given) ?? before?.agentOptions) : undefined,
  };
  offers.add(offer, exchange.at.now);
}

/** The offer of a lease that goes on as it is. */
function offerAgain(given: Grant, left: Seconds): void {
  given.subject.leaseSeconds = Math.max(left, OFFER_SECONDS);
  reply({ ...given, keptName: given.candidate.lease?.hostname }, left);
}

function offer(given: Grant, seconds: Seconds): void {
  const { exchange, caller, candidate } = given;
  const { client } = caller;
  const { offers } = exchange.state;
  // An offer is a lease of two minutes, unless the client has a longer one.
  const left = candidate.lease?.status === "ACTIVE" ? secondsBetween(exchange.at.now, candidate.lease.ends) : 0;
  given.subject.leaseSeconds = Math.max(left, OFFER_SECONDS);
  const repeated = offers.at(candidate.address, exchange.at.now)?.client === client.key;
  // Also of a lease in use: what the client says of itself has changed, and the lease is written anew when it asks for it.
  holdFor(given);
  if (!repeated && probeFirst(given, () => answerEffects(given, seconds))) return;
  reply(given, seconds);
}

interface Terms {
  readonly seconds: Seconds;
  readonly desired: Seconds;
  readonly change: Parameters<typeof mayReuse>[3];
}

function commit(given: Grant, terms: Terms): void {
  const { exchange, caller, candidate, evaluation, kind, subject } = given;
  const pool = candidate.pool!;
  const { state, at } = exchange;
  const leaseSeconds = terms.seconds;
  subject.leaseSeconds = leaseSeconds;
  const hasCommit = evaluation.handlers.length > 0;
  const settled = hasCommit ? runHandlers(exchange, evaluation, "commit", subject) : evaluation;
  const held = state.offers.takenUp(caller.client.key, candidate.address, at.now);
  // also one to the same machine under another identifier: the address is given now
  const offered = held ?? state.offers.at(candidate.address, at.now);
  if (offered !== undefined) state.offers.drop(offered);
  const names = kind === "ack" ? namesFor(given, settled, leaseSeconds, given.sameClient ? settled.variables : NO_VARIABLES) : undefined;
  const reserved = kind === "ack" && requestedTime(caller.client) === INFINITE && evaluation.flag("infinite-is-reserved") === true;
  if (reserved) say(exchange, `Infinite-leasetime reservation made on ${formatIpv4(candidate.address)}.`);
  // What is still to be done in DNS needs the lease written anew, with what it leads to.
  const fresh = held !== undefined || (names !== undefined && names.tasks.length > 0);
  if (!fresh && candidate.lease !== undefined && mayReuse(exchange, evaluation, candidate.lease, terms.change)) {
    reply({ ...given, keptName: candidate.lease.hostname }, secondsBetween(at.now, candidate.lease.ends), names);
    return;
  }
  const variables = withNames(settled.variables, names);
  const draft = grantedLease(given, { seconds: leaseSeconds, reserved, billing: terms.change.billing, variables, offered: held });
  const stored: Lease = exchange.authority.changed(pool, candidate.lease, draft, terms.desired, at);
  storeLease(exchange, {
    cause: "granted",
    pool,
    before: candidate.lease,
    after: stored,
    evaluation: settled,
    client: caller.client,
  });
  watchPool(exchange, pool, evaluation, { address: candidate.address, added: candidate.lease?.status !== "ACTIVE" });
  if (names !== undefined) exchange.names.push({ address: candidate.address, lease: stored, plan: names });
  reply(given, leaseSeconds, names);
}

/** The variables that the plan sets at once; the others follow as DNS answers. */
function withNames(variables: ReadonlyMap<string, Uint8Array>, plan: DdnsPlan | undefined): ReadonlyMap<string, Uint8Array> {
  if (plan === undefined || plan.variables.length === 0) return variables;
  const changed = new Map(variables);
  for (const { name, value } of plan.variables) {
    if (value === undefined) changed.delete(name);
    else changed.set(name, value);
  }
  return changed;
}

const target = ({ candidate }: Grant) => ({
  pool: candidate.pool,
  lease: candidate.lease,
  address: candidate.address,
  addressText: formatIpv4(candidate.address),
});
