import type { Pool } from "../config/agent-config.ts";
import type { Evaluation } from "../config/evaluation.ts";
import { OPTION } from "../dhcp/wire/option-codes.ts";
import type { Lease } from "../leases/lease.ts";
import { type Ipv4Address, ipv4FromBytes } from "../values/ipv4.ts";
import { INFINITE, NEVER, type Seconds, seconds, secondsBetween } from "../values/time.ts";
import type { ClientMessage } from "./client-message.ts";
import { type Exchange, say } from "./exchange.ts";

/** dhcpd's times where the configuration gives none, in seconds. */
const DEFAULT_LEASE = 43_200;
const MAXIMUM_LEASE = 86_400;
const MINIMUM_LEASE = 300;

/** How long a lease the client is to have, before a partner has its say; "closed" if the pool is not in use at this time. */
export function desiredLeaseTime(
  exchange: Exchange,
  evaluation: Evaluation,
  client: ClientMessage,
  target: {
    readonly pool: Pool | undefined;
    readonly lease: Lease | undefined;
    readonly address: Ipv4Address;
    readonly addressText: string;
  },
): Seconds | "closed" {
  const preset = evaluation.number("default-lease-time") ?? DEFAULT_LEASE;
  const maximum = evaluation.number("max-lease-time") ?? MAXIMUM_LEASE;
  const minimum = evaluation.number("min-lease-time") ?? Math.min(MINIMUM_LEASE, maximum);
  let time = Math.min(requestedTime(client) ?? preset, maximum);
  const { pool } = target;
  if (pool !== undefined) {
    const remaining = remainingTime(exchange, target);
    const ends = remaining > 0 ? remaining : (target.lease?.ends ?? 0) - exchange.at.now;
    time = adapted(exchange, evaluation, time, minimum, { pool, remaining, ends, addressText: target.addressText });
    const { from, until } = validity(pool);
    const wall = exchange.at.now + exchange.at.wallOffset;
    if (wall < from || (until !== undefined && wall >= until)) return "closed";
    if (until !== undefined) time = Math.min(time, until - wall);
  }
  if (time < minimum) time = minimum === 0 ? preset : minimum;
  return seconds(time);
}

/** Option 51 of the request. Seconds. */
export function requestedTime(client: ClientMessage): number | undefined {
  const value = client.message.options.get(OPTION.leaseTime);
  return value !== undefined && value.length === 4 ? ipv4FromBytes(value) : undefined;
}

/** How long a dynamic BOOTP client keeps its address: for good, unless the configuration limits it. */
export function bootpLeaseTime(exchange: Exchange, evaluation: Evaluation): Seconds {
  const cutoff = evaluation.number("dynamic-bootp-lease-cutoff");
  if (cutoff !== undefined) return seconds(cutoff - (exchange.at.now + exchange.at.wallOffset));
  return seconds(evaluation.number("dynamic-bootp-lease-length") ?? INFINITE);
}

/** When the pool is in use: `allow after` opens it, `deny after` closes it. Wall-clock seconds. */
function validity(pool: Pool): { readonly from: number; readonly until: number | undefined } {
  let from = 0;
  let until: number | undefined;
  for (const permit of pool.permit) if (permit.kind === "after") from = permit.time;
  for (const permit of pool.prohibit) if (permit.kind === "after") until = permit.time;
  return { from, until };
}

/** Seconds that the client has left of the address: of its lease, or of the offer that it takes up. */
function remainingTime(exchange: Exchange, target: { readonly lease: Lease | undefined; readonly address: Ipv4Address }): number {
  const { now } = exchange.at;
  const offered = exchange.state.offers.at(target.address, now);
  const ofOffer = offered !== undefined ? secondsBetween(now, offered.until) : 0;
  const ends = target.lease?.ends ?? NEVER;
  return Math.max(ofOffer, ends === NEVER ? 0 : secondsBetween(now, ends));
}

/** `adaptive-lease-time-threshold`: while the pool is fuller than that many percent, leases are as short as may be. */
function adapted(
  exchange: Exchange,
  evaluation: Evaluation,
  time: number,
  minimum: number,
  target: { readonly pool: Pool; readonly remaining: number; readonly ends: number; readonly addressText: string },
): number {
  const threshold = evaluation.number("adaptive-lease-time-threshold");
  if (threshold === undefined || threshold <= 0 || threshold >= 100) return time;
  const { remaining } = target;
  const short = Math.max(minimum === 0 ? MINIMUM_LEASE : minimum, remaining);
  const counts = exchange.view.counts(target.pool.id);
  let total = 0;
  for (const count of Object.values(counts)) total += count;
  const filled = total === 0 ? 0 : Math.floor(((total - counts.FREE - counts.BACKUP) * 100) / total);
  const details = `Total: ${total}, Free: ${counts.FREE}, Ends: ${target.ends}, Adaptive: ${short}, Fill: ${filled}, Threshold: ${threshold}`;
  say(exchange, `Adap-lease: ${details}`);
  if (filled < threshold || time <= short) return time;
  say(exchange, `Pool over threshold, time for ${target.addressText} reduced from ${time} to ${short}.`);
  return short;
}
