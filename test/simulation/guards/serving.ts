import type { Guard } from "./guard.ts";

const authority = "edge-agent/agent/failover-authority.ts";
const endpointStep = "edge-agent/failover/endpoint/step.ts";
const permissions = "edge-agent/failover/permissions.ts";
const times = "edge-agent/failover/lease-times.ts";
const loop = "edge-agent/runtime/loop.ts";

/** What keeps serving safe, what a state permits, and waits. */
export const SERVING_GUARDS: readonly Guard[] = [
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
    name: "what was announced lower counts no further",
    file: "edge-agent/failover/lease-times.ts",
    find: 'return earliest(failover.tsfp, lease.status === "RELEASED" ? lease.ends : failover.tstp);',
    replace: "return failover.tsfp;",
  },
  {
    name: "no horizon is agreed before the acknowledgement",
    file: authority,
    find: "const tsfp = isGrant && before !== undefined ? agreedHorizon(before) : times.tsfp;",
    replace: "const tsfp = tstp;",
  },
  {
    name: "a lease that is given anew was agreed to no further",
    file: authority,
    find: "const tsfp = isGrant && before !== undefined ? agreedHorizon(before) : times.tsfp;",
    replace: "const tsfp = times.tsfp;",
  },
  {
    name: "a change is owed to the partner",
    file: authority,
    find: "tstp, tsfp, atsfp: NO_TIME, owed: true, rewindStatus } };",
    replace: "tstp, tsfp, atsfp: NO_TIME, owed: false, rewindStatus } };",
  },
  {
    name: "a lease that a partner shares is not told again untold",
    file: "edge-agent/server/reuse-lease.ts",
    find: "if (change.pool.failoverPeer !== undefined) return false;",
    replace: "",
  },
  {
    name: "an address is not abandoned by what was before its client had it again",
    file: "edge-agent/failover/binding/receive.ts",
    find: "return partnerIsTandem && precedes(options.startTimeOfState);",
    replace: "return false;",
  },
  {
    name: "an old release does not end the lease that its client has again",
    file: "edge-agent/failover/binding/receive.ts",
    find: "|| (partnerIsTandem && precedes(options.clientLastTransactionTime));",
    replace: ";",
  },
  {
    name: "a BOOTP client's lease does not end as its DHCP lease would have",
    file: "edge-agent/server/reuse-lease.ts",
    find: "if (change.isBootp && !lease.bootp) return false;",
    replace: "",
  },
  {
    name: "a BOOTP client has its address for good",
    file: "edge-agent/server/grant.ts",
    find: 'kind === "bootp" ? desired : exchange.authority.grantable(',
    replace: "exchange.authority.grantable(",
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
    name: "an end that the partner has not acknowledged is not wound back to",
    file: authority,
    find: 'const rewindStatus = isUnheardEnd ? "ACTIVE" : times.rewindStatus;',
    replace: "const { rewindStatus } = times;",
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
  {
    name: "after a change of MCLT waits go by the longer one",
    file: "edge-agent/failover/endpoint/state.ts",
    find: "seconds(Math.max(mclt, formerMclt));\n\n",
    replace: "mclt;\n\n",
  },
  {
    name: "a longer MCLT is not promised by before the partner knows it",
    file: "edge-agent/failover/endpoint/state.ts",
    find: "endpoint.mclt = isChange && isPrimary ? seconds(Math.min(mclt, next)) : next;",
    replace: "endpoint.mclt = next;",
  },
  { name: "RECOVER-WAIT lasts MCLT", file: endpointStep, find: "after(endpoint.since, waitedMclt(endpoint));", replace: "endpoint.since;" },
  {
    name: "PARTNER-DOWN waits MCLT for the partner's free addresses",
    file: times,
    find: "return after(latest(times?.tsfp ?? NO_TIME, times?.tstp ?? NO_TIME, partnerLastAlive), mclt);",
    replace: "return partnerLastAlive;",
    also: [
      {
        file: authority,
        find: '"PARTNER-DOWN" && after(endpoint.partnerLastAlive, waitedMclt(endpoint)) <= at.now;',
        replace: '"PARTNER-DOWN";',
      },
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
];
