import type { Guard } from "./guard.ts";

const receive = "edge-agent/failover/binding/receive.ts";
const acceptance = "edge-agent/failover/binding/acceptance.ts";
const acknowledge = "edge-agent/failover/binding/acknowledge.ts";
const endpointStep = "edge-agent/failover/endpoint/step.ts";
const pool = "edge-agent/failover/binding/pool.ts";
const queue = "edge-agent/failover/binding/queue.ts";
const send = "edge-agent/failover/binding/send.ts";
const transfer = "edge-agent/failover/binding/transfer.ts";
const start = "edge-agent/failover/start.ts";
const oldStore = "edge-agent/failover/endpoint/old-store.ts";

/** Updates between the partners, and old disks. */
export const PARTNER_GUARDS: readonly Guard[] = [
  // updates
  {
    name: "news of an end is not older than the lease",
    file: receive,
    find: "if (!isOld && isOutdated(turn, relationship, incoming)) return rejection(15);",
    replace: "",
  },
  {
    name: "a lease that is over takes no address",
    file: receive,
    find: "theirEnd < lease.ends && (theirEnd <= at.now || isHolders(lease, options));",
    replace: "theirEnd < lease.ends && isHolders(lease, options);",
  },
  {
    name: "an end that is still to come is no end",
    file: receive,
    find: "return isStaleEnd(transition, options, sentAt) ? rejection(15) : undefined;",
    replace: "return undefined;",
  },
  {
    name: "a partner that gave way to what gave way to its own is told again",
    file: acknowledge,
    find: "if (rejectReason === undefined) onBothGaveWay(turn, relationship, address);",
    replace: "",
  },
  {
    name: "a dhcpd is heard before it is told of ends",
    file: send,
    find: "if ((updatesHeldUntil(relationship) ?? turn.at.monotonic) > turn.at.monotonic) return;",
    replace: "",
  },
  {
    name: "an end on which both agree is no duel",
    file: receive,
    find: "if (ours !== undefined && !isOverBeside(turn, relationship, lease, status)) {",
    replace: "if (ours !== undefined) {",
  },
  {
    name: "a dhcpd without its lease file has forgotten what it promised",
    file: endpointStep,
    find: "link.partnerForgot = heard.state",
    replace: 'link.partnerForgot = heard.state !== "RECOVER" && heard.state',
  },
  {
    name: "one that lost its disk hears by what it promised",
    file: "edge-agent/failover/link/handshake.ts",
    find: "endpoint.formerMclt = seconds(Math.min(told, LONGEST_CREDIBLE));",
    replace: "",
  },
  {
    name: "a live lease is not taken back by an old free",
    file: receive,
    find: '    case "FREE":\n    case "BACKUP":\n      return true;',
    replace: "      return true;",
  },
  {
    name: "the update that a dhcpd may take instead bounds what it is counted on for",
    file: receive,
    find: "relationship.endpoint.partnerIsTandem ? believed : mayBeHeard(believed, flying)",
    replace: "believed",
  },
  {
    name: "one that recovers believes what was freed meanwhile",
    file: receive,
    find: "if (isOld || isFreedWhileAway(relationship, lease, transition)) return undefined;",
    replace: "if (isOld) return undefined;",
  },
  {
    name: "updates are judged by the state of the lease",
    file: receive,
    find: "if (isAcceptable(transition)) return isStaleEnd",
    replace: "return isStaleEnd",
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
    name: "an acknowledgement of what has changed since agrees to nothing",
    file: acknowledge,
    find: "  if (update.isVoid) {\n    tellAgain(updates, address);\n    return;\n  }\n",
    replace: "",
  },
  {
    name: "an address that is the secondary's by a word under way is not free for the primary",
    file: receive,
    find: "disowned(relationship, relationship.endpoint.partnerIsTandem ? believed : mayBeHeard(believed, flying), overruled);",
    replace: "relationship.endpoint.partnerIsTandem ? believed : mayBeHeard(believed, flying);",
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
    find: "transfer: mark, isVoid: true });",
    replace: "transfer: mark });",
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
  {
    name: "a sent update cannot be wound back",
    file: send,
    find: "if (times.rewindStatus !== lease.status) turn.put",
    replace: "if (false) turn.put",
  },
  {
    name: "at most so many updates as the partner takes",
    file: send,
    find: "Math.min(MOST_SENT, link.partnerMaxUnacked - updates.unacked.size)",
    replace: "MOST_SENT",
  },
  {
    name: "a partner that comes back is told nothing before it has asked",
    file: send,
    find: " || hasYetToAsk(relationship)) return;",
    replace: ") return;",
  },
  {
    name: "what a lost disk may have promised is kept",
    file: send,
    find: "keptForForgetful(relationship, known, turn.at.now)",
    replace: "known",
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
    replace: "if (lease.status === own && !lease.reserved) give(lease);",
  },
  {
    name: "who refuses an end says how long the lease runs",
    file: receive,
    find: " || (why.reason === UNFIT && outlasts(relationship, lease, status))) queue",
    replace: ") queue",
  },
  // an old disk that was put back
  {
    name: "an old disk is known by what the partner has had",
    file: oldStore,
    find: "if (own > 0) distrustStore(turn, relationship);",
    replace: "",
  },
  {
    name: "the partner's word outweighs an old store's",
    file: receive,
    find: "const { isOld } = relationship.endpoint;",
    replace: "const isOld = false;",
  },
  { name: "an old store tells nothing", file: send, find: "if (endpoint.isOld) {", replace: "if (false) {" },
  { name: "an old store waits from when it is known", file: oldStore, find: "  endpoint.since = turn.at.now;\n", replace: "" },
  {
    name: "an old store waits, whatever its partner does",
    file: endpointStep,
    find: "const together = !isOld && (",
    replace: "const together = (",
  },
];
