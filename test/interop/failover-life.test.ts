import { describe, expect, test } from "vitest";
import { comeTo, exchanged, field, other, PAIRS, ROLES, sameEverywhere, siteFor } from "../support/failover-case.ts";
import { eventually, sleep } from "../support/netns.ts";

/** The life of addresses shared by two servers in NORMAL. */
describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  test("both databases say the same of every client, field by field", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 60, leaseSeconds: 300 });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const leases = [];
    for (const client of [1, 3, 5, 7]) site.clientIds.set(client, `ff00010${client}0aff`);
    for (let client = 0; client < 8; client += 1) leases.push(await site.dora(client, 0));
    await sleep(4500);
    for (const [client, lease] of leases.entries()) await site.rebind(client, lease?.address ?? "");
    await sameEverywhere(site, 8);
    for (const [client, lease] of leases.entries())
      expect(field(site, "primary", lease?.address ?? "", "uid") !== undefined).toBe(client % 2 === 1);
  });

  test("released and declined addresses are free on both servers again", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 240, leaseSeconds: 600, global: "abandon-lease-time 12;" });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const [first, second, third] = [await site.dora(1), await site.dora(2), await site.dora(3)];
    const addresses = [first, second, third].map((lease) => lease?.address ?? "");
    for (const address of addresses) await comeTo(site, address, /^active$/);
    site.release(1, first?.address ?? "", "primary");
    site.release(2, second?.address ?? "", "secondary");
    site.decline(3, third?.address ?? "", third?.server ?? "");
    for (const address of addresses) await comeTo(site, address, /^(free|backup)$/, 60_000);
    expect(ROLES.some((role) => site.servers[role].history(third?.address ?? "").includes("abandoned"))).toBe(true);
    expect(await site.dora(1)).toBeDefined();
  });

  test("addresses that run out, whoever gave them, are free on both servers again", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 7 });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const addresses: string[] = [];
    for (let client = 0; client < 6; client += 1) addresses.push((await site.dora(client, 0))?.address ?? "");
    // on a slow machine the first may have ended when the last is looked at
    for (const address of addresses)
      for (const role of ROLES)
        await eventually(
          () => site.servers[role].history(address).includes("active"),
          20_000,
          () => `the ${role} never knew ${address} as active`,
        );
    for (const address of addresses) await comeTo(site, address, /^(free|backup)$/, 60_000);
    expect(await site.dora(8)).toBeDefined();
  });

  for (const poor of ROLES)
    test(`the ${poor}, out of addresses, asks for its share and gets it`, async (context) => {
      const patience = { [poor]: "min-balance 4; max-balance 5;", [other(poor)]: "min-balance 300; max-balance 600;" };
      const site = siteFor(context, {
        ...programs,
        mclt: 240,
        leaseSeconds: 600,
        only: patience,
        buckets: poor === "primary" ? "split 256;" : "split 0;",
      });
      await site.start();
      await site.bothNormal();
      await sleep(3000);
      const share = (status: string) =>
        [...site.servers[poor].leases().values()].filter((text) => text.includes(`  binding state ${status};`)).length;
      for (let client = 0; client < 10; client += 1) expect(await site.dora(client, 0)).toBeDefined();
      await sleep(8000);
      const own = poor === "primary" ? "free" : "backup";
      await eventually(
        () => share(own) >= 3,
        30_000,
        () => `the ${poor} has ${share(own)} addresses left`,
      );
      const late = [await site.dora(20, 0), await site.dora(21, 0)];
      for (const lease of late) expect(lease?.server).toBe(poor === "primary" ? "10.77.0.2" : "10.77.0.3");
      const messages = await exchanged(site);
      expect(messages.get(1) ?? 0).toBeGreaterThan(0);
      expect(messages.get(2) ?? 0).toBeGreaterThan(0);
    });
});
