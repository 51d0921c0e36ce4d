import type { Pool } from "../config/agent-config.ts";
import type { Evaluation } from "../config/evaluation.ts";
import { formatIpv4, type Ipv4Address } from "../values/ipv4.ts";
import { type Exchange, say } from "./exchange.ts";

/**
 * `log-threshold-high` and `log-threshold-low` (percent of the pool in use): says once that a pool fills up, and again only after
 * it emptied to the lower one. Called after a lease of `pool` was granted; the view does not show that lease yet.
 */
export function watchPool(
  exchange: Exchange,
  pool: Pool,
  evaluation: Evaluation,
  granted: { readonly address: Ipv4Address; readonly added: boolean },
): void {
  const { thresholds, config } = exchange.state;
  const high = evaluation.number("log-threshold-high");
  const low = thresholds.get(pool.id);
  if (low === undefined && (high === undefined || high <= 0 || high > 100)) return;
  const counts = exchange.view.counts(pool.id);
  let total = 0;
  for (const count of Object.values(counts)) total += count;
  const used = total - counts.FREE - counts.BACKUP + (granted.added ? 1 : 0);
  const where = `shared subnet: ${config.networks[pool.sharedNetwork]?.name}; address: ${formatIpv4(granted.address)}`;
  if (low !== undefined) {
    if (used > low) return;
    thresholds.delete(pool.id);
    say(exchange, `Pool threshold reset - ${where}; low threshold ${low}/${total}.`);
  } else if (high !== undefined && used >= Math.floor((total * high) / 100)) {
    say(exchange, `Pool threshold exceeded - ${where}; high threshold ${high}% ${used}/${total}.`);
    const lower = evaluation.number("log-threshold-low");
    if (lower === undefined || lower < high) thresholds.set(pool.id, Math.floor((total * (lower ?? 0)) / 100));
  }
}
