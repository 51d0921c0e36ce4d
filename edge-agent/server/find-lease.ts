import type { HostDeclaration, Pool, SharedNetwork, Subnet } from "../config/agent-config.ts";
import type { Lease } from "../leases/lease.ts";
import { sameBytes, sameHardware, tellsApart } from "../values/hardware-address.ts";
import { formatIpv4, type Ipv4Address, UNSPECIFIED } from "../values/ipv4.ts";
import type { Caller } from "./caller.ts";
import { addressAskedFor, machineKey } from "./client-message.ts";
import { type Exchange, leaseAt, poolOf, say } from "./exchange.ts";
import { type FixedAddress, matchHosts } from "./hosts.ts";
import { permits } from "./permits.ts";
import { releaseLease } from "./release-lease.ts";

/** An address that a client may get. */
export interface Candidate {
  readonly address: Ipv4Address;
  readonly subnet: Subnet;
  /** Undefined for the fixed address of a host declaration. */
  readonly pool: Pool | undefined;
  /** The record of the address; undefined if no client ever had it, or if it is fixed. */
  readonly lease: Lease | undefined;
  /** The declaration that fixes the address. */
  readonly host: HostDeclaration | undefined;
}

export interface Found {
  readonly candidate: Candidate | undefined;
  /** The address asked for is one of ours, so that refusing it is ours too. */
  readonly ours: boolean;
  /** What a NAK says (option 56). */
  readonly refusal: string;
  readonly known: boolean;
}

/** A lease while it is being weighed; an address that no client ever had has no record. */
interface Weighed {
  readonly address: Ipv4Address;
  readonly pool: Pool;
  readonly lease: Lease | undefined;
}

/**
 * The address that belongs to this client on `network`: its fixed address, the one it asks for if it may have it, else
 * the one it has or last had, by client identifier and then by hardware. Leases that the client holds but may not keep are
 * released on the way, as dhcpd does.
 */
export function findLease(exchange: Exchange, caller: Caller, network: SharedNetwork, purpose: "discover" | "request" | "bootp"): Found {
  const { client } = caller;
  const match = matchHosts(exchange.state.config, exchange.state.networks, client, network, caller.read.data);
  const known = match.hosts.length > 0;
  const asked = addressAskedFor(client);
  const search = new Search(exchange, { ...caller, known }, network, purpose);
  if (purpose === "request" && match.fixed !== undefined && match.fixed.address !== asked) {
    return { candidate: undefined, ours: true, refusal: "requested address is incorrect", known };
  }
  return { ...search.find(asked, match.fixed), known };
}

class Search {
  readonly #exchange: Exchange;
  readonly #caller: Caller;
  readonly #network: SharedNetwork;
  readonly #purpose: "discover" | "request" | "bootp";
  /** A client that says it has an address keeps its other leases: it may be renewing. */
  readonly #mayRelease: boolean;
  #ours = false;
  #refusal = "";

  constructor(exchange: Exchange, caller: Caller, network: SharedNetwork, purpose: "discover" | "request" | "bootp") {
    this.#exchange = exchange;
    this.#caller = caller;
    this.#network = network;
    this.#purpose = purpose;
    this.#mayRelease = caller.client.message.ciaddr === UNSPECIFIED;
  }

  find(asked: Ipv4Address | undefined, fixed: FixedAddress | undefined): Omit<Found, "known"> {
    let byId = this.#byClientId();
    let byHardware = this.#byHardware();
    let byAddress = asked === undefined ? undefined : this.#byAddress(asked, byId !== undefined || byHardware !== undefined);
    if (byAddress?.lease?.status === "ACTIVE" && byAddress.lease.clientId !== undefined && byAddress.address !== byId?.address) {
      byId = this.#settleDuplicate(byId);
      if (byId !== undefined) byId = byAddress;
      else if (!sameBytes(byAddress.lease.clientId, this.#caller.client.clientId)) byAddress = undefined;
    }
    if (this.#purpose === "request" && fixed !== undefined && byAddress !== undefined) {
      this.#sayConflict(byAddress, fixed);
      byAddress = undefined;
    }
    if (byHardware?.address === byId?.address || byHardware?.address === byAddress?.address) byHardware = undefined;
    if (byId?.address === byAddress?.address) byId = undefined;
    byAddress = this.#keepIfPermitted(byAddress);
    if (byAddress === undefined) this.#refusal = "requested address not available";
    if (this.#purpose === "request" && byAddress === undefined && fixed === undefined) return this.#result(undefined);
    return this.#result(this.#choose(fixed, byAddress, byId, byHardware));
  }

  #result(candidate: Candidate | undefined): Omit<Found, "known"> {
    return { candidate, ours: this.#ours, refusal: this.#refusal };
  }

  /** The client's own lease by option 61, or what it was offered. */
  #byClientId(): Weighed | undefined {
    const { client } = this.#caller;
    const offered = this.#offered(client.key);
    if (client.clientId === undefined) return offered;
    const addresses = this.#exchange.view.byClientId(client.clientId);
    let free = offered;
    for (const address of this.#inOrder(addresses)) {
      const weighed = this.#weigh(address);
      // In another network the client may have another lease.
      if (weighed === undefined || !this.#isHere(weighed.pool) || this.#isPromised(weighed)) continue;
      if (this.#isAvailable(weighed) && this.#permits(weighed.pool)) {
        if (weighed.lease?.status === "ACTIVE") return weighed;
        free ??= weighed;
      } else this.#release(weighed);
    }
    return free;
  }

  /** What this client was offered here last. */
  #offered(key: string): Weighed | undefined {
    const { client } = this.#caller;
    if (client.clientId === undefined && !tellsApart(client.hardware)) return undefined;
    for (const { address } of this.#exchange.state.offers.allOf(key, this.#exchange.at.now)) {
      const weighed = this.#weigh(address);
      if (weighed !== undefined && this.#fits(weighed)) return weighed;
    }
    return undefined;
  }

  #byHardware(): Weighed | undefined {
    const { client } = this.#caller;
    if (!tellsApart(client.hardware)) return undefined;
    // what the machine was offered before it showed an identifier, as firmware does not
    const offered = client.clientId === undefined ? undefined : this.#offered(machineKey(client.hardware));
    for (const address of this.#inOrder(this.#exchange.view.byHardware(client.hardware))) {
      const weighed = this.#weigh(address);
      const lease = weighed?.lease;
      if (offered !== undefined && lease?.status !== "ACTIVE") return offered;
      if (weighed === undefined || lease === undefined || !this.#isAvailable(weighed) || this.#isPromised(weighed)) continue;
      const sameId = sameBytes(lease.clientId, client.clientId);
      if (lease.clientId !== undefined && !sameId && lease.status !== "FREE" && lease.status !== "BACKUP") continue;
      if (!this.#isHere(weighed.pool)) continue;
      if (!this.#permits(weighed.pool)) {
        this.#release(weighed);
        continue;
      }
      // A lease with an identifier is for the client with that identifier; BOOTP clients have none to show.
      if (lease.clientId !== undefined && !sameId && !(this.#purpose === "bootp" && client.clientId === undefined)) continue;
      return weighed;
    }
    return offered;
  }

  #byAddress(asked: Ipv4Address, hasOther: boolean): Weighed | undefined {
    const weighed = this.#weigh(asked);
    if (weighed === undefined) return undefined;
    this.#ours = true;
    if (!this.#isHere(weighed.pool)) return undefined;
    const { lease } = weighed;
    const { client } = this.#caller;
    const own =
      this.#isOffered(asked) ||
      (lease !== undefined &&
        (lease.clientId === undefined ? sameHardware(lease.hardware, client.hardware) : sameBytes(lease.clientId, client.clientId)));
    if (!own) {
      const status = lease?.status ?? "FREE";
      if (status !== "FREE" && status !== "BACKUP") {
        // Perhaps the partner's: then it is not ours to refuse.
        if (status !== "ACTIVE") this.#ours = false;
        return undefined;
      }
      if (lease?.reserved === true) return undefined;
      if (this.#exchange.state.offers.heldForOtherMachine(asked, client, this.#exchange.at.now)) return undefined;
    }
    if (hasOther && this.#purpose === "discover" && !this.#isAvailable(weighed)) return undefined;
    return weighed;
  }

  /** Did we offer the address to this client, while nobody else has it? */
  #isOffered(asked: Ipv4Address): boolean {
    const { state, at } = this.#exchange;
    return (
      state.offers.takenUp(this.#caller.client.key, asked, at.now) !== undefined && leaseAt(this.#exchange, asked)?.status !== "ACTIVE"
    );
  }

  /** The client has two leases and asks for the other one: the one that it does not ask for goes, if the client is sure. */
  #settleDuplicate(byId: Weighed | undefined): Weighed | undefined {
    if (byId?.lease?.status === "ACTIVE") {
      say(this.#exchange, `client ${this.#caller.client.hardwareText} has duplicate leases on ${this.#network.name}`);
      if (this.#purpose === "request") this.#release(byId);
    }
    return byId;
  }

  #sayConflict(byAddress: Weighed, fixed: FixedAddress): void {
    const address = formatIpv4(byAddress.address);
    say(this.#exchange, `Dynamic and static leases present for ${address}.`);
    say(this.#exchange, `Remove host declaration ${fixed.host.name} or remove ${address}`);
    say(this.#exchange, `from the dynamic address pool for ${this.#network.name}`);
  }

  #keepIfPermitted(weighed: Weighed | undefined): Weighed | undefined {
    if (weighed === undefined || this.#permits(weighed.pool)) return weighed;
    this.#release(weighed);
    return undefined;
  }

  #choose(
    fixed: FixedAddress | undefined,
    byAddress: Weighed | undefined,
    byId: Weighed | undefined,
    byHardware: Weighed | undefined,
  ): Candidate | undefined {
    let chosen: Candidate | undefined;
    if (fixed !== undefined) chosen = { address: fixed.address, subnet: fixed.subnet, pool: undefined, lease: undefined, host: fixed.host };
    if (byAddress !== undefined) {
      if (chosen === undefined) chosen = this.#candidate(byAddress);
      else this.#release(byAddress);
    }
    if (byId !== undefined) {
      if (chosen === undefined) chosen = this.#candidate(byId);
      else if (this.#caller.client.clientId !== undefined) this.#sayUnusedLease(byId);
    }
    if (byHardware !== undefined) chosen ??= this.#candidate(byHardware);
    if (chosen?.lease?.status !== "ABANDONED") return chosen;
    if (this.#purpose === "request" && chosen.address === byAddress?.address) {
      say(this.#exchange, `Reclaiming REQUESTed abandoned IP address ${formatIpv4(chosen.address)}.`);
      return chosen;
    }
    this.#ours = true;
    return undefined;
  }

  #sayUnusedLease(byId: Weighed): void {
    const hardware = this.#caller.client.hardwareText;
    say(this.#exchange, `uid lease ${formatIpv4(byId.address)} for client ${hardware} is duplicate on ${this.#network.name}`);
    if (this.#purpose === "request") this.#release(byId);
  }

  #candidate(weighed: Weighed): Candidate | undefined {
    const subnet = this.#exchange.state.networks.subnetOf(weighed.address);
    return subnet && { address: weighed.address, subnet, pool: weighed.pool, lease: weighed.lease, host: undefined };
  }

  #weigh(address: Ipv4Address): Weighed | undefined {
    const pool = poolOf(this.#exchange, address);
    return pool && { address, pool, lease: leaseAt(this.#exchange, address) };
  }

  /** In use by this client, or ours to give to it. */
  #isAvailable({ pool, lease }: Weighed): boolean {
    return lease !== undefined && isOrWasActive(lease) ? true : mayReallocate(this.#exchange, pool, lease);
  }

  /** What the client gave up, and another machine has been offered since (RFC 2131 §3.1). */
  #isPromised({ address, lease }: Weighed): boolean {
    const { state, at } = this.#exchange;
    return lease?.status !== "ACTIVE" && state.offers.heldForOtherMachine(address, this.#caller.client, at.now);
  }

  #fits(weighed: Weighed): boolean {
    return this.#isHere(weighed.pool) && this.#permits(weighed.pool) && weighed.lease?.status !== "ACTIVE";
  }
  #isHere(pool: Pool): boolean {
    return this.#exchange.state.config.networks[pool.sharedNetwork] === this.#network;
  }
  #permits(pool: Pool): boolean {
    return permits(pool, this.#caller, this.#exchange.at);
  }

  #release({ lease }: Weighed): void {
    if (this.#mayRelease && lease !== undefined) releaseLease(this.#exchange, lease, this.#caller.client);
  }

  /** Leases in use first, then those that ended last: dhcpd's order of preference. */
  #inOrder(addresses: readonly Ipv4Address[]): readonly Ipv4Address[] {
    if (addresses.length < 2) return addresses;
    const rank = (address: Ipv4Address): number => {
      const lease = leaseAt(this.#exchange, address);
      return (lease?.status === "ACTIVE" ? 2 ** 40 : 0) + (lease?.ends ?? 0);
    };
    return [...addresses].sort((left, right) => rank(right) - rank(left));
  }
}

/** In use, or in use as far as the partner has heard. */
export const isOrWasActive = (lease: Lease): boolean =>
  lease.status === "ACTIVE" || ((lease.status === "EXPIRED" || lease.status === "RELEASED") && lease.failover?.rewindStatus === "ACTIVE");

/** May this server give the address to a client that does not have it? */
export function mayReallocate(exchange: Exchange, pool: Pool, lease: Lease | undefined): boolean {
  const status = lease?.status ?? "FREE";
  if (status !== "FREE" && status !== "BACKUP") return false;
  const { authority, at } = exchange;
  return authority.allocatable(pool, at).statuses.includes(status) && authority.mayAllocate(pool, lease, at);
}
