import { cpSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { comeTo, other, PAIRS, ROLES, sameEverywhere, siteFor } from "../support/failover-case.ts";
import type { Role } from "../support/failover-config.ts";
import type { FailoverSite } from "../support/failover-site.ts";
import { sleep } from "../support/netns.ts";

/** What a first lease lasts. Seconds. */
const MCLT = 8;
const backup = (site: FailoverSite, role: Role): string => join(site.lab.directory, `backup-${role}`);

/** A snapshot of what a server that goes on has on its disk. */
function keep(site: FailoverSite, role: Role): void {
  const { leaseFile, process } = site.servers[role];
  process.signal("SIGSTOP");
  for (const name of readdirSync(dirname(leaseFile)).filter((each) => each.startsWith(basename(leaseFile))))
    cpSync(join(dirname(leaseFile), name), join(backup(site, role), name), { recursive: true, filter: (from) => !from.endsWith(".sock") });
  process.signal("SIGCONT");
}

/** Both machines are put back to snapshots of some time ago: nobody is left who could tell that they are old. */
describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  for (const older of [undefined, ...ROLES])
    test(`both are put back, ${older === undefined ? "to the same moment" : `the ${older} to an earlier one`}`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: MCLT, leaseSeconds: 60 });
      await site.start();
      await site.bothNormal();
      await sleep(2500);
      const first = older ?? "primary";
      const early = await site.dora(1);
      await comeTo(site, early?.address ?? "", /^active$/);
      keep(site, first);
      if (older === undefined) keep(site, other(first));
      const late = await site.dora(2);
      const lateUntil = Date.now() + 1000 * (MCLT + 1);
      await comeTo(site, late?.address ?? "", /^active$/);
      if (older !== undefined) keep(site, other(first));
      await sleep(2500);
      // its lease reaches further now than any snapshot has it
      expect((await site.rebind(1, early?.address ?? ""))?.address).toBe(early?.address);
      await Promise.all(ROLES.map((role) => site.servers[role].stop("SIGKILL")));
      for (const role of ROLES) {
        site.forget(role);
        cpSync(backup(site, role), dirname(site.servers[role].leaseFile), { recursive: true });
      }
      await site.start("secondary");
      await site.start("primary");
      await site.bothNormal(60_000);
      const held = older === undefined ? [early] : [early, late];
      for (const [index, lease] of held.entries())
        expect((await site.rebind(index + 1, lease?.address ?? ""))?.address).toBe(lease?.address);
      await sameEverywhere(site, held.length);
      // of the late one nobody knows any more, if no snapshot has it: whoever comes while it lasts may be given the same address
      if (older === undefined) await sleep(Math.max(0, lateUntil - Date.now()));
      expect(await site.dora(9, 0)).toBeDefined();
    });
});
