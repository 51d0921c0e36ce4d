import { evaluateScopes } from "../config/evaluate/scopes.ts";
import { NO_CLIENT } from "../config/evaluation.ts";
import type { Lease } from "../leases/lease.ts";
import { formatIpv4, type Ipv4Address } from "../values/ipv4.ts";
import { after, monotonicMillis, seconds } from "../values/time.ts";
import type { ServerEffect } from "./effect.ts";
import { type Exchange, type LeaseCause, leaseAt, poolOf, say, storeLease } from "./exchange.ts";
import type { Grant } from "./grant-in-hand.ts";
import { OFFER_SECONDS } from "./offers.ts";
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
    giveUpAt: monotonicMillis(monotonic + timeoutMillis + PROBE_GRACE_MILLIS),
  };
  if (!exchange.state.probes.add(probe, monotonic)) return false;
  say(exchange, given.text);
  exchange.effects.push({ kind: "probe", address, timeoutMillis });
  return true;
}

/**
 * For how long an address is left alone: as in dhcpd what the configuration says outside of all declarations, without any client. Nothing
 * ends at 0 in dhcpd, where the address waits until another lease of its pool ends; here it waits for as long as an offer lasts.
 */
export function abandonSeconds({ state: { config, options }, at }: Exchange): number {
  const evaluation = evaluateScopes([config.global], { ...NO_CLIENT, config, hostName: options.hostName, at });
  return (evaluation.number("abandon-lease-time") ?? DEFAULT_ABANDON_SECONDS) || OFFER_SECONDS;
}

/** Takes an address out of use, because somebody who is not our client has it. */
export function abandon(exchange: Exchange, address: Ipv4Address, why: string, cause: LeaseCause): void {
  const pool = poolOf(exchange, address);
  if (pool === undefined) return;
  say(exchange, `Abandoning IP address ${formatIpv4(address)}: ${why}`);
  const before = leaseAt(exchange, address);
  const { at } = exchange;
  const abandoned: Lease = {
    address,
    status: "ABANDONED",
    starts: before?.starts ?? at.now,
    ends: after(at.now, seconds(abandonSeconds(exchange))),
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
