import type { SharedNetwork } from "../config/agent-config.ts";
import { type AllocatablePool, chooseAddress } from "../leases/choose-address.ts";
import { formatIpv4, type Ipv4Address } from "../values/ipv4.ts";
import type { Caller } from "./caller.ts";
import { type Exchange, leaseAt, poolOf, say } from "./exchange.ts";
import { type Candidate, findLease, isOrWasActive, mayReallocate } from "./find-lease.ts";
import { grant } from "./grant.ts";
import { badMessageLine, discoverLine } from "./log-lines.ts";
import { permits } from "./permits.ts";

/** DHCPDISCOVER (RFC 2131 §4.3.1): offers the address the client has or had, the one it asks for, or another. */
export function discover(exchange: Exchange, caller: Caller): void {
  const { client, network } = caller;
  if (network === undefined) {
    say(exchange, badMessageLine(client, "unknown network segment"));
    return;
  }
  const found = findLease(exchange, caller, network, "discover");
  const known = { ...caller, known: found.known };
  let { candidate } = found;
  if (candidate?.pool !== undefined && !isGrantable(exchange, candidate)) candidate = undefined;
  const text = discoverLine(client, nameFor(exchange, candidate));
  candidate ??= allocate(exchange, known, network);
  if (candidate === undefined) {
    const partnerHolds = partnerHasAddresses(exchange, known, network);
    say(exchange, partnerHolds ? `${text}: peer holds all free leases` : `${text}: network ${network.name}: no free leases`);
    return;
  }
  if (candidate.pool !== undefined) {
    const answers = exchange.authority.answers(candidate.pool, "discover", client.message, exchange.at);
    if (!answers.ok) {
      say(exchange, `${text}: ${answers.reason}`);
      return;
    }
  }
  grant(exchange, known, candidate, "offer", text);
}

/** The name in the log line: that of the lease, or of an offer made just before. */
export function nameFor(exchange: Exchange, candidate: Candidate | undefined): string | undefined {
  if (candidate?.pool === undefined) return undefined;
  // also of an offer to the same machine under another identifier
  const offer = exchange.state.offers.at(candidate.address, exchange.at.now);
  return offer === undefined ? candidate.lease?.hostname : offer.hostname;
}

/** A free address for a client that has none on `network`, from the pools that let it in. */
export function allocate(exchange: Exchange, caller: Caller, network: SharedNetwork): Candidate | undefined {
  const { state, view, at, authority } = exchange;
  const pools: AllocatablePool[] = [];
  for (const pool of network.pools) {
    if (!permits(pool, caller, at)) continue;
    const { statuses, order } = authority.allocatable(pool, at);
    pools.push({ id: pool.id, statuses, order });
  }
  const chosen = chooseAddress(pools, view, state.candidates, (address) => isFree(exchange, caller, address));
  if (chosen === undefined) return undefined;
  const pool = poolOf(exchange, chosen.address);
  const subnet = state.networks.subnetOf(chosen.address);
  if (pool === undefined || subnet === undefined) return undefined;
  if (chosen.abandoned) say(exchange, `Reclaiming abandoned lease ${formatIpv4(chosen.address)}.`);
  return { address: chosen.address, subnet, pool, lease: leaseAt(exchange, chosen.address), host: undefined };
}

function isFree(exchange: Exchange, caller: Caller, address: Ipv4Address): boolean {
  const { state, at, authority, view } = exchange;
  if (state.offers.heldForOther(address, caller.client.key, at.now) || state.probes.has(address, at.monotonic)) return false;
  // What this very step did to an address, the view does not show yet.
  if (exchange.changes.some(({ after }) => after.address === address)) return false;
  const lease = view.get(address);
  if (lease?.reserved === true) return false;
  const pool = poolOf(exchange, address);
  return pool !== undefined && authority.mayAllocate(pool, lease, at);
}

const isGrantable = (exchange: Exchange, { pool, lease }: Candidate): boolean =>
  (lease !== undefined && isOrWasActive(lease)) || (pool !== undefined && mayReallocate(exchange, pool, lease));

/** Has the partner free addresses in the client's pools? Then it will answer. */
function partnerHasAddresses(exchange: Exchange, caller: Caller, network: SharedNetwork): boolean {
  const { authority, at, view } = exchange;
  return network.pools.some((pool) => {
    if (pool.failoverPeer === undefined || !permits(pool, caller, at)) return false;
    const { statuses } = authority.allocatable(pool, at);
    const counts = view.counts(pool.id);
    return (["FREE", "BACKUP"] as const).some((status) => !statuses.includes(status) && counts[status] > 0);
  });
}
