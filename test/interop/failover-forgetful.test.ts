import { describe, expect, test } from "vitest";
import { comeTo, field, other, PAIRS, ROLES, siteFor } from "../support/failover-case.ts";
import type { Role } from "../support/failover-config.ts";
import type { FailoverSite } from "../support/failover-site.ts";
import { eventually, sleep } from "../support/netns.ts";

const MCLT = 15;

/** Until when a lease file has a lease, in seconds since 1970. */
function endOf(site: FailoverSite, role: Role, address: string): number {
  const [, day = "", time = ""] = /^\d (\S+) (\S+)$/.exec(field(site, role, address, "ends") ?? "") ?? [];
  return day === "" ? 0 : Date.parse(`${day.replaceAll("/", "-")}T${time}Z`) / 1000;
}

/** A partner that lost its lease file may have extended leases that we saw end; its word that they are over is worth nothing. */
describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  // a stock dhcpd takes the word of one that knows nothing
  for (const victim of ROLES.filter((role) => programs[other(role)] === "tandem"))
    test(`the ${victim} loses its disk while a lease ends: both keep the lease until MCLT past all it can have promised`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: MCLT, leaseSeconds: MCLT });
      const survivor = other(victim);
      await site.start();
      await site.bothNormal();
      await sleep(2500);
      const lease = await site.dora(1);
      const address = lease?.address ?? "";
      await comeTo(site, address, /^active$/);
      await sleep(2500);
      await site.servers[victim].stop("SIGKILL");
      await site.reaches(survivor, "communications-interrupted");
      const died = Date.now() / 1000;
      site.forget(victim);
      // its client has gone home; as far as the survivor knows, the lease is over
      await eventually(
        () => endOf(site, survivor, address) + 2 < Date.now() / 1000,
        40_000,
        () => `the ${survivor} has it until ${endOf(site, survivor, address)}`,
      );
      await site.start(victim);
      await site.bothNormal(60_000 + MCLT * 1000);
      await comeTo(site, address, /^active$/, 10_000);
      for (const role of ROLES) expect(endOf(site, role, address)).toBeGreaterThanOrEqual(Math.floor(died) + MCLT);
      await comeTo(site, address, /^(free|backup)$/, 90_000);
      expect(await site.dora(2)).toBeDefined();
    });

  for (const victim of ROLES.filter((role) => programs[role] === "dhcpd"))
    test(`the ${victim}, a dhcpd, was down while a lease ended, and has its lease file: the lease is over for both`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: MCLT, leaseSeconds: MCLT });
      await site.start();
      await site.bothNormal();
      await sleep(2500);
      const address = (await site.dora(1))?.address ?? "";
      await comeTo(site, address, /^active$/);
      await site.servers[victim].stop("SIGKILL");
      await site.reaches(other(victim), "communications-interrupted");
      site.partnerDown(other(victim));
      await site.reaches(other(victim), "partner-down");
      await sleep(MCLT * 1000);
      await site.start(victim);
      await site.bothNormal(60_000 + MCLT * 1000);
      await comeTo(site, address, /^(free|backup)$/, 60_000);
    });
});
