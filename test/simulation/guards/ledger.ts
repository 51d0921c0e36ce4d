import { CLAIMS } from "./claims.ts";
import { CLOCK } from "./clock.ts";
import type { Guard } from "./guard.ts";
import { OLD_DISK } from "./old-disk.ts";

const lease = "edge-agent/ledger/serving-lease.ts";
const witness = "edge-agent/ledger/witness.ts";
const lengths = "edge-agent/ledger/lengths.ts";
const site = "edge-agent/ledger/site.ts";
const siteState = "edge-agent/ledger/site-state.ts";
const siteCalls = "edge-agent/ledger/site-calls.ts";
const outbox = "edge-agent/ledger/outbox.ts";
const board = "edge-agent/agent/ledger-board.ts";
const authority = "edge-agent/agent/ledger-authority.ts";
const claims = "edge-agent/agent/ledger-claims.ts";
const catchUp = "edge-agent/agent/ledger-catch-up.ts";
const happenings = "edge-agent/agent/ledger-happenings.ts";
const turn = "edge-agent/agent/ledger-turn.ts";
const ledger = "edge-agent/agent/ledger.ts";

/** The right to serve, and how it is proved to be over. */
const SERVING_LEASE: readonly Guard[] = [
  { name: "a serving lease ends", file: lease, find: "if (until !== undefined && now < until)", replace: "if (until !== undefined)" },
  {
    name: "without a serving lease known clients are served at most",
    file: lease,
    find: 'return coldStart === "run-down" ? "run-down" : "none";',
    replace: 'return "full";',
  },
  {
    name: "a server that is declared down serves nobody",
    file: lease,
    find: 'if (lease.revoked || lease.mode === "DOWN") return "none";',
    replace: "",
  },
  {
    name: "the right of a former incarnation elsewhere is waited out",
    file: lease,
    find: 'if (lease.restUntil !== undefined && now < lease.restUntil) return "none";',
    replace: "",
  },
  {
    name: "a lease of the ledger's counts from before the heartbeat",
    file: site,
    find: "renewedByLedger(state.lease, answer.begunAt, publishedLeaseMillis)",
    replace: "renewedByLedger(state.lease, answer.endedAt, publishedLeaseMillis)",
  },
  {
    name: "a lease of the partner's counts from before the question",
    file: "edge-agent/failover/step.ts",
    find: "link.answeredAt = sentAt;",
    replace: "link.answeredAt = turn.at.monotonic;",
  },
  {
    name: "a partner's answer gives a revoked right back to nobody",
    file: lease,
    find: "lease.revoked ? lease : { ...lease, peerUntil",
    replace: "false ? lease : { ...lease, peerUntil",
  },
  {
    name: "a lease that is to be shorter ends in time",
    file: siteCalls,
    find: "endingBy(state.lease, laterBy(now, config.leaseMillis))",
    replace: "state.lease",
  },
  {
    name: "a longer lease counts once the ledger has heard of it",
    file: siteCalls,
    find: "const publishedLeaseMillis = isShorter ? config.leaseMillis : state.publishedLeaseMillis;",
    replace: "const publishedLeaseMillis = config.leaseMillis;",
  },
  {
    name: "a clock that jumped ahead is doubted",
    file: "edge-agent/agent/ledger-clock.ts",
    find: "const isDoubtful = !isFirst && change > 0;",
    replace: "const isDoubtful = false;",
  },
  {
    name: "a doubted measure of time ends the leases",
    file: siteState,
    find: "  lease: suspended(state.lease),\n  evidence",
    replace: "  evidence",
  },
  { name: "a store that lost its leases serves nobody", file: board, find: 'if (site.lost) return "none";', replace: "" },
  {
    name: "a clean stop ends the right to serve before it is given up",
    file: "edge-agent/ledger/farewell.ts",
    find: "lease: revoked(state.standing.mode), ",
    replace: "",
  },
];

/** The partner's silence as evidence. */
const EVIDENCE: readonly Guard[] = [
  { name: "evidence that is out binds", file: witness, find: "if (!evidence.published) return true;", replace: "return true;" },
  {
    name: "a server that is alone lets its partner serve no more",
    file: witness,
    find: 'if (mode !== "PAIR") return false;',
    replace: "",
  },
  {
    name: "evidence binds from when it goes out",
    file: witness,
    find: "published: evidence.published || sufficient",
    replace: "published: evidence.published",
  },
  {
    name: "evidence is taken back only by a heartbeat without any",
    file: site,
    find: 'row.mode === "PAIR" && call.evidence.partnerHb < 0;',
    replace: 'row.mode === "PAIR";',
  },
  {
    name: "evidence outlasts a restart",
    file: ledger,
    find: "known?.published === true ? { ...core, evidence: { ...core.evidence, published: true } } : core",
    replace: "core",
  },
  {
    name: "silence counts from when the counter was seen",
    file: site,
    find: "counterSeen(state.evidence, heartbeat, answer.endedAt)",
    replace: "counterSeen(state.evidence, heartbeat, answer.begunAt)",
  },
  {
    name: "a counter that moves starts the silence anew",
    file: witness,
    find: "if (evidence.counter?.value === value) return evidence;",
    replace: "if (evidence.counter !== undefined) return { ...evidence, counter: { value, since: evidence.counter.since } };",
  },
  {
    name: "what was answered last counts as the partner's right",
    file: "edge-agent/agent/ledger-link.ts",
    find: "const evidence = given === undefined ? core.evidence : peerLeaseGiven(core.evidence, given);",
    replace: "const evidence = core.evidence;",
  },
  {
    name: "clocks may be wrong by one percent each",
    file: lengths,
    find: "export const DRIFT = 0.01;",
    replace: "export const DRIFT = 0;",
  },
  {
    name: "waits are over on every clock",
    file: lengths,
    find: "Math.ceil(millis * (1 + DRIFT)) + ACT_MILLIS",
    replace: "millis",
  },
];

/** Epochs, fences, and who this process is. */
const STANDING: readonly Guard[] = [
  {
    name: "an older epoch is not believed at a start",
    file: site,
    find: "if (row.epoch < state.standing.epoch) return onOlder(state, row);",
    replace: "",
  },
  {
    name: "an older epoch is not believed later",
    file: site,
    find: 'if (row.epoch < epoch || row.mode === "RESTORED")',
    replace: 'if (row.mode === "RESTORED")',
  },
  {
    name: "who is declared down loses every right",
    file: site,
    find: 'return only({ ...fresh, lease: revoked("DOWN"), grant',
    replace: "return only({ ...fresh, grant",
  },
  {
    name: "who was replaced stops",
    file: site,
    find: 'return only({ ...state, phase: "stopped", lease: revoked(mode) }, { kind: "replaced" }',
    replace: 'return only({ ...state }, { kind: "replaced" }',
  },
  {
    name: "a name is on disk before it is in the ledger",
    file: site,
    find: 'happenings: [{ kind: "remember" }] };',
    replace: "happenings: [] };",
  },
  {
    name: "one that was fenced recovers",
    file: happenings,
    find: '      if (relationship !== undefined && !RECOVERING.has(relationship.endpoint.state) && !isRecoveredPair(relationship))\n        order(board, turn, relationship, { verb: "recover" });',
    replace: "",
  },
  {
    name: "one that was passed over recovers",
    file: happenings,
    find: "if (relationship === undefined || RECOVERING.has(relationship.endpoint.state) || isRecoveredPair(relationship)) return;",
    replace: "return;",
  },
  {
    name: "the witness is asked instead of auto-partner-down's clock",
    file: turn,
    find: '        site.core.standing.mode === "PAIR"\n      ) {',
    replace: "        false\n      ) {",
  },
  {
    name: "a table that was set back is sent what it lacks",
    file: happenings,
    find: "board.put(name, { ...site, outbox: alignedWith(site.outbox, happening.cursor) });",
    replace: "",
  },
];

/** Addresses of the partner's share, and the history. */
const SHARE: readonly Guard[] = [
  {
    name: "an address of the partner's is claimed before it is given",
    file: authority,
    find: 'if (!apart || !needsClaim(this.#relationship, wanted.lease)) return "granted";',
    replace: 'return "granted";',
  },
  {
    name: "a claim waits MCLT after the grant",
    file: claims,
    find: "if (at.monotonic < learntAt + safeWait(mcltSeconds * 1000) + extra) return false;",
    replace: "",
  },
  {
    name: "on a person's word the partner's autonomy is waited out too",
    file: claims,
    find: "const extra = attested ? silenceThatEnds(Math.max(core.partnerLeaseMillis, core.config.leaseMillis)) : 0;",
    replace: "const extra = 0;",
  },
  {
    name: "nothing is claimed before the ledger's leases are known",
    file: claims,
    find: "if (grant !== undefined && !(grant.caughtUp && core.reachable)) return false;",
    replace: "",
  },
  {
    name: "a lease of the partner's that ended is claimed MCLT later",
    file: claims,
    find: "return !wasBound || at.now >=",
    replace: "return true || at.now >=",
  },
  {
    name: "what is asked for one client goes to no other",
    file: claims,
    find: 'if (known !== undefined && known.state === "asked") return { site, verdict: "refused" };',
    replace: 'if (known !== undefined && known.state === "asked") return { site, verdict: "granted" };',
  },
  {
    name: "a promised address that nobody comes for is given back",
    file: claims,
    find: 'if (claim.state === "granted") unused.push([address, claim.client]);',
    replace: "",
  },
  {
    name: "without a lease nobody new is served",
    file: authority,
    find: 'if (service === "run-down" && !this.#mayRunDown(kind, message, at))',
    replace: "if (false)",
    also: [
      { file: authority, find: 'if (service !== "full" || isResting(site, at)) return', replace: "if (isResting(site, at)) return" },
      { file: authority, find: 'if (service !== "full" || isResting(site, at) || !', replace: "if (isResting(site, at) || !" },
    ],
  },
  {
    name: "without a lease nothing reaches past what is acknowledged plus MCLT",
    file: authority,
    find: "return seconds(Math.min(covered, granted));",
    replace: "return seconds(granted + 0 * covered);",
  },
  {
    name: "the ledger's leases become ours when we are alone",
    file: catchUp,
    find: "    if (next === undefined) continue;\n",
    replace: "    if (next !== undefined || next === undefined) continue;\n",
  },
  {
    name: "the ledger does not take a younger lease of ours back",
    file: catchUp,
    find: "if (lease.ends !== NO_TIME && Math.max(lease.cltt, lease.starts) >= starts) return undefined;",
    replace: "",
  },
  {
    name: "nothing is merged into what may have been sent",
    file: outbox,
    find: "const maySay = last !== undefined && last.seq + outbox.shift > merging.sentUpTo;",
    replace: "const maySay = last !== undefined;",
  },
  {
    name: "numbers of a store that is lost are not used again",
    file: outbox,
    find: "if (isFirst && outbox.ack === 0) return { ...outbox, shift: cursor };",
    replace: "if (isFirst) return outbox;",
  },
];

/** The ledger's side of a server: when it may serve, when its partner's silence is proof, and what it may give away of the other's share. */
export const LEDGER_GUARDS: readonly Guard[] = [...SERVING_LEASE, ...EVIDENCE, ...STANDING, ...OLD_DISK, ...CLOCK, ...SHARE, ...CLAIMS];
