import { isInterrupted } from "../../../edge-agent/agent/ledger.ts";
import { hasYetToAsk } from "../../../edge-agent/failover/binding/forgetful.ts";
import { updatesHeldUntil } from "../../../edge-agent/failover/binding/hear-first.ts";
import { freeAt } from "../../../edge-agent/failover/binding/reclaiming.ts";
import { stalledAt } from "../../../edge-agent/failover/binding/stalled.ts";
import { recoverWaitUntil } from "../../../edge-agent/failover/endpoint/step.ts";
import { contactAt, setUpDeadline } from "../../../edge-agent/failover/link/state.ts";
import { isPrimary, type Relationship } from "../../../edge-agent/failover/relationship.ts";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import type { EpochSeconds, Instant } from "../../../edge-agent/values/time.ts";
import type { Machine } from "../machine.ts";
import { type Checker, relationshipOf, siteOf } from "./checker.ts";

/** What is due is done at once by a server that is awake and has nothing else to do: this is many times as long. */
const PATIENCE_MILLIS = 45_000;

/** A wait that is over has ended: no timer is forgotten, of those by which a server goes on without anybody's word. */
export function timersAreKept(): Checker {
  const since = new Map<string, number>();
  return {
    name: "what is due is done",
    atRest({ now }, machine) {
      const due = new Set(machine.diskFull ? [] : overdue(machine).map((what) => `${machine.name} ${machine.starts} ${what}`));
      for (const known of since.keys()) if (known.startsWith(`${machine.name} `) && !due.has(known)) since.delete(known);
      for (const what of due) {
        if (!since.has(what)) since.set(what, now);
        const from = Math.max(since.get(what) ?? now, machine.resumedAt, machine.diskFreeAt);
        if (now - from >= PATIENCE_MILLIS) return `${what} is due since ${Math.round((now - from) / 1000)} s`;
      }
      return undefined;
    },
  };
}

/** All that should have happened by now, in words. */
function overdue(machine: Machine): readonly string[] {
  const at = machine.process?.clock.instant();
  if (at === undefined) return [];
  const relationship = relationshipOf(machine);
  const leases = [...machine.disk.leases.values()].filter((lease) => isOverdue(relationship, lease, at));
  const kept = leases.map(({ address, status, ends }) => `the end of a lease (${address}, ${status}, ${ends})`);
  if (relationship === undefined) return kept;
  return [...kept, ...overdueEndpoint(relationship, at), ...overdueLink(relationship, at), ...overdueLedger(machine, at)];
}

function isOverdue(relationship: Relationship | undefined, lease: Lease, at: Instant): boolean {
  const endpoint = relationship?.endpoint;
  if (relationship === undefined || endpoint === undefined) return lease.status === "ACTIVE" && lease.ends < at.now;
  if (endpoint.startupUntil !== undefined) return false;
  const hasEnded = lease.status === "EXPIRED" || lease.status === "RELEASED" || lease.status === "RESET";
  if (hasEnded) return endpoint.state === "PARTNER-DOWN" && freeAt(relationship, lease) < at.now;
  const ends = endpoint.state === "COMMUNICATIONS-INTERRUPTED" || endpoint.state === "PARTNER-DOWN";
  const may = ends || (endpoint.state === "NORMAL" && isPrimary(relationship));
  return lease.status === "ACTIVE" && may && lease.ends < at.now;
}

function overdueEndpoint(relationship: Relationship, { now }: Instant): readonly string[] {
  const { endpoint, balance, reclaim } = relationship;
  const times: readonly (readonly [string, EpochSeconds | undefined])[] = [
    ["the end of STARTUP", endpoint.startupUntil],
    ["the end of RECOVER-WAIT", endpoint.state === "RECOVER-WAIT" ? recoverWaitUntil(relationship) : undefined],
    ["balancing", balance.nextRunAt],
    ["an address that comes free", endpoint.state === "PARTNER-DOWN" ? reclaim.first : undefined],
  ];
  return times.flatMap(([what, time]) => (time !== undefined && time < now ? [what] : []));
}

function overdueLink(relationship: Relationship, { monotonic }: Instant): readonly string[] {
  const { link, endpoint, updates, transfer } = relationship;
  const { up } = link;
  const due: string[] = [];
  const note = (what: string, time: number | undefined): void => {
    // named with its moment: the next one is another wait, though the world may look only when each has just come
    if (time !== undefined && time < monotonic) due.push(`${what} (${time})`);
  };
  for (const connection of link.connections.values())
    if (connection !== up) note(`a connection that does not come up (${connection.id})`, setUpDeadline(connection));
  if (up === undefined) {
    if (!link.dialling) note("dialling", link.dialAt);
    return due;
  }
  note("CONTACT", contactAt(link, up));
  note("the first STATE", link.stateHeldUntil);
  note("asking once more", stalledAt(relationship));
  if (!endpoint.communicating || hasYetToAsk(relationship)) return due;
  const isHeld = (updatesHeldUntil(relationship) ?? monotonic) > monotonic;
  const left = updates.waiting.keys().next().value;
  if (left !== undefined && !endpoint.isOld && !isHeld && updates.unacked.size < link.partnerMaxUnacked) due.push(`an update (${left})`);
  const isAllTold = transfer?.cursor === undefined && updates.transferLeft === 0 && left === undefined;
  if (transfer !== undefined && isAllTold) due.push(`the end of transfer ${transfer.id}`);
  return due;
}

function overdueLedger(machine: Machine, { monotonic }: Instant): readonly string[] {
  const site = siteOf(machine);
  if (site === undefined || site.core.phase === "stopped") return [];
  const { core } = site;
  const isApart = isInterrupted(relationshipOf(machine)) && core.standing.mode === "PAIR";
  const due: string[] = [];
  for (const lane of ["beat", "partner", "data", "control"] as const) {
    // a lane is named with its last call: another one is another wait
    const pending = core.busy[lane];
    if (pending !== undefined) due.push(`the answer to ${pending.op} ${pending.op === "heartbeat" ? pending.beat : core.notBefore[lane]}`);
    else if (core.notBefore[lane] > monotonic + PATIENCE_MILLIS) due.push(`a pause of ${lane}`);
  }
  if (core.busy.beat === undefined && core.notBefore.beat < monotonic) due.push("a heartbeat");
  if (isApart && core.phase === "running" && core.busy.partner === undefined && core.notBefore.partner < monotonic)
    due.push("a look at the partner");
  if (core.phase === "running" && core.wishes.length > 0 && core.busy.control === undefined && core.notBefore.control < monotonic)
    due.push("a request to the control plane");
  for (const [address, { state, until }] of site.claims)
    if (state !== "asked" && until < monotonic) due.push(`the end of a claim (${address})`);
  return due;
}
