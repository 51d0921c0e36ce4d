import type { Caller } from "./caller.ts";
import { allocate } from "./discover.ts";
import { type Exchange, say } from "./exchange.ts";
import { findLease } from "./find-lease.ts";
import { grant } from "./grant.ts";
import { bootRequestLine } from "./log-lines.ts";

/** BOOTREQUEST without a DHCP message type (RFC 951, RFC 1534): a fixed address, or a dynamic one from pools that allow it. */
export function bootp(exchange: Exchange, caller: Caller): void {
  const { client, network } = caller;
  const text = bootRequestLine(client);
  if (network === undefined) {
    say(exchange, `${text}: network unknown`);
    return;
  }
  const found = findLease(exchange, caller, network, "bootp");
  const known = { ...caller, known: found.known };
  const candidate = found.candidate ?? allocate(exchange, known, network);
  if (candidate === undefined) {
    say(exchange, `${text}: BOOTP from dynamic client and no dynamic leases`);
    return;
  }
  if (candidate.pool !== undefined) {
    const answers = exchange.authority.answers(candidate.pool, "bootp", client.message, exchange.at);
    if (!answers.ok) {
      say(exchange, `${text}: ${answers.reason}`);
      return;
    }
  }
  grant(exchange, known, candidate, "bootp", text);
}
