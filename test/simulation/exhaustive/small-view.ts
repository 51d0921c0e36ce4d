import { BINDING_STATUSES, type BindingStatus } from "../../../edge-agent/leases/binding-status.ts";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import type { LeaseView, NeverUsedOrder, PoolId, PoolLayout, UnboundStatus } from "../../../edge-agent/leases/lease-view.ts";
import { type HardwareAddress, sameBytes, sameHardware } from "../../../edge-agent/values/hardware-address.ts";
import type { Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import { type EpochSeconds, NO_TIME } from "../../../edge-agent/values/time.ts";

const NONE = Object.fromEntries(BINDING_STATUSES.map((status) => [status, 0])) as Readonly<Record<BindingStatus, number>>;

/** The leases of a handful of addresses, for worlds by the hundred thousand: immutable, so that what comes of an event shares the rest. */
export class SmallView implements LeaseView {
  readonly #pools: readonly PoolLayout[];
  readonly #leases: ReadonlyMap<Ipv4Address, Lease>;

  constructor(pools: readonly PoolLayout[], leases: ReadonlyMap<Ipv4Address, Lease>) {
    this.#pools = pools;
    this.#leases = leases;
  }

  get(address: Ipv4Address): Lease | undefined {
    return this.#leases.get(address);
  }
  poolOf(address: Ipv4Address): PoolId | undefined {
    return this.#pools.find(({ ranges }) => ranges.some(({ first, last }) => first <= address && address <= last))?.id;
  }
  byClientId(clientId: Uint8Array): readonly Ipv4Address[] {
    return this.#where((lease) => sameBytes(lease.clientId, clientId));
  }
  byHardware(hardware: HardwareAddress): readonly Ipv4Address[] {
    return this.#where((lease) => sameHardware(lease.hardware, hardware));
  }
  oldest(pool: PoolId, status: UnboundStatus, order: NeverUsedOrder): readonly Ipv4Address[] {
    const endOf = (address: Ipv4Address): EpochSeconds => this.#leases.get(address)?.ends ?? NO_TIME;
    const down = order === "descending";
    return this.#addresses(pool)
      .filter((address) => (this.#leases.get(address)?.status ?? "FREE") === status)
      .sort((left, right) => endOf(left) - endOf(right) || (down && endOf(left) === NO_TIME ? right - left : left - right));
  }
  counts(pool: PoolId): Readonly<Record<BindingStatus, number>> {
    const counts = { ...NONE };
    for (const address of this.#addresses(pool)) counts[this.#leases.get(address)?.status ?? "FREE"] += 1;
    return counts;
  }
  due(now: EpochSeconds, limit: number): readonly Ipv4Address[] {
    const ended = [...this.#leases.values()].filter((lease) => fallsDue(lease) && lease.ends <= now);
    ended.sort((left, right) => left.ends - right.ends || left.address - right.address);
    return ended.slice(0, limit).map(({ address }) => address);
  }
  nextDue(): EpochSeconds | undefined {
    let next: EpochSeconds | undefined;
    for (const lease of this.#leases.values()) if (fallsDue(lease) && (next === undefined || lease.ends < next)) next = lease.ends;
    return next;
  }
  all(): Iterable<Lease> {
    return [...this.#leases.values()].sort((left, right) => left.address - right.address);
  }

  #addresses(pool: PoolId): Ipv4Address[] {
    const found: Ipv4Address[] = [];
    for (const { id, ranges } of this.#pools)
      for (const { first, last } of id === pool ? ranges : [])
        for (let address = first; address <= last; address = (address + 1) as Ipv4Address) found.push(address);
    return found;
  }
  #where(fits: (lease: Lease) => boolean): readonly Ipv4Address[] {
    return [...this.#leases.values()].filter(fits).map(({ address }) => address);
  }
}

const fallsDue = ({ status }: Lease): boolean => status === "ACTIVE" || status === "ABANDONED";
