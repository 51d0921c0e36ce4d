import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { comeTo, edit, other, PAIRS, ROLES, siteFor } from "../support/failover-case.ts";
import type { Role } from "../support/failover-config.ts";
import type { FailoverSite, Leased } from "../support/failover-site.ts";
import { eventually } from "../support/netns.ts";

/** Configurations of two partners that drift apart for a while. That nobody holds an address beside somebody else is judged as each site is closed. */
const TERMS = { mclt: 60, leaseSeconds: 120, maxResponseDelay: 6, range: "10.77.0.100 10.77.0.109" };

/** As many clients as get an address from whoever serves. */
async function takers(site: FailoverSite, from: number, to: number): Promise<readonly (readonly [number, Leased])[]> {
  const taken: [number, Leased][] = [];
  for (let client = from; client <= to; client += 1) {
    const lease = await site.dora(client);
    if (lease !== undefined) taken.push([client, lease]);
  }
  return taken;
}

const swapRole = (conf: string): string =>
  conf.includes("{ primary;")
    ? conf.replace("{ primary;", "{ secondary;").replace("mclt 60; split 128;", "")
    : conf.replace("{ secondary;", "{ primary; mclt 60; split 128;");

describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  // a dhcpd that has its new role alone gives its partner's addresses away
  for (const first of ROLES.filter((role) => programs[role] === "tandem"))
    test(`roles are exchanged, on the ${first} first: it gives nothing away before its partner has its own`, async (context) => {
      const site = siteFor(context, { ...programs, ...TERMS });
      const second = other(first);
      await site.start();
      await site.bothNormal();
      const before = await takers(site, 1, 2);
      for (const [, { address }] of before) await comeTo(site, address, /^active$/);
      const exchange = async (role: Role) => {
        await site.servers[role].stop("SIGTERM");
        edit(site, role, swapRole);
        await site.start(role);
      };
      await exchange(first);
      await eventually(() => site.servers[first].log().includes(`this server was the ${first}`));
      await site.reaches(second, "communications-interrupted");
      // its 15 seconds of STARTUP are over
      await site.reaches(first, "recover");
      const meanwhile = await takers(site, 10, 15);
      expect(new Set(meanwhile.map(([, { server }]) => server)).size).toBe(1);
      await exchange(second);
      await site.bothNormal(60_000);
      for (const [client, { address }] of [...before, ...meanwhile]) expect((await site.rebind(client, address))?.address).toBe(address);
      expect((await takers(site, 30, 30)).length).toBe(1);
    });

  for (const gone of ROLES.filter((role) => programs[role] === "tandem"))
    test(`the ${gone} is taken out of failover while its partner is off, and put back: the partner recovers, nothing is lost`, async (context) => {
      const site = siteFor(context, { ...programs, ...TERMS, mclt: 8 });
      await site.start();
      await site.bothNormal();
      const before = await takers(site, 1, 2);
      for (const [, { address }] of before) await comeTo(site, address, /^active$/);
      for (const role of ROLES) await site.servers[role].stop("SIGTERM");
      const { conf } = site.servers[gone];
      const shared = readFileSync(conf, "utf8");
      writeFileSync(conf, shared.replace(/^failover peer[\s\S]*?^subnet/m, "subnet").replace('failover peer "lab"; ', ""));
      await site.start(gone);
      const alone = await takers(site, 10, 16);
      expect(alone).toHaveLength(7);
      await site.servers[gone].stop("SIGTERM");
      writeFileSync(conf, shared);
      await site.start(gone);
      await site.start(other(gone));
      await site.bothNormal(60_000);
      for (const [client, { address }] of [...before, ...alone]) {
        expect((await site.rebind(client, address))?.address).toBe(address);
        await comeTo(site, address, /^active$/);
      }
      expect(await takers(site, 30, 30)).toHaveLength(1);
      for (let last = 100; last < 110; last += 1) await comeTo(site, `10.77.0.${last}`, /^(active|free|backup)$/);
    });
});
