import { describe, expect, test } from "vitest";
import { bound, onBoth, PAIRS, ROLES, sameEverywhere, siteFor } from "../support/failover-case.ts";
import { sleep } from "../support/netns.ts";
import { slowLink } from "../support/slow-link.ts";

/** Messages that are late, by as much as chance has it, in pieces, or not on their way at all for a while. */
const LONG = { mclt: 240, leaseSeconds: 600, maxResponseDelay: 6 };

describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  for (const [how, words] of [
    ["40+1200/37", "late by chance, in pieces of 1 to 37 bytes"],
    ["0/1", "a byte at a time"],
  ] as const)
    test(`all is ${words}: a stall is sat out, a long one is an interruption, and both agree`, async (context) => {
      const site = siteFor(context, { ...programs, ...LONG });
      const proxy = await slowLink(site, how);
      await site.start();
      await site.bothNormal(40_000);
      await sleep(2500);
      const leases = await bound(site, 1, 2, 3);
      proxy.signal("SIGSTOP");
      leases.push(...(await bound(site, 4, 5)));
      await sleep(2000);
      proxy.signal("SIGCONT");
      await onBoth(site, leases);
      for (const role of ROLES) expect(site.servers[role].everLogged()).not.toMatch(/to communications-interrupted/);
      proxy.signal("SIGSTOP");
      for (const role of ROLES) await site.reaches(role, "communications-interrupted");
      leases.push(...(await bound(site, 6, 7)));
      proxy.signal("SIGCONT");
      await site.bothNormal(40_000);
      await sameEverywhere(site, leases.length);
      for (const [index, { address }] of leases.entries()) expect((await site.rebind(index + 1, address))?.address).toBe(address);
    });
});
