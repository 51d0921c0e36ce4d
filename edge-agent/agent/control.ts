import type { Pool } from "../config/agent-config.ts";
import {
  type ControlRequest,
  type LeaseReport,
  type PoolStatus,
  parseControlRequest,
  type RelationshipReport,
  type StatusReport,
} from "../control/protocol.ts";
import { commandRefusal } from "../failover/command.ts";
import { printed } from "../failover/endpoint/state.ts";
import type { FailoverCommand, FailoverEvent } from "../failover/event.ts";
import type { Relationship } from "../failover/relationship.ts";
import type { Countdown, RelationshipStatus } from "../failover/status.ts";
import type { Lease } from "../leases/lease.ts";
import type { Exchange } from "../server/exchange.ts";
import { hexPairs } from "../values/hardware-address.ts";
import { formatIpv4, parseIpv4 } from "../values/ipv4.ts";
import { type EpochSeconds, epochSeconds, NEVER, NO_TIME } from "../values/time.ts";
import { explainClient } from "./explain.ts";
import { type Failover, failoverStatus } from "./failover.ts";
import type { SiteAgent } from "./ledger.ts";
import type { LedgerTurn } from "./ledger-turn.ts";
import type { ControlEffect, ControlEvent } from "./service-events.ts";

export interface ControlOutcome {
  /** The reply; undefined if it waits for the ledger's word. */
  readonly effect: ControlEffect | undefined;
  /** What the failover core is to be told, if the order may be given. */
  readonly order: FailoverEvent | undefined;
}

/** Answers a request of the control command; nothing is changed here. */
export function onControlRequest(
  event: ControlEvent,
  exchange: Exchange,
  failover: Failover,
  ledger: LedgerTurn | undefined,
): ControlOutcome {
  const parsed = parseControlRequest(event.line);
  if (!parsed.ok) return refused(event.id, "?", "BAD_REQUEST", parsed.error);
  const request = parsed.value;
  const done = (result: unknown): ControlOutcome => ({
    effect: { kind: "control-reply", id: event.id, verb: request.verb, reply: { ok: true, result } },
    order: undefined,
  });
  switch (request.verb) {
    case "status":
      return done({
        now: wall(exchange, exchange.at.now),
        pools: poolReports(exchange),
        relationships: relationshipReports(exchange, failover),
        ...ledgerReports(ledger),
      });
    case "leases":
      return leases(event.id, request, exchange, done);
    case "explain": {
      const report = explainClient(request.client, exchange, failover);
      return report.ok ? done(report.value) : refused(event.id, request.verb, "BAD_CLIENT", report.error);
    }
    case "reload":
      return { effect: { kind: "control-reload", id: event.id }, order: undefined };
    default:
      return order(event.id, request, { exchange, failover, ledger }, done);
  }
}

function refused(id: number, verb: string, code: string, message: string): ControlOutcome {
  return { effect: { kind: "control-reply", id, verb, reply: { ok: false, error: { code, message } } }, order: undefined };
}

type Ordering = Exclude<ControlRequest, { readonly verb: "status" | "leases" | "explain" | "reload" }>;

function order(
  id: number,
  request: Ordering,
  { exchange, failover, ledger }: { readonly exchange: Exchange; readonly failover: Failover; readonly ledger: LedgerTurn | undefined },
  done: (result: unknown) => ControlOutcome,
): ControlOutcome {
  const names = [...failover.relationships.keys()];
  const name = request.relationship ?? (names.length === 1 ? names[0] : undefined);
  const relationship = name === undefined ? undefined : failover.relationships.get(name);
  if (name === undefined || relationship === undefined) {
    const known = names.length === 0 ? "no failover relationship is configured" : `the relationships are ${names.join(", ")}`;
    return refused(
      id,
      request.verb,
      "NO_SUCH_RELATIONSHIP",
      request.relationship === undefined && names.length > 0 ? `say which one: ${known}` : known,
    );
  }
  const command = commandOf(request, exchange);
  const why = commandRefusal(relationship, command) ?? (request.verb === "recover" ? recoverHindrance(relationship, request) : undefined);
  if (why !== undefined) return refused(id, request.verb, "REFUSED", why);
  const site = ledger?.site(name);
  if (request.verb === "partner-down" && ledger !== undefined && site !== undefined) {
    const hindered = partnerDownHindrance(site, request, relationship.endpoint.state);
    if (hindered !== undefined) return refused(id, request.verb, "REFUSED", hindered);
    ledger.ask(name, { id, verb: request.verb, force: request.force });
    return { effect: undefined, order: undefined };
  }
  return { ...done({ message: `${name}: ${request.verb} ordered` }), order: { kind: "failover-command", peer: name, command } };
}

/** A recovery silences this server until its partner has told it everything and MCLT is over: why that is not what is wanted, most likely. */
function recoverHindrance(
  { endpoint, link }: Relationship,
  { force }: Extract<Ordering, { readonly verb: "recover" }>,
): string | undefined {
  switch (endpoint.state) {
    case "PAUSED":
    case "SHUTDOWN":
      return undefined;
    case "RECOVER":
    case "RECOVER-WAIT":
    case "RECOVER-DONE":
      return force === true ? undefined : `this server is in ${printed(endpoint.state)}: it recovers already`;
    default: {
      if (force === true) return undefined;
      const until =
        link.up !== undefined && endpoint.communicating
          ? "its partner has told it everything and MCLT is over"
          : "the partner, which is out of reach, is back and has told it everything";
      return `this server is in ${printed(endpoint.state)} and would serve nobody until ${until}. Are its own leases not to be trusted: --force`;
    }
  }
}

/** Why the ledger need not even be asked. */
function partnerDownHindrance(
  { core }: SiteAgent,
  { force, lastAlive }: Extract<Ordering, { readonly verb: "partner-down" }>,
  state: string,
): string | undefined {
  if (core.standing.mode === "DOWN") return "the ledger has the partner serve alone; the control plane's takeover changes that";
  if (lastAlive !== undefined) return "with a ledger the waits count from its grant, not from anybody's memory: leave --last-alive out";
  if (core.standing.mode === "SOLE" && state !== "PARTNER-DOWN" && (core.reachable || force === undefined))
    return "the pair has recovered, and the ledger is being told: ask again when `tandem status` shows PAIR";
  if (!core.config.partnerIsForeign || force !== undefined) return undefined;
  return "the partner is no Tandem agent, so nothing fences it: make sure that it is off, and say so with --force --reason TEXT";
}

function ledgerReports(ledger: LedgerTurn | undefined): Partial<StatusReport> {
  const reports = ledger?.reports() ?? [];
  const [first] = reports;
  return first === undefined ? {} : { ledger: first, ledgers: reports };
}

function commandOf(request: Ordering, exchange: Exchange): FailoverCommand {
  if (request.verb !== "partner-down") return { verb: request.verb };
  if (request.lastAlive === undefined) return { verb: "partner-down" };
  return { verb: "partner-down", lastAlive: epochSeconds(request.lastAlive - exchange.at.wallOffset) };
}

/** A time as people see it: on the wall clock, 0 for none, 0xffffffff for never. */
function wall(exchange: Exchange, time: EpochSeconds): number {
  return time === NO_TIME || time === NEVER ? time : Math.max(0, time + exchange.at.wallOffset);
}

function poolReports({ state, view }: Exchange): readonly PoolStatus[] {
  return state.config.pools.map((pool) => {
    const counts = view.counts(pool.id);
    return {
      network: state.config.networks[pool.sharedNetwork]?.name ?? "?",
      ranges: pool.ranges.map(({ first, last }) => (first === last ? formatIpv4(first) : `${formatIpv4(first)}-${formatIpv4(last)}`)),
      ...(pool.failoverPeer === undefined ? {} : { relationship: pool.failoverPeer }),
      total: sizeOf(pool),
      free: counts.FREE,
      backup: counts.BACKUP,
      active: counts.ACTIVE,
      abandoned: counts.ABANDONED,
      settling: counts.EXPIRED + counts.RELEASED + counts.RESET,
    };
  });
}

const sizeOf = (pool: Pool): number => pool.ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);

const COUNTDOWNS: Readonly<Record<Countdown, string>> = {
  "startup-ends": "looking for the partner",
  "recover-wait-ends": "the partner's knowledge of us must run out (MCLT)",
  "auto-partner-down": "then the partner is taken for down",
  "partners-free-usable": "the partner's free addresses rest (MCLT)",
  "next-balance": "next look at the balance of free addresses",
};

function relationshipReports(exchange: Exchange, failover: Failover): readonly RelationshipReport[] {
  const { at, view, state } = exchange;
  return failoverStatus(failover, view, at).map((status) => {
    const peer = state.config.failoverPeers.find(({ name }) => name === status.name);
    const refusal = status.link === "up" ? undefined : status.refusal;
    const note = SERVICE_NOTES[status.service];
    return {
      name: status.name,
      role: status.role,
      state: status.state,
      since: wall(exchange, status.since),
      partnerState: status.partnerState,
      partnerSince: wall(exchange, status.partnerSince),
      partnerAddress: peer?.peerAddress ?? "?",
      partnerKind: partnerKind(status),
      link: status.link,
      ...(refusal === undefined ? {} : { linkNote: refusal }),
      ...(status.skew === undefined ? {} : { skewSeconds: status.skew }),
      mclt: status.mclt,
      unacked: status.unacked,
      owed: status.owed,
      serving: status.service !== "none",
      ...(note === undefined ? {} : { servingNote: note }),
      waits: status.countdowns.map(({ what, seconds }) => ({ reason: COUNTDOWNS[what], until: wall(exchange, at.now) + seconds })),
    };
  });
}

const SERVICE_NOTES: Readonly<Record<RelationshipStatus["service"], string | undefined>> = {
  cooperating: "each server answers its own share of the clients",
  everybody: "all clients, from our own addresses",
  renewals: "clients that have a lease",
  none: undefined,
};

const partnerKind = ({ partnerVendorClass }: RelationshipStatus): string => {
  if (partnerVendorClass === undefined) return "unknown";
  return partnerVendorClass.startsWith("tandem-") ? "tandem" : partnerVendorClass.startsWith("isc-") ? "isc" : partnerVendorClass;
};

function leases(
  id: number,
  request: Extract<ControlRequest, { readonly verb: "leases" }>,
  exchange: Exchange,
  done: (result: unknown) => ControlOutcome,
): ControlOutcome {
  const { filter, limit } = request;
  const after = request.after === undefined ? undefined : parseIpv4(request.after);
  const address = filter.address === undefined ? undefined : parseIpv4(filter.address);
  for (const parsed of [after, address]) if (parsed !== undefined && !parsed.ok) return refused(id, "leases", "BAD_ADDRESS", parsed.error);
  const found: LeaseReport[] = [];
  const source = address?.ok === true ? only(exchange.view.get(address.value)) : exchange.view.all();
  for (const lease of source) {
    if (after?.ok === true && lease.address <= after.value) continue;
    if (!matches(lease, filter)) continue;
    found.push(leaseReport(lease, exchange));
    if (found.length === limit) break;
  }
  return done({ leases: found });
}

const only = (lease: Lease | undefined): readonly Lease[] => (lease === undefined ? [] : [lease]);
const plainHex = (text: string): string =>
  text
    .split(/[:-]/)
    .map((part) => part.padStart(2, "0"))
    .join("")
    .toLowerCase();

function matches(lease: Lease, filter: { readonly hardware?: string; readonly clientId?: string; readonly status?: string }): boolean {
  if (filter.status !== undefined && lease.status !== filter.status) return false;
  if (filter.hardware !== undefined && (lease.hardware === undefined || hexPairs(lease.hardware.bytes, "") !== plainHex(filter.hardware)))
    return false;
  return filter.clientId === undefined || (lease.clientId !== undefined && hexPairs(lease.clientId, "") === plainHex(filter.clientId));
}

function leaseReport(lease: Lease, exchange: Exchange): LeaseReport {
  return {
    address: formatIpv4(lease.address),
    status: lease.status,
    starts: wall(exchange, lease.starts),
    ends: wall(exchange, lease.ends),
    ...(lease.hardware === undefined ? {} : { hardware: hexPairs(lease.hardware.bytes) }),
    ...(lease.clientId === undefined ? {} : { clientId: hexPairs(lease.clientId) }),
    ...(lease.hostname === undefined ? {} : { hostname: lease.hostname }),
    ...(lease.reserved ? { reserved: true } : {}),
  };
}
