import type { Pool } from "../config/agent-config.ts";
import { ownFree, partnersFree, type Relationship } from "../failover/relationship.ts";
import type { Lease } from "../leases/lease.ts";
import type { BindingEvent } from "../ledger/binding-event.ts";
import { safeWait, silenceThatEnds } from "../ledger/lengths.ts";
import { nextTs } from "../ledger/outbox.ts";
import { withClaim } from "../ledger/site-state.ts";
import type { DatagramReceived } from "../server/event.ts";
import { OFFER_SECONDS } from "../server/offers.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Instant, MonotonicMillis } from "../values/time.ts";
import type { Claim, SiteAgent } from "./ledger.ts";

/** Clients that may wait for a claim at one time; who comes later gets an address of our own or asks again. */
const MOST_CLAIMS = 1000;
/** A refused address is asked for again after that long. */
const REFUSED_MILLIS = 60_000;

/**
 * Was this address the partner's to give, or may it have been extended by the partner without our knowing? Then it is
 * given to another client by a claim only.
 */
export function needsClaim(relationship: Relationship, lease: Lease | undefined): boolean {
  const status = lease?.status ?? "FREE";
  if (status === partnersFree(relationship) || status === "ABANDONED") return true;
  const times = lease?.failover;
  return status === ownFree(relationship) && times?.owed === true && times.rewindStatus !== ownFree(relationship);
}

/**
 * When an address that needs a claim may be asked for (ledger.md 3.6): MCLT and the allowances after we learnt of the grant, and
 * MCLT after its last known end; on a person's word also after the longest time that the partner may have gone on unaware.
 */
export function mayClaim(site: SiteAgent, lease: Lease | undefined, mcltSeconds: number, at: Instant): boolean {
  const { core, forced } = site;
  const { grant } = core;
  if (site.clockDoubt !== undefined || (grant === undefined && forced === undefined)) return false;
  // a word given after the grant is about a partner that had come back since
  const learntAt = Math.max(grant?.learntAt ?? 0, forced?.at ?? 0);
  if (grant !== undefined && !(grant.caughtUp && core.reachable)) return false;
  const attested = grant?.basis !== "lapsed" || forced !== undefined;
  const extra = attested ? silenceThatEnds(Math.max(core.partnerLeaseMillis, core.config.leaseMillis)) : 0;
  if (at.monotonic < learntAt + safeWait(mcltSeconds * 1000) + extra) return false;
  const wasBound = lease !== undefined && lease.failover?.owed === true;
  return !wasBound || at.now >= lease.ends + mcltSeconds + Math.ceil(extra / 1000);
}

/** Is this address asked for by, or promised to, somebody else, or was it refused? */
export const isTaken = (site: SiteAgent, address: Ipv4Address, at: Instant): boolean => {
  const claim = site.claims.get(address);
  return claim !== undefined && claim.state === "refused" && claim.until > at.monotonic;
};

export type ClaimVerdict = "granted" | "waiting" | "refused";

/** Asks for an address for a client, unless that is done already; `waiting` is served again when the outcome is known. */
export function askFor(
  site: SiteAgent,
  wanted: { readonly address: Ipv4Address; readonly client: string; readonly waiting: DatagramReceived; readonly pool: Pool },
  at: Instant,
): { readonly site: SiteAgent; readonly verdict: ClaimVerdict } {
  const { address, client, waiting } = wanted;
  const until = (at.monotonic + OFFER_SECONDS * 1000) as MonotonicMillis;
  const known = site.claims.get(address);
  if (known !== undefined && known.client === client && known.until > at.monotonic) {
    if (known.state === "granted") return { site: withEntry(site, address, { ...known, until }), verdict: "granted" };
    if (known.state === "refused") return { site, verdict: "refused" };
    return { site: withEntry(site, address, { ...known, waiting, until }), verdict: "waiting" };
  }
  if (known !== undefined && known.state === "asked") return { site, verdict: "refused" };
  if (site.claims.size >= MOST_CLAIMS || site.core.standing.mode !== "SOLE") {
    // vouched for by a person, with no ledger to ask: the waits have to do
    return { site, verdict: site.forced !== undefined && site.core.standing.mode === "PAIR" ? "granted" : "refused" };
  }
  const wallMillis = (at.now + at.wallOffset) * 1000;
  const ts = nextTs(site.outbox, wallMillis);
  const expires = ts + OFFER_SECONDS * 1000;
  const event: BindingEvent = {
    address,
    status: "ACTIVE",
    client,
    ts,
    expires,
    potential: expires,
    epoch: site.core.standing.epoch,
    hostname: undefined,
    fromPartner: false,
    renewal: false,
    renewals: 1,
    lastTs: ts,
  };
  const claimed = withClaim(site.core, event, wallMillis);
  // somebody waits: no gathering, unless the ledger is failing
  const core = claimed.failures.data > 0 ? claimed : { ...claimed, notBefore: { ...claimed.notBefore, data: at.monotonic } };
  const asked = { ...site, core, outbox: { ...site.outbox, lastTs: ts } };
  return { site: withEntry(asked, address, { client, state: "asked", until, waiting }), verdict: "waiting" };
}

/** The ledger has spoken. Gives the message that waited. */
export function claimSettled(
  site: SiteAgent,
  address: Ipv4Address,
  granted: boolean,
  at: Instant,
): { readonly site: SiteAgent; readonly waiting: DatagramReceived | undefined } {
  const claim = site.claims.get(address);
  if (claim === undefined) return { site, waiting: undefined };
  const until = granted ? claim.until : ((at.monotonic + REFUSED_MILLIS) as MonotonicMillis);
  const settled: Claim = { ...claim, state: granted ? "granted" : "refused", until, waiting: undefined };
  return { site: withEntry(site, address, settled), waiting: claim.waiting };
}

/** Forgets claims whose time is over, all of them with `areOver`; those that were granted and never used are to be given back. */
export function lapse(
  site: SiteAgent,
  at: Instant,
  areOver: boolean,
): { readonly site: SiteAgent; readonly unused: readonly [Ipv4Address, string][] } {
  let claims: Map<Ipv4Address, Claim> | undefined;
  const unused: [Ipv4Address, string][] = [];
  for (const [address, claim] of site.claims) {
    if (!areOver && (claim.until > at.monotonic || claim.state === "asked")) continue;
    claims ??= new Map(site.claims);
    claims.delete(address);
    if (claim.state === "granted") unused.push([address, claim.client]);
  }
  return { site: claims === undefined ? site : { ...site, claims }, unused };
}

/** A lease was made of a claim, or the reason for claims is over. */
export function withoutClaim(site: SiteAgent, address: Ipv4Address): SiteAgent {
  if (!site.claims.has(address)) return site;
  const claims = new Map(site.claims);
  claims.delete(address);
  return { ...site, claims };
}

function withEntry(site: SiteAgent, address: Ipv4Address, claim: Claim): SiteAgent {
  return { ...site, claims: new Map(site.claims).set(address, claim) };
}
