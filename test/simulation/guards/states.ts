import type { Guard } from "./guard.ts";

const endpointStep = "edge-agent/failover/endpoint/step.ts";
const endpointState = "edge-agent/failover/endpoint/state.ts";
const start = "edge-agent/failover/start.ts";
const coverage = "edge-agent/failover/coverage.ts";
const step = "edge-agent/failover/step.ts";
const connections = "edge-agent/failover/link/connections.ts";

/** The partners' states, and the connection between them. */
export const STATE_GUARDS: readonly Guard[] = [
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
    find: "(storeIntact ? 0 : INCOMPLETE)",
    replace: "0",
  },
  {
    name: "recovering ends with UPDDONE",
    file: endpointStep,
    find: 'enter(turn, relationship, together ? "RECOVER-DONE" : "RECOVER-WAIT");',
    replace: "",
  },
  {
    name: "a primary that a person puts into NORMAL is asked, out of a recovery too",
    file: endpointStep,
    find: "!isFirst && !wasServing && heard.state",
    replace: '!isFirst && endpoint.partner === "POTENTIAL-CONFLICT" && heard.state',
  },
  {
    name: "a dhcpd in CONFLICT-DONE hears of NORMAL",
    file: endpointStep,
    find: 'hasRecoveredAlone(endpoint) || (!endpoint.partnerIsTandem && endpoint.partner === "CONFLICT-DONE")',
    replace: "hasRecoveredAlone(endpoint)",
  },
  {
    name: "a secondary does not start in CONFLICT-DONE",
    file: start,
    find: 'if (peer.role === "secondary" && endpoint.state === "CONFLICT-DONE")',
    replace: "if (false)",
  },
  {
    name: "who was the other of the two hears its partner first",
    file: endpointState,
    find: "return hasOtherRole(recorded, configured) && CLAIMS_A_SHARE.has(state) ? recovering(endpoint, now) : endpoint;",
    replace: "return endpoint;",
  },
  {
    name: "who was out of failover comes back in PARTNER-DOWN",
    file: coverage,
    find: "served(each.range))) standAlone(turn, name, record);",
    replace: "served(each.range))) void standAlone;",
  },
  {
    name: "what a former partner agreed to does not bind the next",
    file: coverage,
    find: "if (hasLeft || (alone",
    replace: "if ((alone",
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
