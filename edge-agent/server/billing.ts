import type { AgentConfig } from "../config/agent-config.ts";
import type { Lease } from "../leases/lease.ts";
import type { LeaseView } from "../leases/lease-view.ts";
import type { Membership } from "./classes.ts";

/**
 * How many leases are billed to each class or subclass (`lease limit` of dhcpd.conf(5)). Counted once from the lease table
 * and kept up with every change of a lease. Mutable and consumed linearly: it belongs to one agent state.
 */
export class Billing {
  readonly #counts = new Map<string, number>();

  /** Counts every stored lease, if the configuration has any limit. */
  static of(config: AgentConfig, view: LeaseView): Billing {
    const billing = new Billing();
    if (!limitsLeases(config)) return billing;
    for (const lease of view.all()) billing.#add(billedTo(lease), 1);
    return billing;
  }

  count(billing: string): number {
    return this.#counts.get(billing) ?? 0;
  }

  /** Keeps up with a lease that became `after`. */
  changed(before: Lease | undefined, after: Lease): void {
    const from = billedTo(before);
    const to = billedTo(after);
    if (from === to) return;
    this.#add(from, -1);
    this.#add(to, 1);
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

/** What a lease of this client is to be billed to; "refused" if all its classes with a limit are full. */
export function chooseBilling(
  billing: Billing,
  classes: readonly Membership[],
  lease: Lease | undefined,
): { readonly ok: true; readonly billing: string | undefined } | { readonly ok: false; readonly last: string } {
  const present = billedTo(lease);
  let last: string | undefined;
  for (const member of classes) {
    if (!limits(member)) continue;
    if (member.billing === present) return { ok: true, billing: present };
  }
  for (const member of classes) {
    if (!limits(member)) continue;
    if (billing.count(member.billing) < (member.leaseLimit ?? 0)) return { ok: true, billing: member.billing };
    last = member.className;
  }
  return last === undefined ? { ok: true, billing: undefined } : { ok: false, last };
}

/** As with dhcpd, a limit of 0 is none. */
const limits = ({ leaseLimit }: Membership): boolean => leaseLimit !== undefined && leaseLimit !== 0;

/** Only a lease in use counts. */
const billedTo = (lease: Lease | undefined): string | undefined => (lease?.status === "ACTIVE" ? lease.billingClass : undefined);
