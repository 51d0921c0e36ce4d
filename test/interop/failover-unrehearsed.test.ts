import { appendFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bound, comeTo, edit, onBoth, other, PAIRS, ROLES, siteFor } from "../support/failover-case.ts";
import type { Role } from "../support/failover-config.ts";
import type { FailoverSite } from "../support/failover-site.ts";
import { eventually, sleep } from "../support/netns.ts";

/** What people do to a pair of servers without having rehearsed it. */
const LONG = { mclt: 240, leaseSeconds: 600 };

async function restart(site: FailoverSite, signal: NodeJS.Signals, ...roles: Role[]): Promise<void> {
  await Promise.all(roles.map((role) => site.servers[role].stop(signal)));
  await Promise.all(roles.map((role) => site.start(role)));
}

describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  test("restarts without end, of one, of the other, of both at once: in the end both are in NORMAL with every lease", async (context) => {
    const site = siteFor(context, { ...programs, ...LONG, maxResponseDelay: 6 });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const leases = await bound(site, 1, 2, 3, 4);
    await onBoth(site, leases, 40_000);
    const storm: readonly (readonly Role[])[] = [["primary"], ["secondary"], ROLES, ["secondary"], ["primary"], ROLES, ROLES];
    for (const [index, roles] of storm.entries()) {
      await restart(site, index % 2 === 0 ? "SIGKILL" : "SIGTERM", ...roles);
      await sleep((index * 700) % 2000);
    }
    await site.bothNormal(90_000);
    await onBoth(site, leases, 40_000);
    for (const [index, { address }] of leases.entries()) expect((await site.rebind(index + 1, address))?.address).toBe(address);
    expect(await site.dora(9)).toBeDefined();
  });

  test("MCLT and buckets change: both go by the new ones after a restart or reload of the primary", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 100, leaseSeconds: 600 });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    expect((await site.dora(1, 0))?.seconds).toBe(100);
    edit(site, "primary", (conf) => conf.replace("mclt 100;", "mclt 50;").replace("split 128;", "split 0;"));
    if (programs.primary === "tandem") site.tandem("primary", "reload");
    else await restart(site, "SIGTERM", "primary");
    await sleep(1000);
    await site.bothNormal(40_000);
    await sleep(2500);
    const next = [];
    for (let client = 10; client < 16; client += 1) next.push(await site.dora(client, 0));
    // all are the secondary's now, and nobody is left to nobody
    for (const lease of next) expect(lease).toMatchObject({ seconds: 50, server: "10.77.0.3" });
  });

  for (const larger of ROLES)
    test(`the range is larger on the ${larger} only: what both have works, and no address is lost to a client`, async (context) => {
      const site = siteFor(context, { ...programs, ...LONG });
      edit(site, larger, (conf) => conf.replace("range 10.77.0.100 10.77.0.119;", "range 10.77.0.100 10.77.0.129;"));
      await site.start();
      await site.bothNormal(60_000);
      await sleep(2500);
      const leases = await bound(site, 1, 2, 3, 4, 5, 6, 7, 8);
      for (const { address } of leases) {
        if (Number(address.split(".")[3]) < 120) await comeTo(site, address, /^active$/, 40_000);
        else await eventually(() => site.servers[larger].bindingState(address) === "active");
      }
      await restart(site, "SIGKILL", other(larger));
      await site.bothNormal(60_000);
      for (const [index, { address }] of leases.entries()) expect((await site.rebind(index + 1, address))?.address).toBe(address);
    });

  for (const victim of ROLES)
    test(`the ${victim} is killed in the middle of a full update`, async (context) => {
      const site = siteFor(context, { ...programs, ...LONG, maxUnacked: 10, range: "10.77.1.0 10.77.4.255" });
      await site.start("primary");
      await site.start("secondary");
      await sleep(700);
      for (let round = 0; round < 3; round += 1) {
        await restart(site, "SIGKILL", victim);
        await sleep(900);
      }
      await site.bothNormal(120_000);
      await sleep(2500);
      await onBoth(site, await bound(site, 1, 2, 3, 4), 40_000);
    });

  for (const edited of ROLES)
    test(`the ${edited}'s lease file is edited while it is down: partner-down, as dhcpd documents it`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: 8 });
      await site.start();
      await site.bothNormal();
      await sleep(2500);
      await bound(site, 1);
      for (const role of ROLES) await site.servers[role].stop("SIGTERM");
      const at = "4 2026/01/01 00:00:00";
      appendFileSync(
        site.servers[edited].leaseFile,
        `failover peer "lab" state {\n  my state partner-down at ${at};\n  partner state normal at ${at};\n}\n`,
      );
      await site.start(edited);
      await site.reaches(edited, "partner-down");
      expect(await site.dora(2)).toBeDefined();
      await site.start(other(edited));
      await site.bothNormal(60_000);
      expect(await site.dora(3)).toBeDefined();
    });

  test("the secondary was the primary that had resolved a conflict: it starts in CONFLICT-DONE, and both come to NORMAL", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 8 });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const leases = await bound(site, 1, 2);
    await onBoth(site, leases, 40_000);
    for (const role of ROLES) await site.servers[role].stop("SIGTERM");
    const at = "4 2026/01/01 00:00:00";
    appendFileSync(
      site.servers.secondary.leaseFile,
      `failover peer "lab" state {\n  my state conflict-done at ${at};\n  partner state normal at ${at};\n}\n`,
    );
    await site.start("secondary");
    await site.start("primary");
    await site.bothNormal(60_000);
    for (const [index, { address }] of leases.entries()) expect((await site.rebind(index + 1, address))?.address).toBe(address);
    expect(await site.dora(3)).toBeDefined();
  });

  test("the relationship has another name on one side: both say so, and the mended file is all it takes", async (context) => {
    const site = siteFor(context, { ...programs, ...LONG });
    edit(site, "secondary", (conf) => conf.replaceAll('"lab"', '"branch"'));
    await site.start();
    await eventually(
      () => ROLES.every((role) => /unknown failover relationship|does not match|invalid failover partner/.test(site.servers[role].log())),
      30_000,
      () => `${site.servers.primary.log().slice(-1500)}\n${site.servers.secondary.log().slice(-1500)}`,
    );
    expect(await site.dora(1)).toBeUndefined();
    await site.servers.secondary.stop("SIGTERM");
    edit(site, "secondary", (conf) => conf.replaceAll('"branch"', '"lab"'));
    await site.start("secondary");
    await site.bothNormal(40_000);
    expect(await site.dora(1)).toBeDefined();
  });
});
