import type { Pool } from "../config/agent-config.ts";
import type { Evaluation } from "../config/evaluation.ts";
import type { DdnsPlan } from "../ddns/plan.ts";
import type { Lease } from "../leases/lease.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Instant } from "../values/time.ts";
import type { ClientMessage } from "./client-message.ts";
import type { ServerEffect } from "./effect.ts";
import { line } from "./log-lines.ts";
import type { PoolAuthority } from "./pool-authority.ts";
import type { ServerState } from "./state.ts";

/** Why a lease changed. */
export type LeaseCause = "granted" | "released" | "expired" | "declined" | "pinged" | "recovered" | "partner";

/** A change of a lease in this step, for those who follow leases: DNS updates, the partner, the ledger. */
export interface LeaseChange {
  readonly cause: LeaseCause;
  readonly pool: Pool;
  /** As stored before; undefined if no client ever had the address. */
  readonly before: Lease | undefined;
  readonly after: Lease;
  /** What the configuration said, for "granted". */
  readonly evaluation: Evaluation | undefined;
  /** The message that caused it; undefined for what time did. */
  readonly client: ClientMessage | undefined;
}

/** A fixed-address client that was acknowledged: it has no lease, but `update-static-leases` may want its names. */
export interface StaticGrant {
  readonly address: Ipv4Address;
  readonly hostName: string;
  readonly evaluation: Evaluation;
  readonly client: ClientMessage;
}

/** What a grant means for DNS; `lease` is undefined for a fixed address, which has nothing to remember its records by. */
export interface NamesGranted {
  readonly address: Ipv4Address;
  readonly lease: Lease | undefined;
  readonly plan: DdnsPlan;
}

/** One event being served: what it may read, and where what it does is gathered. */
export interface Exchange {
  readonly state: ServerState;
  readonly view: LeaseView;
  readonly authority: PoolAuthority;
  readonly at: Instant;
  readonly writes: StoreWrite[];
  readonly effects: ServerEffect[];
  readonly changes: LeaseChange[];
  readonly staticGrants: StaticGrant[];
  readonly names: NamesGranted[];
}

export function openExchange(state: ServerState, view: LeaseView, authority: PoolAuthority, at: Instant): Exchange {
  return { state, view, authority, at, writes: [], effects: [], changes: [], staticGrants: [], names: [] };
}

export function say(exchange: Exchange, text: string): void {
  exchange.effects.push(line(text));
}

/** Says once what is wrong with the `site-option-space` of an answer. */
export function adviseOfSiteSpace({ state, effects }: Exchange, evaluation: Evaluation): void {
  if (evaluation.siteOptionSpace === undefined) return;
  const advice = state.advice.ofSiteSpace(evaluation, state.config);
  if (advice !== undefined) effects.push(line(advice));
}

/** The record of `address`, with what this step did to it. */
export function leaseAt(exchange: Exchange, address: Ipv4Address): Lease | undefined {
  const { changes } = exchange;
  for (let index = changes.length - 1; index >= 0; index -= 1) {
    const change = changes[index]!;
    if (change.after.address === address) return change.after;
  }
  return exchange.view.get(address);
}

/** The pool that `address` is given out from; undefined outside all pools. */
export function poolOf(exchange: Exchange, address: Ipv4Address): Pool | undefined {
  const id = exchange.view.poolOf(address);
  return id === undefined ? undefined : exchange.state.config.pools[id];
}

/** Stores a changed lease and tells those who follow. */
export function storeLease(exchange: Exchange, change: LeaseChange): void {
  exchange.writes.push({ kind: "lease", lease: change.after });
  exchange.changes.push(change);
  exchange.state.billing.changed(change.before, change.after);
}
