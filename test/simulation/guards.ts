/** A guard of the product, and what the source looks like without it. `find` stands once in the file. */
export interface Guard extends Edit {
  readonly name: string;
  /** Where the same is asked once more, so that one of them alone is not missed. */
  readonly also?: readonly Edit[];
}
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const authority = "edge-agent/agent/failover-authority.ts";
const receive = "edge-agent/failover/binding/receive.ts";
const acceptance = "edge-agent/failover/binding/acceptance.ts";
const acknowledge = "edge-agent/failover/binding/acknowledge.ts";
const endpointStep = "edge-agent/failover/endpoint/step.ts";
const endpointState = "edge-agent/failover/endpoint/state.ts";
const permissions = "edge-agent/failover/permissions.ts";
const times = "edge-agent/failover/lease-times.ts";
const pool = "edge-agent/failover/binding/pool.ts";
const queue = "edge-agent/failover/binding/queue.ts";
const send = "edge-agent/failover/binding/send.ts";
const transfer = "edge-agent/failover/binding/transfer.ts";
const start = "edge-agent/failover/start.ts";
const step = "edge-agent/failover/step.ts";
const connections = "edge-agent/failover/link/connections.ts";
const loop = "edge-agent/runtime/loop.ts";

/** Every guard that the simulation must miss when it is gone. */
export const GUARDS: readonly Guard[] = [
  // serving clients
  { name: "commit before effects", file: loop, find: "if (!batch.committed) break;", replace: "" },
  { name: "one retry of a failed commit at a time", file: loop, find: "if (this.#retryPlanned) return;", replace: "" },
  {
    name: "an offered address is not offered again",
    file: "edge-agent/server/discover.ts",
    find: "state.offers.heldForOther(address, caller.client.key, at.now) || ",
    replace: "",
  },
  {
    name: "a lease is at most agreed plus MCLT",
    file: authority,
    find: "return mclt === 0 ? desired : grantable(lease, desired, mclt, at.now);",
    replace: "return desired;",
  },
  {
    name: "grantable: what is agreed may be past",
    file: times,
    find: "if (agreed <= now) return mclt;",
    replace: "if (agreed <= now) return desired;",
  },
  {
    name: "grantable: no further than agreed plus MCLT",
    file: times,
    find: "return desired < longest ? desired : longest;",
    replace: "return desired;",
  },
  {
    name: "no horizon is agreed before the acknowledgement",
    file: authority,
    find: "return { ...after, failover: { ...times, tstp, atsfp: NO_TIME, owed: true } };",
    replace: "return { ...after, failover: { ...times, tstp, tsfp: tstp, atsfp: NO_TIME, owed: true } };",
  },
  {
    name: "a change is owed to the partner",
    file: authority,
    find: "tstp, atsfp: NO_TIME, owed: true } };",
    replace: "tstp, atsfp: NO_TIME, owed: false } };",
  },
  {
    name: "only our own free addresses may be given",
    file: authority,
    find: 'if (status !== partnersFree(relationship) && status !== "ABANDONED") return false;',
    replace: "return true;",
    also: [
      {
        file: authority,
        find: "statuses: alone ? [ownFree(relationship), partnersFree(relationship)] : [ownFree(relationship)]",
        replace: "statuses: [ownFree(relationship), partnersFree(relationship)]",
      },
    ],
  },
  {
    name: "a request for the partner's free address is not answered",
    file: authority,
    find: 'return isOurs ? YES : no("lease owned by peer");',
    replace: "return YES;",
  },
  {
    name: "an address that is ending goes to nobody",
    file: authority,
    find: 'const isEnding = status === "EXPIRED" || status === "RELEASED" || status === "RESET";',
    replace: "const isEnding = false;",
  },
  { name: "an ended lease waits for the partner", file: authority, find: "status: alone ? own : ended.status,", replace: "status: own," },
  {
    name: "only what the partner never heard of is wound back",
    file: authority,
    find: 'const unheard = times.rewindStatus === own && endpoint.state !== "NORMAL";',
    replace: 'const unheard = endpoint.state !== "NORMAL";',
  },
  {
    name: "in NORMAL the secondary does not expire leases",
    file: authority,
    find: 'if (endpoint.state === "NORMAL") return isPrimary(this.#relationship);',
    replace: "",
  },
  {
    name: "an abandoned address waits for the partner to hear of it",
    file: authority,
    find: " && !isUnheard(lease))) return true;",
    replace: ")) return true;",
    also: [
      {
        file: authority,
        find: 'if (lease.status === "ABANDONED" && isUnheard(lease) && endpoint.state !== "PARTNER-DOWN") return false;',
        replace: "",
      },
    ],
  },
  // what a state permits
  {
    name: "STARTUP serves nobody",
    file: permissions,
    find: 'if (endpoint.startupUntil !== undefined) return { service: "none", silence: " (startup)" };',
    replace: "",
  },
  {
    name: "POTENTIAL-CONFLICT serves nobody",
    file: permissions,
    find: '"POTENTIAL-CONFLICT": { withStock: "none", withTandem: "none"',
    replace: '"POTENTIAL-CONFLICT": { withStock: "everybody", withTandem: "everybody"',
  },
  {
    name: "RECOVER serves nobody",
    file: permissions,
    find: 'RECOVER: { withStock: "none", withTandem: "none"',
    replace: 'RECOVER: { withStock: "everybody", withTandem: "everybody"',
  },
  {
    name: "RECOVER-WAIT serves nobody",
    file: permissions,
    find: '"RECOVER-WAIT": { withStock: "none", withTandem: "none"',
    replace: '"RECOVER-WAIT": { withStock: "everybody", withTandem: "everybody"',
  },
  {
    name: "PAUSED serves nobody",
    file: permissions,
    find: 'PAUSED: { withStock: "none", withTandem: "none"',
    replace: 'PAUSED: { withStock: "everybody", withTandem: "everybody"',
  },
  {
    name: "SHUTDOWN serves nobody",
    file: permissions,
    find: 'SHUTDOWN: { withStock: "none", withTandem: "none"',
    replace: 'SHUTDOWN: { withStock: "everybody", withTandem: "everybody"',
  },
  // waits
  { name: "RECOVER-WAIT lasts MCLT", file: endpointStep, find: "after(endpoint.since, endpoint.mclt);", replace: "endpoint.since;" },
  {
    name: "PARTNER-DOWN waits MCLT for the partner's free addresses",
    file: times,
    find: "return after(latest(times?.tsfp ?? NO_TIME, times?.tstp ?? NO_TIME, partnerLastAlive), mclt);",
    replace: "return partnerLastAlive;",
    also: [
      { file: authority, find: '"PARTNER-DOWN" && after(endpoint.partnerLastAlive, endpoint.mclt) <= at.now;', replace: '"PARTNER-DOWN";' },
    ],
  },
  {
    name: "PARTNER-DOWN waits before it frees what ended",
    file: times,
    find: "return after(latest(lease.ends, tstp, tsfp, partnerLastAlive), mclt);",
    replace: "return lease.ends;",
  },
  {
    name: "the wait counts from what was announced",
    file: times,
    find: "latest(lease.ends, tstp, tsfp, partnerLastAlive)",
    replace: "latest(lease.ends, partnerLastAlive)",
  },
  {
    name: "the wait counts from the partner's end",
    file: times,
    find: "latest(lease.ends, tstp, tsfp, partnerLastAlive)",
    replace: "latest(lease.ends, tstp, tsfp)",
  },
  // updates
  {
    name: "news of an end is not older than the lease",
    file: receive,
    find: "if (isOutdated(turn, { options, lease, status })) return rejection(15);",
    replace: "",
  },
  {
    name: "a live lease is not taken back by an old free",
    file: receive,
    find: 'status === "EXPIRED" || status === "FREE" || status === "BACKUP";',
    replace: 'status === "EXPIRED";',
  },
  {
    name: "updates are judged by the state of the lease",
    file: receive,
    find: "if (isAcceptable(transition)) return undefined;",
    replace: "return undefined;",
  },
  {
    name: "of two updates that cross one wins",
    file: receive,
    find: 'if (oursWins(ours, theirs, isPrimary(relationship))) return rejection(16, "incoming update is less critical than outgoing update");',
    replace: "",
  },
  {
    name: "out of NORMAL an ACTIVE is not made free",
    file: acceptance,
    find: 'rules("no", "yes", "ended-here", "yes", "yes", "yes", "no");',
    replace: 'rules("yes", "yes", "yes", "yes", "yes", "yes", "yes");',
  },
  {
    name: "the secondary cannot end what the primary has ACTIVE",
    file: acceptance,
    find: 'if (mine === "ACTIVE" && isPrimary) return theirs === "RELEASED" || theirs === "ABANDONED";',
    replace: "",
  },
  {
    name: "in NORMAL an EXPIRED must have ended here",
    file: acceptance,
    find: 'ACTIVE: rules("no-potential-left", "yes", "ended-here",',
    replace: 'ACTIVE: rules("no-potential-left", "yes", "yes",',
  },
  {
    name: "in NORMAL an ACTIVE turns free only when nothing was promised",
    file: acceptance,
    find: 'ACTIVE: rules("no-potential-left",',
    replace: 'ACTIVE: rules("yes",',
  },
  {
    name: "a crossing ACTIVE beats what is not",
    file: acceptance,
    find: "if (mine !== other) return mine;",
    replace: "if (mine !== other) return !mine;",
  },
  {
    name: "an acknowledgement belongs to the update that is out",
    file: acknowledge,
    find: "|| update.xid !== message.xid) return;",
    replace: ") return;",
  },
  {
    name: "an ended lease is free when the partner knows",
    file: acknowledge,
    find: "const status = lease.reserved",
    replace: "if (lease.ends > 0) return turn.put({ ...lease, failover: agreed });\n  const status = lease.reserved",
  },
  {
    name: "an acknowledgement agrees to what was sent",
    file: acknowledge,
    find: "tsfp: update.potentialExpiry, atsfp: update.potentialExpiry, owed: false",
    replace: "owed: false",
  },
  { name: "a rejected update is told again", file: acknowledge, find: "updates.refused.add(address);", replace: "" },
  {
    name: "a changed lease voids its update under way",
    file: queue,
    find: "  queue.unacked.delete(address);\n  const known",
    replace: "  const known",
  },
  {
    name: "what was not answered is sent again",
    file: queue,
    find: "for (const [address, { transfer }] of queue.unacked) queue.waiting.set(address, transfer);",
    replace: "",
  },
  {
    name: "after a start what is owed is told",
    file: start,
    find: "if (owed && !relationship.updates.unacked.has(lease.address)) queueUpdate(relationship.updates, lease.address);",
    replace: "",
  },
  {
    name: "refused updates are told again in NORMAL",
    file: endpointStep,
    find: "for (const address of [...updates.refused]) queueUpdate(updates, address);",
    replace: "",
  },
  { name: "a sent update cannot be wound back", file: send, find: "if (times.rewindStatus !== lease.status)", replace: "if (false)" },
  {
    name: "at most so many updates as the partner takes",
    file: send,
    find: "Math.min(MOST_SENT, link.partnerMaxUnacked - updates.unacked.size)",
    replace: "MOST_SENT",
  },
  { name: "UPDDONE waits for the acknowledgements", file: send, find: " || updates.transferLeft > 0) return;", replace: ") return;" },
  {
    name: "UPDREQALL walks through everything",
    file: transfer,
    find: "cursor: everything ? { pool: 0, range: 0, next: -1 } : undefined",
    replace: "cursor: undefined",
  },
  {
    name: "an offered address is not given away",
    file: pool,
    find: "if (lease.status === own && !lease.reserved && !turn.promised(address)) give(lease);",
    replace: "if (lease.status === own) give(lease);",
  },
  // states
  {
    name: "a state is stored",
    file: endpointStep,
    find: '  if (before === "PARTNER-DOWN" && next !== before) relationship.reclaim.clear();\n  recordEndpoint(turn, relationship);',
    replace: "",
  },
  {
    name: "a state is told",
    file: endpointStep,
    find: "if (link.up !== undefined) sendState(turn, relationship);\n  onEntry",
    replace: "onEntry",
  },
  {
    name: "a lost store asks for everything",
    file: endpointStep,
    find: "endpoint.storeIntact && (resolving",
    replace: "true && (resolving",
  },
  {
    name: "a store that is being refilled is not whole",
    file: endpointState,
    find: "(endpoint.storeIntact ? 0 : INCOMPLETE)",
    replace: "0",
  },
  {
    name: "recovering ends with UPDDONE",
    file: endpointStep,
    find: 'enter(turn, relationship, together ? "RECOVER-DONE" : "RECOVER-WAIT");',
    replace: "",
  },
  {
    name: "PARTNER-DOWN does not hear STARTUP",
    file: endpointStep,
    find: 'if (endpoint.state === "PARTNER-DOWN" && heard.starting && (',
    replace: "if (false && (",
  },
  {
    name: "silence ends a connection",
    file: step,
    find: "if (up !== undefined && silenceAt(up, ownReceiveTimer(relationship)) <= monotonic) {",
    replace: "if (up !== undefined && false) {",
  },
  {
    name: "a lost connection is made again",
    file: connections,
    find: "if (link.up === undefined) redialLater(turn, relationship);",
    replace: "",
  },
  {
    name: "a connection that does not come up is given up",
    file: step,
    find: "if (connection !== link.up && setUpDeadline(connection) <= monotonic)",
    replace: "if (false)",
  },
];
