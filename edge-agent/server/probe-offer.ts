import type { Lease } from "../leases/lease.ts";
import { formatIpv4, type Ipv4Address } from "../values/ipv4.ts";
import { after, monotonicMillis, seconds } from "../values/time.ts";
import type { ServerEffect } from "./effect.ts";
import { type Exchange, type LeaseCause, leaseAt, poolOf, say, storeLease } from "./exchange.ts";
import type { Grant } from "./grant-in-hand.ts";
import { PROBE_GRACE_MILLIS, type Probe } from "./probes.ts";
import { variablesOfAbandoned } from "./release-lease.ts";

const DEFAULT_CLTT_SECONDS = 60;
const DEFAULT_TIMEOUT_SECONDS = 1;
const LONGEST_TIMEOUT_MILLIS = 60_000;
/** dhcpd's abandon-lease-time. */
const DEFAULT_ABANDON_SECONDS = 86_400;

/**
 * Asks whether somebody answers at an address before it is offered (RFC 2131 §2.2; `ping-check`), unless its last client had
 * it until lately. True if the offer waits for the answer.
 */
export function probeFirst(given: Grant, offer: () => readonly ServerEffect[]): boolean {
  const { exchange, evaluation, candidate, sameClient, caller } = given;
  const { lease, address } = candidate;
  if (lease?.status === "ACTIVE" || evaluation.flag("ping-check") === false) return false;
  const quiet = evaluation.number("ping-cltt-secs") ?? DEFAULT_CLTT_SECONDS;
  if (sameClient && lease !== undefined && lease.status !== "ABANDONED" && exchange.at.now - lease.cltt <= quiet) return false;
  const inMillis = evaluation.number("ping-timeout-ms") ?? 0;
  const wanted = inMillis > 0 ? inMillis : (evaluation.number("ping-timeout") ?? DEFAULT_TIMEOUT_SECONDS) * 1_000;
  const timeoutMillis = Math.min(Math.max(wanted, 1), LONGEST_TIMEOUT_MILLIS);
  const { monotonic } = exchange.at;
  const probe: Probe = {
    address,
    client: caller.client,
    whenFree: offer(),
    abandonSeconds: evaluation.number("abandon-lease-time") ?? DEFAULT_ABANDON_SECONDS,
    giveUpAt: monotonicMillis(monotonic + timeoutMillis + PROBE_GRACE_MILLIS),
  };
  if (!exchange.state.probes.add(probe, monotonic)) return false;
  say(exchange, given.text);
  exchange.effects.push({ kind: "probe", address, timeoutMillis });
  return true;
}

/** For how long declined addresses are left alone: what the outermost scope says. Seconds. */
export const abandonSeconds = (value: number | undefined): number => value ?? DEFAULT_ABANDON_SECONDS;

/** Takes an address out of use, because somebody who is not our client has it. */
export function abandon(exchange: Exchange, address: Ipv4Address, why: string, duration: number, cause: LeaseCause): void {
  const pool = poolOf(exchange, address);
  if (pool === undefined) return;
  say(exchange, `Abandoning IP address ${formatIpv4(address)}: ${why}`);
  const before = leaseAt(exchange, address);
  const { at } = exchange;
  const abandoned: Lease = {
    address,
    status: "ABANDONED",
    starts: before?.starts ?? at.now,
    ends: after(at.now, seconds(duration)),
    cltt: before?.cltt ?? at.now,
    clientId: undefined,
    hardware: undefined,
    hostname: undefined,
    agentOptions: undefined,
    reserved: before?.reserved === true,
    bootp: false,
    variables: variablesOfAbandoned(exchange, before),
    billingClass: undefined,
    failover: before?.failover,
  };
  const lease = exchange.authority.changed(pool, before, abandoned, undefined, at);
  storeLease(exchange, { cause, pool, before, after: lease, evaluation: undefined, client: undefined });
}
