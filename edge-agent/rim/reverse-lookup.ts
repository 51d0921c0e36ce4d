import { lookupService } from "node:dns/promises";
import { isIPv4 } from "node:net";
import { formatIpv4, type Ipv4Address } from "../values/ipv4.ts";

/** Finds the name of an address as the machine does (files, DNS); undefined if it has none. */
export type FindName = (address: string) => Promise<string | undefined>;

/** An answer waits at most this long for its name, in milliseconds: clients ask again after four seconds (RFC 2131 §4.1). */
const LONGEST_MILLIS = 3000;

/** The machine's resolver. It gives an address without a name back as it is. */
export const findNameByResolver: FindName = async (address) => {
  const { hostname } = await lookupService(address, 0);
  return isIPv4(hostname) ? undefined : hostname;
};

/**
 * Looks up names of addresses, one at a time: the resolver blocks a thread of a pool that the lease store needs too. One
 * that waited for {@link LONGEST_MILLIS} is answered "no name"; nobody waits longer than that.
 */
export class ReverseLookup {
  readonly #find: FindName;
  readonly #found: (id: number, name: string | undefined) => void;
  readonly #queue = new Map<number, { readonly address: Ipv4Address; readonly timer: NodeJS.Timeout }>();
  #busy = false;

  constructor(find: FindName, found: (id: number, name: string | undefined) => void) {
    this.#find = find;
    this.#found = found;
  }

  /** The name, or undefined, is told once, under the same number. */
  ask(id: number, address: Ipv4Address): void {
    this.#queue.set(id, { address, timer: setTimeout(() => this.#tell(id, undefined), LONGEST_MILLIS) });
    if (!this.#busy) void this.#work();
  }

  close(): void {
    for (const { timer } of this.#queue.values()) clearTimeout(timer);
    this.#queue.clear();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let next = this.#first(); next !== undefined; next = this.#first()) {
      const { id, address } = next;
      const name = await this.#find(formatIpv4(address)).catch(() => undefined);
      this.#tell(id, name);
    }
    this.#busy = false;
  }

  #first(): { readonly id: number; readonly address: Ipv4Address } | undefined {
    for (const [id, { address }] of this.#queue) return { id, address };
    return undefined;
  }

  #tell(id: number, name: string | undefined): void {
    const asked = this.#queue.get(id);
    if (asked === undefined) return;
    this.#queue.delete(id);
    clearTimeout(asked.timer);
    this.#found(id, name);
  }
}
