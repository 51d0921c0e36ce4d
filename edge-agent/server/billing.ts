import type { AgentConfig } from "../config/agent-config.ts";
import type { Lease } from "../leases/lease.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { Membership } from "./classes.ts";

/** What a lease is to be billed to; or, if all the client's classes with a limit are full, the name of the last. */
export type Billed = { readonly ok: true; readonly billing: string | undefined } | { readonly ok: false; readonly last: string };

/**
 * How many leases are billed to each class or subclass (`lease limit` of dhcpd.conf(5)). Counted once from the lease table
 * and kept up with every change of a lease. Mutable and consumed linearly: it belongs to one agent state.
 */
export class Billing {
  readonly #counts = new Map<string, number>();
  /** Leases in use that a message has billed otherwise than their record says; it lasts until the record changes. */
  readonly #rebilled = new Map<Ipv4Address, string | undefined>();

  /** Counts every stored lease, if the configuration has any limit. */
  static of(config: AgentConfig, view: LeaseView): Billing {
    const billing = new Billing();
    if (!limitsLeases(config)) return billing;
    for (const lease of view.all()) billing.#add(billing.#billedTo(lease), 1);
    return billing;
  }

  count(billing: string): number {
    return this.#counts.get(billing) ?? 0;
  }

  /**
   * What a lease of a client in `classes` is to be billed to. As in dhcpd, a message that no longer is in the class that its
   * lease in use is billed to ends that, and whatever it is in has it from then on, though it may be but a DHCPDISCOVER.
   */
  choose(classes: readonly Membership[], lease: Lease | undefined): Billed {
    const present = this.#billedTo(lease);
    if (present === undefined && !classes.some(limits)) return { ok: true, billing: undefined };
    if (present !== undefined && classes.some((member) => limits(member) && member.billing === present))
      return { ok: true, billing: present };
    this.#rebill(lease, undefined);
    let last: string | undefined;
    for (const member of classes) {
      if (!limits(member)) continue;
      if (this.count(member.billing) < (member.leaseLimit ?? 0)) {
        this.#rebill(lease, member.billing);
        return { ok: true, billing: member.billing };
      }
      last = member.className;
    }
    return last === undefined ? { ok: true, billing: undefined } : { ok: false, last };
  }

  /** Keeps up with a lease that became `after`. */
  changed(before: Lease | undefined, after: Lease): void {
    const from = this.#billedTo(before);
    this.#rebilled.delete(after.address);
    const to = this.#billedTo(after);
    if (from === to) return;
    this.#add(from, -1);
    this.#add(to, 1);
  }

  #rebill(lease: Lease | undefined, billing: string | undefined): void {
    if (lease?.status !== "ACTIVE") return;
    this.#add(this.#billedTo(lease), -1);
    this.#add(billing, 1);
    if (billing === lease.billingClass) this.#rebilled.delete(lease.address);
    else this.#rebilled.set(lease.address, billing);
  }

  /** Only a lease in use counts. */
  #billedTo(lease: Lease | undefined): string | undefined {
    if (lease?.status !== "ACTIVE") return undefined;
    return this.#rebilled.size > 0 && this.#rebilled.has(lease.address) ? this.#rebilled.get(lease.address) : lease.billingClass;
  }

  #add(name: string | undefined, difference: number): void {
    if (name === undefined) return;
    const count = (this.#counts.get(name) ?? 0) + difference;
    if (count > 0) this.#counts.set(name, count);
    else this.#counts.delete(name);
  }
}

/** Does any class limit its leases? */
export const limitsLeases = (config: AgentConfig): boolean =>
  config.classes.some(
    ({ leaseLimit, subclasses }) => leaseLimit !== undefined || [...subclasses.values()].some((sub) => sub.leaseLimit !== undefined),
  );

/** As with dhcpd, a limit of 0 is none. */
const limits = ({ leaseLimit }: Membership): boolean => leaseLimit !== undefined && leaseLimit !== 0;
