import { describe, expect, test } from "vitest";
import { both, comeTo, field, other, PAIRS, ROLES, siteFor } from "../support/failover-case.ts";
import type { Leased } from "../support/failover-site.ts";
import { eventually, sleep } from "../support/netns.ts";

/** Clocks, several relationships, and addresses with flags. */

const stamp = (offset: number): string => {
  const at = new Date(Date.now() + offset * 1000);
  return `${at.getUTCDay()} ${at.toISOString().slice(0, 10).replaceAll("-", "/")} ${at.toISOString().slice(11, 19)}`;
};
const record = (address: string, client: number, flag: string, ends: number, started = -60): string =>
  `lease ${address} {\n  starts ${stamp(started)};\n  ends ${stamp(ends)};\n  tstp ${stamp(ends)};\n  cltt ${stamp(started)};\n  binding state active;\n  next binding state expired;\n  ${flag}\n  hardware ethernet 02:00:00:99:00:0${client};\n}\n`;

describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  for (const role of ROLES)
    test(`the ${role}'s clock is 70 seconds ahead: no connection, and both say why`, async (context) => {
      const site = siteFor(context, { ...programs, ahead: { [role]: 70 } });
      await site.start();
      await eventually(
        () => ROLES.some((each) => /time offset too large/.test(site.servers[each].log())),
        20_000,
        () => `nobody complains:\n${site.servers.primary.log()}\n${site.servers.secondary.log()}`,
      );
      for (const each of ROLES) expect(site.servers[each].log()).not.toMatch(/to normal/);
      for (const each of ROLES)
        if (programs[each] === "tandem") {
          const status = site.tandem(each, "status");
          expect(status).toMatch(/time offset too large/);
          expect(status).toMatch(/(69|70|71) s/);
        }
      expect(await site.dora(1)).toBeUndefined();
    });

  test("a clock that is 50 seconds off is borne, and bindings cross", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 240, leaseSeconds: 600, ahead: { secondary: 50 } });
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const leases = [await site.dora(1, 0), await site.dora(2, 0), await site.dora(3, 0)];
    for (const lease of leases) await comeTo(site, lease?.address ?? "", /^active$/);
    for (const [index, lease] of leases.entries())
      expect((await site.rebind(index + 1, lease?.address ?? ""))?.address).toBe(lease?.address);
  });

  test("two relationships between the same two addresses are both in NORMAL, and each has its own addresses", async (context) => {
    const site = siteFor(context, { ...programs, more: ["lab2"], range: "10.77.0.100 10.77.0.103", mclt: 240, leaseSeconds: 600 });
    await site.start();
    for (const name of ["lab", "lab2"]) for (const role of ROLES) await site.reaches(role, "normal", 60_000, name);
    await sleep(3000);
    const leases: Leased[] = [];
    for (let client = 1; client <= 8; client += 1) {
      const lease = await site.dora(client);
      if (lease !== undefined) leases.push(lease);
    }
    expect(leases).toHaveLength(8);
    expect(new Set(leases.map(({ address }) => address.split(".")[2]))).toEqual(new Set(["0", "101"]));
    for (const { address } of leases) await comeTo(site, address, /^active$/);
    // a server that comes back finds both again
    await site.servers.secondary.stop("SIGKILL");
    await site.start("secondary");
    for (const name of ["lab", "lab2"]) for (const role of ROLES) await site.reaches(role, "normal", 60_000, name);
    for (const { address } of leases) await comeTo(site, address, /^active$/);
  });

  for (const knows of ROLES)
    test(`reserved and BOOTP addresses that the ${knows} knows are so on both, and stay their clients'`, async (context) => {
      const [reserved, bootp] = ["10.77.0.105", "10.77.0.115"];
      const leases = { [knows]: record(reserved, 1, "reserved;", 25) + record(bootp, 2, "dynamic-bootp;", 600) };
      // a stock primary refuses a flag on what it takes for free: it knows the lease, but not the flag
      if (programs[other(knows)] === "dhcpd" && knows === "secondary")
        leases["primary"] = record(reserved, 1, "", 25, -90) + record(bootp, 2, "", 600, -90);
      const site = siteFor(context, { ...programs, mclt: 5, leases });
      await site.start();
      await site.bothNormal(60_000);
      for (const role of ROLES) {
        await eventually(
          () =>
            site.servers[role].leases().get(reserved)?.includes("  reserved;") &&
            site.servers[role].leases().get(bootp)?.includes("  dynamic-bootp;"),
          20_000,
          () => `the ${role} has ${site.servers[role].leases().get(reserved)} and ${site.servers[role].leases().get(bootp)}`,
        );
      }
      await comeTo(site, reserved, /^(free|backup)$/, 90_000);
      expect(both(site, bootp)).toEqual(["active", "active"]);
      // it is nobody else's, also when all others are gone
      const given: string[] = [];
      for (let client = 10; client < 32; client += 1) {
        const lease = await site.dora(client);
        if (lease === undefined) break;
        given.push(lease.address);
      }
      expect(given.length).toBeGreaterThan(5);
      expect(given).not.toContain(reserved);
      expect(given).not.toContain(bootp);
      for (const role of ROLES) expect(field(site, role, bootp, "binding state")).toBe("active");
    });

  test("a BOOTP client has its address for good, on both, whatever MCLT is", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 5, leaseSeconds: 20 });
    await site.start();
    await site.bothNormal();
    const packet = { xid: 0x77, chaddr: "0200000990c8", secs: 10, flags: 0x8000 };
    const reply = await eventually(() => site.client.exchange(packet, 3000), 20_000);
    await comeTo(site, reply.yiaddr, /^active$/);
    for (const role of ROLES) await eventually(() => field(site, role, reply.yiaddr, "ends") === "never");
  });
});
