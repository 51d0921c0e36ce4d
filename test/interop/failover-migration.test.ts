import { expect, test } from "vitest";
import { comeTo, other, sameEverywhere, siteFor } from "../support/failover-case.ts";
import type { Program, Role } from "../support/failover-config.ts";
import type { FailoverSite } from "../support/failover-site.ts";
import { sleep } from "../support/netns.ts";

const CLIENTS = 10;

/** Clients that renew all the time; each must keep its address. */
class Clients {
  readonly addresses: string[] = [];
  readonly moved: string[] = [];
  renewals = 0;
  silent = 0;
  readonly #site: FailoverSite;
  #over = false;
  #work: Promise<void> | undefined;

  constructor(site: FailoverSite) {
    this.#site = site;
  }
  async bind(): Promise<void> {
    for (let client = 0; client < CLIENTS; client += 1) this.addresses.push((await this.#site.dora(client))?.address ?? "none");
  }
  renewAlways(): void {
    this.#work = this.#renew();
  }
  async #renew(): Promise<void> {
    for (let client = 0; !this.#over; client = (client + 1) % CLIENTS) {
      const lease = await this.#site.rebind(client, this.addresses[client] ?? "");
      if (lease === undefined) this.silent += 1;
      else if (lease.address !== this.addresses[client]) this.moved.push(`client ${client}: ${lease.address}`);
      else this.renewals += 1;
      await sleep(100);
    }
  }
  async stop(): Promise<void> {
    this.#over = true;
    await this.#work;
  }
}

const WAYS: readonly (readonly [from: Program, to: Program, order: readonly Role[]])[] = [
  ["dhcpd", "tandem", ["primary", "secondary"]],
  ["dhcpd", "tandem", ["secondary", "primary"]],
  ["tandem", "dhcpd", ["primary", "secondary"]],
  ["tandem", "dhcpd", ["secondary", "primary"]],
];

for (const [from, to, order] of WAYS)
  test.concurrent(`a site goes from two of ${from} to two of ${to}, the ${order[0]} first, while its clients renew`, async (context) => {
    const site = siteFor(context, { primary: from, secondary: from, mclt: 60, leaseSeconds: 600 });
    const clients = new Clients(site);
    for (const client of [0, 3, 6]) site.clientIds.set(client, `ff00${client}0aff0102`);
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    await clients.bind();
    for (const address of clients.addresses) await comeTo(site, address, /^active$/);
    clients.renewAlways();
    for (const role of order) {
      await sleep(2500);
      await site.servers[role].stop("SIGTERM");
      await site.reaches(other(role), "communications-interrupted");
      site.replaceWith(role, to);
      const before = clients.renewals;
      await site.start(role);
      expect(site.servers[role].log()).not.toMatch(/to recover\b/);
      await site.bothNormal(60_000);
      await sleep(4000);
      expect(clients.renewals).toBeGreaterThan(before);
      for (const address of clients.addresses) await comeTo(site, address, /^active$/);
    }
    await clients.stop();
    expect(clients.moved).toEqual([]);
    expect(clients.renewals).toBeGreaterThan(20);
    // each had an answer to nearly every renewal, though a server was down for a while each time
    expect(clients.silent).toBeLessThan(clients.renewals / 5);
    await sameEverywhere(site, clients.addresses.length);
    expect(await site.dora(50)).toBeDefined();
  });
