import type { MonotonicMillis } from "../values/time.ts";
import { silenceThatEnds } from "./lengths.ts";

/**
 * What this server knows of its partner's silence, on its own clock: the evidence by which the ledger grants PARTNER-DOWN.
 * Kept only while communications are interrupted.
 */
export interface Evidence {
  /** The partner's heartbeat counter as last seen, and since when it stood still; undefined before the first look. */
  readonly counter: { readonly value: number; readonly since: MonotonicMillis } | undefined;
  /** When this server last answered the partner, which gave it a partner lease; undefined: not since the start. */
  readonly peerLeaseGivenAt: MonotonicMillis;
  /** Evidence sufficient for a grant went out and was not taken back: the partner must not be answered. */
  readonly published: boolean;
}

/** At a start, a lease given by the former incarnation may still run: the clock starts then. */
export const noEvidence = (startedAt: MonotonicMillis): Evidence => ({ counter: undefined, peerLeaseGivenAt: startedAt, published: false });

/** The partner's counter was read; `answeredAt` is when the answer came, never when it was asked. */
export function counterSeen(evidence: Evidence, value: number, answeredAt: MonotonicMillis): Evidence {
  if (evidence.counter?.value === value) return evidence;
  return { ...evidence, counter: { value, since: answeredAt } };
}

/** Figures for a heartbeat sent at `now`; -1 and zeros take evidence back. */
export interface PublishedEvidence {
  readonly partnerHb: number;
  readonly partnerStillMs: number;
  readonly peerLeaseAgoMs: number;
}

/** What the next heartbeat says, and whether from now on it binds us. `partnerLeaseMs` is the partner's published lease length. */
export function publish(
  evidence: Evidence,
  now: MonotonicMillis,
  interrupted: boolean,
  lengths: { readonly partnerLeaseMs: number; readonly peerLeaseMs: number },
): { readonly evidence: Evidence; readonly figures: PublishedEvidence } {
  if (!interrupted || evidence.counter === undefined) {
    return { evidence, figures: { partnerHb: -1, partnerStillMs: 0, peerLeaseAgoMs: 0 } };
  }
  const partnerStillMs = Math.max(0, now - evidence.counter.since);
  const peerLeaseAgoMs = Math.max(0, now - evidence.peerLeaseGivenAt);
  const sufficient = partnerStillMs >= silenceThatEnds(lengths.partnerLeaseMs) && peerLeaseAgoMs >= silenceThatEnds(lengths.peerLeaseMs);
  return {
    evidence: { ...evidence, published: evidence.published || sufficient },
    figures: { partnerHb: evidence.counter.value, partnerStillMs: Math.floor(partnerStillMs), peerLeaseAgoMs: Math.floor(peerLeaseAgoMs) },
  };
}

/** A later heartbeat that took the evidence back has succeeded, and the ledger still says PAIR: answering is safe again. */
export const withdrawn = (evidence: Evidence): Evidence => ({ ...evidence, published: false, counter: undefined });

/**
 * May the partner be answered in a way that lets it serve? Not once evidence is out that could turn it DOWN, unless it can show
 * a counter that has moved on, which voids the evidence; and never by a sole server.
 */
export function mayGivePeerLease(evidence: Evidence, mode: "PAIR" | "SOLE" | "DOWN", partnerShows: number | undefined): boolean {
  if (mode !== "PAIR") return false;
  if (!evidence.published) return true;
  return partnerShows !== undefined && evidence.counter !== undefined && partnerShows > evidence.counter.value;
}

export const peerLeaseGiven = (evidence: Evidence, now: MonotonicMillis): Evidence => ({ ...evidence, peerLeaseGivenAt: now });
