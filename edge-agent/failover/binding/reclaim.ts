import { AddressCells } from "../../leases/address-cells.ts";
import { AddressHeap } from "../../leases/address-heap.ts";
import type { Ipv4Address } from "../../values/ipv4.ts";
import type { EpochSeconds } from "../../values/time.ts";

/**
 * Addresses ordered by the time at which they come free. Each waits once, for the earliest of its times, however often its clients have it
 * again and give it up meanwhile.
 */
export class Reclaim {
  #heap = emptyHeap();

  get size(): number {
    return this.#heap.size;
  }
  /** The earliest time; undefined if nothing waits. */
  get first(): EpochSeconds | undefined {
    return this.#heap.firstTime as EpochSeconds | undefined;
  }
  clear(): void {
    this.#heap = emptyHeap();
  }
  add(address: Ipv4Address, at: EpochSeconds): void {
    const known = this.#heap.timeOf(address);
    if (known !== undefined && known <= at) return;
    this.#heap.remove(address);
    this.#heap.add(address, at);
  }
  /** Takes the earliest address if its time has come. */
  take(now: EpochSeconds): Ipv4Address | undefined {
    const { first } = this;
    if (first === undefined || first > now) return undefined;
    const address = this.#heap.firstAddress as Ipv4Address;
    this.#heap.remove(address);
    return address;
  }
}

const emptyHeap = (): AddressHeap => new AddressHeap(new AddressCells(), 0);
