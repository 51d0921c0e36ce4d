import { type HardwareAddress, sameHardware } from "../values/hardware-address.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { EpochSeconds } from "../values/time.ts";

/** An address held for a client that was offered it and has not asked for it yet. Never on disk. */
export interface Offer {
  readonly address: Ipv4Address;
  /** Who it is for, as {@link ClientMessage.key} says it. */
  readonly client: string;
  /** Firmware and system of one machine may differ in option 61, but not in this. */
  readonly hardware: HardwareAddress;
  /** Relay or interface by which the client was heard; each has its own share of the table. */
  readonly via: string;
  readonly until: EpochSeconds;
  /** Option 12 of the DISCOVER, as the log lines of the REQUEST show it. */
  readonly hostname: string | undefined;
  /** Option 60 of the DISCOVER; dhcpd notes it with the lease although the REQUEST may not repeat it. */
  readonly vendorClass?: Uint8Array | undefined;
  /** Option 82 of the DISCOVER, where the lease was in use already: it too stays if the REQUEST comes without. */
  readonly agentOptions?: Uint8Array | undefined;
}

const NONE: readonly Offer[] = [];
/** How many addresses are held for one client, which may be moving between networks. */
const MOST_OF_A_CLIENT = 4;

/**
 * Offers by address and by client, bounded as a whole and for each relay or interface: when there is no room the oldest
 * offer that nobody requested goes. Mutable and consumed linearly: it belongs to one agent state.
 */
export class OfferTable {
  readonly #byAddress = new Map<Ipv4Address, Offer>();
  /** The last one stands last. */
  readonly #byClient = new Map<string, readonly Offer[]>();
  readonly #byVia = new Map<string, Map<Ipv4Address, Offer>>();
  readonly #maximum: number;
  readonly #maximumVia: number;

  constructor(maximum = 16_384, maximumVia = 4_096) {
    this.#maximum = maximum;
    this.#maximumVia = maximumVia;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  /** The offer of `address` that still holds at `now`. */
  at(address: Ipv4Address, now: EpochSeconds): Offer | undefined {
    const offer = this.#byAddress.get(address);
    return offer !== undefined && offer.until > now ? offer : undefined;
  }

  /** What `client` was offered last, if it still holds at `now`. */
  of(client: string, now: EpochSeconds): Offer | undefined {
    const offer = this.#byClient.get(client)?.at(-1);
    return offer !== undefined && offer.until > now ? offer : undefined;
  }

  /** What `client` was offered that still holds at `now`, the last first: it may have been heard in several networks. */
  allOf(client: string, now: EpochSeconds): readonly Offer[] {
    const offers = this.#byClient.get(client);
    return offers === undefined ? NONE : offers.filter(({ until }) => until > now).reverse();
  }

  /** The offer of `address` to `client` that still holds. */
  takenUp(client: string, address: Ipv4Address, now: EpochSeconds): Offer | undefined {
    const offer = this.at(address, now);
    return offer?.client === client ? offer : undefined;
  }

  /** Is `address` held for somebody other than `client`? */
  heldForOther(address: Ipv4Address, client: string, now: EpochSeconds): boolean {
    const offer = this.#byAddress.get(address);
    return offer !== undefined && offer.until > now && offer.client !== client;
  }

  /** Is `address` held for another machine? A client without a hardware address is a machine of its own. */
  heldForOtherMachine(
    address: Ipv4Address,
    client: { readonly key: string; readonly hardware: HardwareAddress },
    now: EpochSeconds,
  ): boolean {
    if (!this.heldForOther(address, client.key, now)) return false;
    return client.hardware.bytes.length === 0 || !sameHardware(this.#byAddress.get(address)?.hardware, client.hardware);
  }

  /** Notes an offer; whatever was noted for the address goes, and the client's oldest one if it has too many. */
  add(offer: Offer, now: EpochSeconds): void {
    const other = this.#byAddress.get(offer.address);
    if (other !== undefined) this.drop(other);
    this.#sweep(now);
    const shared = this.#byVia.get(offer.via) ?? new Map<Ipv4Address, Offer>();
    if (shared.size >= this.#maximumVia) dropFirst(shared, this);
    if (this.#byAddress.size >= this.#maximum) dropFirst(this.#byAddress, this);
    // The last offer by this way may have been dropped just above, and its map with it.
    this.#byVia.set(offer.via, shared);
    shared.set(offer.address, offer);
    this.#byAddress.set(offer.address, offer);
    const own = this.#byClient.get(offer.client) ?? NONE;
    if (own.length >= MOST_OF_A_CLIENT) this.drop(own[0]!);
    this.#byClient.set(offer.client, [...(this.#byClient.get(offer.client) ?? NONE), offer]);
  }

  drop(offer: Offer): void {
    if (this.#byAddress.get(offer.address) === offer) this.#byAddress.delete(offer.address);
    const own = (this.#byClient.get(offer.client) ?? NONE).filter((other) => other !== offer);
    if (own.length > 0) this.#byClient.set(offer.client, own);
    else this.#byClient.delete(offer.client);
    const shared = this.#byVia.get(offer.via);
    if (shared?.get(offer.address) === offer) shared.delete(offer.address);
    if (shared?.size === 0) this.#byVia.delete(offer.via);
  }

  /** Keeps only the offers for which `keep` holds; after a change of configuration. */
  retain(keep: (offer: Offer) => boolean): void {
    for (const offer of [...this.#byAddress.values()]) if (!keep(offer)) this.drop(offer);
  }

  /** Drops what ran out; offers last equally long, so the oldest stand first. */
  #sweep(now: EpochSeconds): void {
    for (const offer of this.#byAddress.values()) {
      if (offer.until > now) return;
      this.drop(offer);
    }
  }
}

/** How long an offer holds its address: dhcpd's two minutes. */
export const OFFER_SECONDS = 120;

function dropFirst(offers: ReadonlyMap<Ipv4Address, Offer>, table: OfferTable): void {
  for (const offer of offers.values()) {
    table.drop(offer);
    return;
  }
}
