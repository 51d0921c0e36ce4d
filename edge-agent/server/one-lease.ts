import { sameHardware } from "../values/hardware-address.ts";
import { leaseAt } from "./exchange.ts";
import type { Grant } from "./grant-in-hand.ts";
import { releaseLease } from "./release-lease.ts";

/**
 * `one-lease-per-client`: a client that asks for an address has forgotten its others, so they are released: those with its
 * identifier, and those of its hardware if it has no identifier or if duplicates are denied for its host. As in dhcpd hardware
 * counts only when the address was this machine's before, by an offer or a lease: an INIT-REBOOT for any other leaves both.
 */
export function releaseOtherLeases(given: Grant): void {
  const { exchange, caller, candidate, host, evaluation } = given;
  const { client } = caller;
  if (candidate.pool === undefined) return;
  const denied = host !== undefined && host.clientId === undefined && evaluation.flag("duplicates") === false;
  const addresses = client.clientId === undefined ? [] : [...exchange.view.byClientId(client.clientId)];
  if ((client.clientId === undefined || denied) && wasThisMachines(given)) addresses.push(...exchange.view.byHardware(client.hardware));
  for (const address of addresses) {
    const lease = address === candidate.address ? undefined : leaseAt(exchange, address);
    if (lease !== undefined) releaseLease(exchange, lease, client);
  }
}

function wasThisMachines({ exchange, caller, candidate }: Grant): boolean {
  const { client } = caller;
  if (exchange.state.offers.at(candidate.address, exchange.at.now)?.client === client.key) return true;
  return candidate.lease !== undefined && sameHardware(candidate.lease.hardware, client.hardware);
}
