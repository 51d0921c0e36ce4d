import type { AgentConfig } from "../config/agent-config.ts";
import { flagIn } from "../config/settings.ts";
import { COVERAGE_KEY, coverageOf, decodeCoverage, encodeCoverage, leavePartners } from "../failover/coverage.ts";
import type { FailoverEvent } from "../failover/event.ts";
import { moveConnection } from "../failover/link/connections.ts";
import { nameInConnect } from "../failover/link/handshake.ts";
import type { Relationship, RelationshipConfig } from "../failover/relationship.ts";
import { reconfigureRelationship, resetRelationship, startRelationships } from "../failover/start.ts";
import { type RelationshipStatus, relationshipStatus } from "../failover/status.ts";
import { failoverDeadline, onFailoverEvent, onFailoverTick, onLeaseChanged, sendWaiting } from "../failover/step.ts";
import { Turn } from "../failover/turn.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import type { Exchange } from "../server/exchange.ts";
import { sameBytes } from "../values/hardware-address.ts";
import type { Instant, MonotonicMillis } from "../values/time.ts";
import type { AgentEffect } from "./effect.ts";

/** All relationships of an agent; empty until the first event starts them. Mutable, as the tables of the server are. */
export interface Failover {
  config: AgentConfig;
  readonly record: (key: string) => Uint8Array | undefined;
  started: boolean;
  relationships: Map<string, Relationship>;
}

export const createFailover = (config: AgentConfig, record: Failover["record"]): Failover => ({
  config,
  record,
  started: false,
  relationships: new Map(),
});

/** What the configuration says of each relationship that has a pool. */
function relationshipConfigs(config: AgentConfig): readonly RelationshipConfig[] {
  const checkSecsByteOrder = flagIn(config.global, "check-secs-byte-order")?.value ?? false;
  return config.failoverPeers.map((peer) => ({
    peer,
    checkSecsByteOrder,
    pools: config.pools
      .filter((pool) => pool.failoverPeer === peer.name)
      .map(({ id, ranges, sharedNetwork }) => ({ id, ranges, sharedNetwork, networkName: config.networks[sharedNetwork]?.name ?? "" })),
  }));
}

/** A turn of one event; chance is drawn from the moment, so that the same event does the same again. */
export function openTurn(exchange: Exchange): Turn {
  const { at, view, state } = exchange;
  const chance = (below: number): number => (Math.imul(Math.trunc(at.monotonic), 2_654_435_761) >>> 7) % below;
  return new Turn(at, view, chance, (address) => state.offers.at(address, at.now) !== undefined);
}

/** Starts the relationships with the first event. */
export function startFailover(failover: Failover, turn: Turn): void {
  if (failover.started) return;
  failover.started = true;
  for (const relationship of failover.relationships.values()) resetRelationship(turn, relationship);
  const configs = relationshipConfigs(failover.config);
  takeCoverage(failover, turn, configs);
  failover.relationships = startRelationships(turn, configs, failover.record);
}

/** What partners that were left knew of addresses is forgotten; pools without a partner have their addresses for themselves. */
function takeCoverage({ config, record }: Failover, turn: Turn, configs: readonly RelationshipConfig[]): void {
  const known = record(COVERAGE_KEY);
  const alone = new Set(config.pools.filter((pool) => pool.failoverPeer === undefined).map(({ id }) => id));
  leavePartners(turn, decodeCoverage(known), configs, { alone, record });
  const coverage = encodeCoverage(coverageOf(configs));
  if (known === undefined ? configs.length > 0 : !sameBytes(known, coverage)) turn.record(COVERAGE_KEY, coverage);
}

/** Is there anything to do here at all? */
export const hasPartners = (failover: Failover): boolean =>
  !failover.started || failover.config.failoverPeers.length > 0 || failover.relationships.size > 0;

/** What happened to one relationship. */
export function failoverEvent(failover: Failover, turn: Turn, event: FailoverEvent): void {
  const relationship = concerned(failover, turn, event);
  if (relationship !== undefined) onFailoverEvent(turn, relationship, event);
  else if (event.kind === "failover-link-opened") turn.effect({ kind: "failover-close", link: event.link });
}

/** The relationship an event is of: by name, but a connection may have been found to belong to another one. */
function concerned({ relationships }: Failover, turn: Turn, event: FailoverEvent): Relationship | undefined {
  const named = relationships.get(event.peer);
  if (relationships.size < 2 || (event.kind !== "failover-bytes" && event.kind !== "failover-link-closed")) return named;
  const owner = [...relationships.values()].find(({ link }) => link.connections.has(event.link)) ?? named;
  const connection = owner?.link.connections.get(event.link);
  if (owner === undefined || connection?.phase !== "connect-awaited" || event.kind !== "failover-bytes") return owner;
  const meant = relationships.get(nameInConnect(connection.rest, event.bytes) ?? "");
  if (meant === undefined || meant === owner || meant.config.peer.peerAddress !== owner.config.peer.peerAddress) return owner;
  moveConnection(turn, owner, meant, connection);
  return meant;
}

/** Whatever is due in any relationship. */
export function failoverTick(failover: Failover, turn: Turn): void {
  for (const relationship of failover.relationships.values()) onFailoverTick(turn, relationship);
}

/** A new configuration: relationships that stay keep their state and connection, others end or begin. */
export function reconfigureFailover(failover: Failover, turn: Turn, config: AgentConfig): void {
  failover.config = config;
  const configs = relationshipConfigs(config);
  takeCoverage(failover, turn, configs);
  for (const [name, relationship] of failover.relationships) {
    const next = configs.find(({ peer }) => peer.name === name);
    if (next !== undefined && reconfigureRelationship(turn, relationship, next)) continue;
    resetRelationship(turn, relationship);
    failover.relationships.delete(name);
  }
  const fresh = configs.filter(({ peer }) => !failover.relationships.has(peer.name));
  for (const [name, relationship] of startRelationships(turn, fresh, failover.record)) failover.relationships.set(name, relationship);
}

/** After writes were undone: connections and queues may speak of what never happened. All relationships start anew from the disk. */
export function recoverFailover(failover: Failover): void {
  failover.started = false;
}

/**
 * Ends a turn: leases that serving changed are told to their partners, and those that partners changed join the
 * exchange. Each lease is written once, as it is in the end.
 */
export function closeTurn(
  failover: Failover,
  turn: Turn,
  exchange: Exchange,
): { writes: readonly StoreWrite[]; effects: readonly AgentEffect[] } {
  const told: Relationship[] = [];
  for (const { pool, after } of exchange.changes) {
    const relationship = pool.failoverPeer === undefined ? undefined : failover.relationships.get(pool.failoverPeer);
    if (relationship === undefined) continue;
    turn.seed(after);
    onLeaseChanged(turn, relationship, after);
    if (!told.includes(relationship)) told.push(relationship);
  }
  for (const relationship of told) sendWaiting(turn, relationship);
  for (const { before, lease: after } of turn.changes()) {
    if (before === after) continue;
    const pool = exchange.state.config.pools[turn.view.poolOf(after.address) ?? -1];
    if (pool === undefined || isBookkeeping(before, after)) continue;
    exchange.state.billing.changed(before, after);
    exchange.changes.push({ cause: "partner", pool, before, after, evaluation: undefined, client: undefined });
  }
  return { writes: withoutDoubles(exchange.writes, turn), effects: joinedEffects(exchange.effects, turn.effects()) };
}

function withoutDoubles(served: readonly StoreWrite[], turn: Turn): readonly StoreWrite[] {
  const ours = turn.writes();
  if (served.length === 0) return ours;
  const writes = served.filter((write) => write.kind !== "lease" || !turn.changed(write.lease.address));
  for (const write of ours) writes.push(write);
  return writes;
}

function joinedEffects(served: readonly AgentEffect[], ours: readonly AgentEffect[]): readonly AgentEffect[] {
  if (ours.length === 0) return served;
  return served.length === 0 ? ours : [...served, ...ours];
}

/** Only what the partner knows has changed, not the lease. */
const isBookkeeping = (
  before: { status: string; ends: number; cltt: number } | undefined,
  after: { status: string; ends: number; cltt: number },
) => before !== undefined && before.status === after.status && before.ends === after.ends && before.cltt === after.cltt;

/** When {@link failoverTick} next has something to do; undefined if only input can change anything. */
export function failoverNext(failover: Failover, at: Instant | undefined): MonotonicMillis | undefined {
  if (!hasPartners(failover)) return undefined;
  if (!failover.started || at === undefined) return 0 as MonotonicMillis;
  let next: MonotonicMillis | undefined;
  for (const relationship of failover.relationships.values()) {
    const due = failoverDeadline(relationship, at);
    if (due !== undefined && (next === undefined || due < next)) next = due;
  }
  return next;
}

/** Does this relationship run in NORMAL with a partner of our own kind, which does not mind some milliseconds? With any, if none is named. */
export const sharesWithTandem = ({ relationships }: Failover, name?: string): boolean => {
  for (const [each, { endpoint }] of relationships) {
    if (endpoint.partnerIsTandem && endpoint.communicating && endpoint.state === "NORMAL" && (name ?? each) === each) return true;
  }
  return false;
};

/** Snapshots of all relationships, in order of declaration; for the control command, omshell and metrics. */
export const failoverStatus = (failover: Failover, view: LeaseView, at: Instant): readonly RelationshipStatus[] =>
  [...failover.relationships.values()].map((relationship) => relationshipStatus(relationship, view, at));
