import { describe, expect, test } from "vitest";
import { bound, comeTo, onBoth, other, PAIRS, ROLES, siteFor } from "../support/failover-case.ts";
import { sleep } from "../support/netns.ts";

/** What befalls a pair of servers, and what operators do about it. */
describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  test("the link falls silent and heals: both serve meanwhile, and know everything after", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 90, maxResponseDelay: 6 });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const before = await bound(site, 1, 2);
    await onBoth(site, before);
    site.silence(true);
    for (const role of ROLES) await site.reaches(role, "communications-interrupted");
    const meanwhile = await bound(site, 3, 4, 5, 6);
    for (const [index, { address }] of before.entries()) expect((await site.rebind(index + 1, address))?.address).toBe(address);
    site.silence(false);
    await site.bothNormal(60_000);
    await onBoth(site, [...before, ...meanwhile]);
  });

  for (const victim of ROLES)
    test(`the operator declares the ${victim} down; the other serves from everything; it recovers`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: 6 });
      const survivor = other(victim);
      await site.start();
      await site.bothNormal();
      await sleep(2500);
      await bound(site, 1);
      await sleep(1000);
      await site.servers[victim].stop("SIGKILL");
      await site.reaches(survivor, "communications-interrupted");
      site.partnerDown(survivor);
      await site.reaches(survivor, "partner-down");
      await sleep(7500);
      const alone = await bound(site, ...Array.from({ length: 12 }, (_, index) => 30 + index));
      await site.start(victim);
      await site.bothNormal(60_000);
      for (const { address } of alone) await comeTo(site, address, /^(active|free|backup)$/);
      expect(await site.dora(90)).toBeDefined();
    });

  test("both are told that the other is down; joined again they resolve it, and no address is held twice", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 60, maxResponseDelay: 6 });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const before = await bound(site, 1, 2);
    await onBoth(site, before);
    site.silence(true);
    for (const role of ROLES) await site.reaches(role, "communications-interrupted");
    for (const role of ROLES) site.partnerDown(role);
    for (const role of ROLES) await site.reaches(role, "partner-down");
    const meanwhile = await bound(site, 3, 4, 5, 6);
    site.silence(false);
    await site.bothNormal(60_000);
    await onBoth(site, meanwhile);
    for (const [index, { address }] of meanwhile.entries()) expect((await site.rebind(index + 3, address))?.address).toBe(address);
  });

  for (const going of ROLES)
    test(`the ${going} announces its going; the other serves alone at once; it comes back`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: 25 });
      const stays = other(going);
      await site.start();
      await site.bothNormal();
      await sleep(2500);
      const before = await bound(site, 1);
      await onBoth(site, before);
      if (site.programs[going] === "tandem") site.tandem(going, "shutdown");
      else site.setState(going, 8);
      await site.reaches(stays, "partner-down");
      await sleep(500);
      await site.servers[going].stop("SIGTERM");
      const alone = await bound(site, 20, 21);
      expect((await site.rebind(1, before[0]?.address ?? ""))?.address).toBe(before[0]?.address);
      await site.start(going);
      if (site.programs[going] === "dhcpd") {
        // stock dhcpd stays in shutdown until it is told to recover
        await sleep(1000);
        site.setState(going, 6);
      }
      await site.bothNormal(60_000);
      for (const { address } of alone) await comeTo(site, address, /^(active|free|backup)$/);
      expect(await site.dora(90)).toBeDefined();
    });
});
