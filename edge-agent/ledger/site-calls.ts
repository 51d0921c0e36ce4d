import type { MonotonicMillis } from "../values/time.ts";
import type { LedgerCall } from "./calls.ts";
import { laterBy, peerLeaseMillis } from "./lengths.ts";
import { endingBy } from "./serving-lease.ts";
import type { Lane, SiteState, Surroundings } from "./site-state.ts";
import { publish } from "./witness.ts";

/** Starts whatever calls are due. */
export function startCalls(
  state: SiteState,
  now: MonotonicMillis,
  around: Surroundings,
): { readonly state: SiteState; readonly calls: readonly LedgerCall[] } {
  const calls: LedgerCall[] = [];
  let current = state;
  for (const lane of ["beat", "partner", "data", "control"] as const) {
    if (current.phase === "stopped" || current.busy[lane] !== undefined || now < current.notBefore[lane]) continue;
    const next = nextCall(current, lane, now, around);
    if (next === undefined) continue;
    current = { ...next.state, busy: { ...next.state.busy, [lane]: next.call } };
    calls.push(next.call);
  }
  return { state: current, calls };
}

/** When {@link startCalls} next has something to start, if nothing else happens. */
export function nextCallAt(
  state: SiteState,
  around: Pick<Surroundings, "interrupted"> & { readonly queued: number },
): MonotonicMillis | undefined {
  if (state.phase === "stopped") return undefined;
  const wanted: Lane[] = ["beat"];
  if (state.phase === "running" && around.interrupted && state.standing.mode === "PAIR") wanted.push("partner");
  const isWaitedFor = hasUrgentData(state);
  if (state.phase === "running" && (around.queued > 0 || isWaitedFor || mayCompare(state, around))) wanted.push("data");
  if (state.phase === "running" && state.wishes.length > 0) wanted.push("control");
  const times = wanted
    .filter((lane) => state.busy[lane] === undefined)
    .map((lane) => (lane === "data" && !isWaitedFor ? Math.max(state.notBefore.data, state.mirrorFrom) : state.notBefore[lane]));
  return times.length === 0 ? undefined : (Math.min(...times) as MonotonicMillis);
}

function nextCall(
  state: SiteState,
  lane: Lane,
  now: MonotonicMillis,
  around: Surroundings,
): { readonly state: SiteState; readonly call: LedgerCall } | undefined {
  if (lane === "beat") return nextBeat(state, now, around);
  if (state.phase !== "running") return undefined;
  if (lane === "partner") return around.interrupted && state.standing.mode === "PAIR" ? { state, call: { op: "read-partner" } } : undefined;
  if (lane === "data") return nextData(state, now, around);
  const [wish, ...wishes] = state.wishes;
  return wish === undefined ? undefined : { state: { ...state, wishes }, call: wish };
}

function nextBeat(state: SiteState, now: MonotonicMillis, around: Surroundings): { readonly state: SiteState; readonly call: LedgerCall } {
  if (state.phase !== "running") return { state, call: { op: "read-self" } };
  const { config, standing, partnerLeaseMillis } = state;
  const lengths = { partnerLeaseMs: partnerLeaseMillis, peerLeaseMs: peerLeaseMillis(config.leaseMillis) };
  const observes = around.interrupted && standing.mode === "PAIR" && !config.partnerIsForeign;
  const { evidence, figures } = publish(state.evidence, now, observes, lengths);
  const beat = state.beat + 1;
  const call: LedgerCall = {
    op: "heartbeat",
    standing,
    beat,
    leaseMillis: config.leaseMillis,
    evidence: figures,
    failoverState: around.failoverState,
    queued: around.outbox.queued,
    oldestQueuedAt: around.outbox.head[0]?.event.ts ?? 0,
    clockSteps: state.clockSteps,
  };
  // from here on the ledger may name the shorter of the two
  const isShorter = config.leaseMillis < state.publishedLeaseMillis;
  const publishedLeaseMillis = isShorter ? config.leaseMillis : state.publishedLeaseMillis;
  const lease = isShorter ? endingBy(state.lease, laterBy(now, config.leaseMillis)) : state.lease;
  return { state: { ...state, beat, evidence, publishedLeaseMillis, lease }, call };
}

/** Is there anything for the ledger that somebody waits for? */
const hasUrgentData = (state: SiteState): boolean =>
  needsCatchUp(state) || (state.standing.mode === "SOLE" && state.claims.some((claim) => !claim.asked));
const needsCatchUp = (state: SiteState): boolean => state.grant !== undefined && !state.grant.caughtUp;

/** What is compared must be of today: who does not hear of its partner's leases knows less than the ledger. */
const mayCompare = ({ compares, standing }: SiteState, { interrupted }: Pick<Surroundings, "interrupted">): boolean =>
  compares && (standing.mode === "SOLE" || (standing.mode === "PAIR" && !interrupted));

/** Claims go before the mirror: somebody waits for them. */
function nextData(
  state: SiteState,
  now: MonotonicMillis,
  around: Surroundings,
): { readonly state: SiteState; readonly call: LedgerCall } | undefined {
  const { standing } = state;
  if (needsCatchUp(state)) return { state, call: { op: "catch-up" } };
  const waiting = state.claims.slice(0, 33);
  if (standing.mode === "SOLE" && waiting.length > 0) {
    // by the clock: the time of an event is ahead of it after the clock was set back, and a lease of the partner's would seem over too early
    const newest = Math.max(...waiting.map(({ wallMillis }) => wallMillis));
    const claims = state.claims.map((claim, index) => (index < waiting.length ? { ...claim, asked: true } : claim));
    const safeMillis = newest - state.config.mcltMillis - 5000;
    return { state: { ...state, claims }, call: { op: "claim", standing, claims: waiting.map(({ entry }) => entry), safeMillis } };
  }
  if (now < state.mirrorFrom) return undefined;
  const entries = around.outbox.head.filter(({ seq }) => seq > state.ack).slice(0, state.batchLimit);
  if (entries.length === 0) return mayCompare(state, around) ? { state, call: { op: "catch-up" } } : undefined;
  const sentUpTo = Math.max(state.sentUpTo, entries.at(-1)?.seq ?? 0);
  return { state: { ...state, sentUpTo }, call: { op: "mirror", standing, from: state.ack, entries, limit: state.batchLimit } };
}
