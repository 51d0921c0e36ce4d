import { describe, expect, test } from "vitest";
import { both, comeTo, exchanged, field, other, PAIRS, ROLES, siteFor } from "../support/failover-case.ts";
import { eventually, sleep } from "../support/netns.ts";

/** The life of addresses shared by two servers in NORMAL. */
describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  test("both databases say the same of every client, field by field", async (context) => {
    const site = siteFor(context, programs);
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const leases = [];
    for (let client = 0; client < 6; client += 1) leases.push(await site.dora(client, 0));
    await sleep(4500);
    for (const [client, lease] of leases.entries()) await site.rebind(client, lease?.address ?? "");
    await sleep(4500);
    for (const lease of leases) {
      const address = lease?.address ?? "";
      await comeTo(site, address, /^active$/);
      const same = (name: string) => {
        const [left, right] = ROLES.map((role) => field(site, role, address, name));
        expect({ address, name, value: left }).toEqual({ address, name, value: right });
        expect(left).toBeDefined();
      };
      for (const name of ["starts", "ends", "hardware", "tsfp", "binding state", "next binding state"]) same(name);
      for (const role of ROLES) expect(field(site, role, address, "atsfp")).toBe(field(site, role, address, "tsfp"));
    }
  });

  test("released, expired and declined addresses are free on both servers again", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 7, global: "abandon-lease-time 12;" });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const [first, second, third, fourth] = [await site.dora(1), await site.dora(2), await site.dora(3), await site.dora(4)];
    for (const lease of [first, second, third, fourth]) await comeTo(site, lease?.address ?? "", /^active$/);
    site.release(1, first?.address ?? "", "primary");
    site.release(2, second?.address ?? "", "secondary");
    site.decline(3, third?.address ?? "", third?.server ?? "");
    for (const lease of [first, second]) await comeTo(site, lease?.address ?? "", /^(free|backup)$/);
    await comeTo(site, fourth?.address ?? "", /^(free|backup)$/, 30_000);
    await eventually(
      () => ROLES.some((role) => site.servers[role].bindingState(third?.address ?? "") === "abandoned"),
      10_000,
      () => `${third?.address} is ${both(site, third?.address ?? "").join(" and ")}`,
    );
    await comeTo(site, third?.address ?? "", /^(free|backup)$/, 40_000);
    expect(await site.dora(1)).toBeDefined();
  });

  for (const poor of ROLES)
    test(`the ${poor}, out of addresses, asks for its share and gets it`, async (context) => {
      const patience = { [poor]: "min-balance 4; max-balance 5;", [other(poor)]: "min-balance 300; max-balance 600;" };
      const site = siteFor(context, { ...programs, only: patience, buckets: poor === "primary" ? "split 256;" : "split 0;" });
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
