import type { Ipv4Address } from "../values/ipv4.ts";
import type { MonotonicMillis } from "../values/time.ts";
import type { BindingEvent } from "./binding-event.ts";
import type { LedgerCall, OutboxEntry, ServerRow, Standing } from "./calls.ts";
import type { ClockStep } from "./clock-steps.ts";
import { type ColdStart, type Mode, noLease, type ServingLease, suspended } from "./serving-lease.ts";
import { type Evidence, noEvidence } from "./witness.ts";

/** How one failover relationship takes part in the ledger. */
export interface SiteConfig {
  readonly site: string;
  readonly server: "A" | "B";
  /** Length of the serving lease: the autonomy of a server cut off from partner and ledger. */
  readonly leaseMillis: number;
  readonly mcltMillis: number;
  readonly coldStart: ColdStart;
  /** Write units a second that the site's mirrors take together; 0: no limit. */
  readonly writeBudget: number;
  /** The partner is no Tandem agent: nothing fences it, no partner leases are exchanged. */
  readonly partnerIsForeign: boolean;
}

/** What the rest of the agent tells this core when it steps. */
export interface Surroundings {
  readonly failoverState: string;
  /** Communications with the partner are interrupted. */
  readonly interrupted: boolean;
  readonly outbox: OutboxPosition;
}

/** Where the durable outbox stands. */
export interface OutboxPosition {
  /** Oldest entries not yet in the ledger, as many as a call takes. */
  readonly head: readonly OutboxEntry[];
  readonly queued: number;
}

export interface SiteState {
  readonly config: SiteConfig;
  readonly boot: string;
  /** "restored": it was let in by a ledger that was restored since, which it is to tell what it was; "told": it has. */
  readonly phase: "reading" | "booting" | "running" | "restored" | "told" | "stopped";
  readonly standing: Standing;
  readonly lease: ServingLease;
  readonly evidence: Evidence;
  readonly partnerLeaseMillis: number;
  /** The lease length that our row in the ledger names, at least: the partner waits for so long. 0 before the first heartbeat. */
  readonly publishedLeaseMillis: number;
  /** Incarnations of this server that ran on this machine with this store, oldest first. */
  readonly boots: readonly string[];
  /** Events of this server that its store had counted at the start, by the ledger's numbers; undefined: there is no record of a former run. */
  readonly counted: number | undefined;
  readonly beat: number;
  readonly ack: number;
  /** Calls under way, by lane; one each. */
  readonly busy: Readonly<Record<Lane, LedgerCall | undefined>>;
  /** The earliest moment for the next call of a lane. */
  readonly notBefore: Readonly<Record<Lane, MonotonicMillis>>;
  readonly failures: Readonly<Record<Lane, number>>;
  /** Why there was no answer to what went last, by lane; for people. */
  readonly troubles: Readonly<Partial<Record<Lane, string | undefined>>>;
  readonly batchLimit: number;
  /** Until then what was mirrored uses up what may be written. */
  readonly mirrorFrom: MonotonicMillis;
  /** The last outbox entry that ever left in a mirror call, by the ledger's number: it may be in the history, whatever was answered. */
  readonly sentUpTo: number;
  /** Addresses of the partner's share that are being asked for, in order of asking. */
  readonly claims: readonly PendingClaim[];
  readonly nextClaim: number;
  readonly grant: Grant | undefined;
  readonly reachable: boolean;
  readonly lastSuccessAt: MonotonicMillis | undefined;
  readonly wishes: readonly LedgerCall[];
  /** The ledger was restored to before what the outbox keeps: its current rows are to be compared with the leases. */
  readonly compares: boolean;
  readonly conflicts: number;
  /** Times of which the history is not sure by this server's clock; heartbeats tell of them. */
  readonly clockSteps: readonly ClockStep[];
}

/** Heartbeats; looks at the partner; outbox and claims (both lead with our own row, so never at once); requests to the control plane. */
export type Lane = "beat" | "partner" | "data" | "control";

export interface PendingClaim {
  readonly entry: OutboxEntry;
  /** The wall clock when it was put on the list: the event's time may be ahead of that. Milliseconds since 1970. */
  readonly wallMillis: number;
  /** Under way: its outcome must be known before the address is offered or asked for again. */
  readonly asked: boolean;
}

/** PARTNER-DOWN as the ledger granted it, from the moment we learnt of it. */
export interface Grant {
  readonly epoch: number;
  /** What is claimed waits from then: we knew of it, and nothing that we answered gave the partner a right to serve any more. */
  readonly learntAt: MonotonicMillis;
  /** The partner's current rows were read and merged. */
  readonly caughtUp: boolean;
  /** By the partner's silence, or by a person's word; known once caught up. */
  readonly basis: "lapsed" | "attested";
}

export const MAX_BATCH = 49;
export const CLAIM_LIMIT = 1000;
/** Claims have numbers of their own, because they overtake the outbox. */
export const FIRST_CLAIM = 1_000_000_000;

/** The highest epoch and mode this server ever saw; a lower one in the ledger means a table set back, and is not believed. */
export interface KnownStanding {
  readonly epoch: number;
  readonly mode: "PAIR" | "SOLE" | "DOWN";
  readonly nextClaim: number;
  readonly boots: readonly string[];
  readonly counted?: number;
  readonly compares?: boolean;
  readonly clockSteps?: readonly ClockStep[];
}
/** Former incarnations that are remembered. */
const MOST_BOOTS = 32;
export const withBoot = (boots: readonly string[], boot: string): readonly string[] => [
  ...boots.filter((each) => each !== boot).slice(1 - MOST_BOOTS),
  boot,
];

/** The machine stood still, or its clock was set ahead: nobody knows for how long. Serves on when the ledger or the partner has answered anew. */
export const doubted = (state: SiteState, now: MonotonicMillis): SiteState => ({
  ...state,
  lease: suspended(state.lease),
  evidence: { ...noEvidence(now), published: state.evidence.published },
  notBefore: { ...state.notBefore, beat: now },
});

/** Puts an address of the partner's share on the list of those to ask for; it must not be on it. */
export function withClaim(state: SiteState, event: BindingEvent, wallMillis: number): SiteState {
  const claim: PendingClaim = { entry: { seq: state.nextClaim, event }, wallMillis, asked: false };
  return { ...state, claims: [...state.claims, claim], nextClaim: state.nextClaim + 1 };
}
/** Does the call carry a person's word? */
export const isForced = (call: LedgerCall | undefined): boolean => call?.op === "ask-partner-down" && call.force !== undefined;

/** The word that the call carries, if it is one that was acted upon already. */
export const toldBy = (call: LedgerCall | undefined): number | undefined =>
  call?.op === "tell-word" ? call.word.actedAt : call?.op === "ask-partner-down" ? call.force?.actedAt : undefined;

/**
 * Puts a request to the control plane on the list, a person's before our own; one of a kind at a time. A person's word is another kind: it
 * takes the place of the request without, and follows one that is under way.
 */
export function withWish(state: SiteState, call: LedgerCall, isPersons = false): SiteState {
  const says = (other: LedgerCall | undefined) => other?.op === call.op && (isForced(other) || !isForced(call));
  if (says(state.busy.control) || state.wishes.some(says)) return state;
  const others = state.wishes.filter(({ op }) => op !== call.op);
  return { ...state, wishes: isPersons ? [call, ...others] : [...others, call] };
}

export function newSite(config: SiteConfig, boot: string, known: KnownStanding | undefined, now: MonotonicMillis): SiteState {
  const mode = known?.mode ?? "PAIR";
  return {
    config,
    boot,
    phase: "reading",
    standing: { epoch: known?.epoch ?? 0, mode, boot },
    lease: noLease(mode === "SOLE" ? "PAIR" : mode),
    evidence: noEvidence(now),
    partnerLeaseMillis: config.leaseMillis,
    publishedLeaseMillis: 0,
    boots: known?.boots ?? [],
    counted: known === undefined ? undefined : (known.counted ?? 0),
    beat: 0,
    ack: 0,
    busy: { beat: undefined, partner: undefined, data: undefined, control: undefined },
    notBefore: { beat: now, partner: now, data: now, control: now },
    failures: { beat: 0, partner: 0, data: 0, control: 0 },
    troubles: {},
    batchLimit: MAX_BATCH,
    mirrorFrom: now,
    sentUpTo: 0,
    claims: [],
    nextClaim: known?.nextClaim ?? FIRST_CLAIM,
    grant: undefined,
    reachable: false,
    lastSuccessAt: undefined,
    wishes: [],
    compares: known?.compares === true,
    conflicts: 0,
    clockSteps: known?.clockSteps ?? [],
  };
}

export const laneOf = (call: LedgerCall): Lane => {
  switch (call.op) {
    case "read-self":
    case "boot":
    case "heartbeat":
      return "beat";
    case "read-partner":
      return "partner";
    case "mirror":
    case "claim":
    case "catch-up":
      return "data";
    default:
      return "control";
  }
};

export const standingOf = (row: ServerRow & { readonly mode: Mode }): Standing => ({ epoch: row.epoch, mode: row.mode, boot: row.boot });
/** Is a claim for this address waiting or under way? */
export const isClaimed = (state: SiteState, address: Ipv4Address): boolean =>
  state.claims.some(({ entry }) => entry.event.address === address);
