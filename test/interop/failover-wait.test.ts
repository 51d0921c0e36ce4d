import { describe, expect, test } from "vitest";
import { comeTo, field, other, PAIRS, ROLES, siteFor } from "../support/failover-case.ts";
import { CLIENT_SIDE, type Role } from "../support/failover-config.ts";
import type { FailoverSite } from "../support/failover-site.ts";
import { eventually, sleep } from "../support/netns.ts";

const MCLT = 9;
/** Dates have whole seconds, and logs are looked at every 20 ms. */
const ROUNDING = 1.2;

/** A date of the lease file in seconds since 1970; 0 if there is none. */
function date(site: FailoverSite, role: Role, address: string, name: string): number {
  const [, day = "", time = ""] = /^\d (\S+) (\S+)$/.exec(field(site, role, address, name) ?? "") ?? [];
  return day === "" ? 0 : Date.parse(`${day.replaceAll("/", "-")}T${time}Z`) / 1000;
}

/** Addresses that were the victim's to give: by the survivor's lease file, where a record says whose they are. */
function sharesOf(site: FailoverSite, survivor: Role): Set<string> {
  const all = Array.from({ length: 12 }, (_, index) => `10.77.0.${100 + index}`);
  const own = survivor === "primary" ? "free" : "backup";
  return new Set(all.filter((address) => (site.servers[survivor].bindingState(address) ?? "free") !== own));
}

describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  // a stock dhcpd waits less for a lease than for the draft's sake it should
  for (const victim of ROLES.filter((role) => programs[other(role)] === "tandem"))
    test(`the ${victim} is dead, by omshell: its addresses are given after STOS and MCLT, its leases after all it can have promised`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: MCLT, leaseSeconds: 12, range: "10.77.0.100 10.77.0.111" });
      const survivor = other(victim);
      await site.start();
      await site.bothNormal();
      await sleep(2500);
      // its own client of each server; the victim's renews, so that more was promised for it
      const leases = [];
      for (let client = 1; client <= 6; client += 1) leases.push(await site.dora(client, 0));
      const theirs = leases.find((lease) => lease?.server === (victim === "primary" ? "10.77.0.2" : "10.77.0.3"));
      const number = leases.indexOf(theirs) + 1;
      const address = theirs?.address ?? "";
      await comeTo(site, address, /^active$/);
      await sleep(2500);
      await site.rebind(number, address);
      await sleep(2500);
      const share = sharesOf(site, survivor);
      const promised = Math.max(...["ends", "tsfp", "tstp"].map((name) => date(site, survivor, address, name)));
      const told = Date.now() / 1000;
      await site.servers[victim].stop("SIGKILL");
      await site.reaches(survivor, "communications-interrupted");
      site.setState(survivor, 4);
      await site.reaches(survivor, "partner-down");
      const stos = Math.floor(told);
      const mayTake = stos + MCLT;
      const mayReuse = Math.max(promised, stos) + MCLT;
      expect(mayReuse).toBeGreaterThan(mayTake);
      const taken: { address: string; at: number }[] = [];
      let triedBefore = 0;
      for (let client = 30; Date.now() / 1000 < mayReuse + 25 && !taken.some((each) => each.address === address); client += 1) {
        const at = Date.now() / 1000;
        const lease = await site.dora(client);
        if (at < mayTake - 2) triedBefore += 1;
        if (lease !== undefined) taken.push({ address: lease.address, at: Date.now() / 1000 });
        // leases in partner-down are MCLT long: those who are turned away ask again
        else await sleep(300);
      }
      expect(triedBefore).toBeGreaterThan(2);
      const early = taken.filter((each) => share.has(each.address) && each.at < mayTake - ROUNDING);
      expect(early).toEqual([]);
      expect(taken.some((each) => share.has(each.address))).toBe(true);
      const reused = taken.find((each) => each.address === address);
      expect(reused?.at ?? 0).toBeGreaterThan(mayReuse - ROUNDING);
      await site.start(victim);
      await site.bothNormal(60_000);
      // the clients that took all there was have leases yet
      await eventually(async () => (await site.dora(90)) !== undefined, 40_000);
    });

  for (const victim of ROLES.filter((role) => programs[role] === "tandem" && programs[other(role)] === "dhcpd"))
    test(`a dhcpd serves alone: the ${victim}, returning, gives nothing before it has recovered, and then nothing that the dhcpd gave`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: MCLT, leaseSeconds: 40, range: "10.77.0.100 10.77.0.111" });
      const survivor = other(victim);
      await site.start();
      await site.bothNormal();
      await sleep(2500);
      for (let client = 1; client <= 4; client += 1) await site.dora(client, 0);
      await sleep(2500);
      await site.servers[victim].stop("SIGKILL");
      await site.reaches(survivor, "communications-interrupted");
      site.setState(survivor, 4);
      await site.reaches(survivor, "partner-down");
      await sleep((MCLT + 2) * 1000);
      const given = [];
      for (let client = 30; client < 50; client += 1) {
        const lease = await site.dora(client);
        if (lease !== undefined) given.push(lease.address);
      }
      // more than its own half: the dead server's share too
      expect(given.length).toBeGreaterThan(6);
      await site.start(victim);
      for (let client = 60; site.state(victim) !== "normal" && client < 90; client += 1)
        expect((await site.dora(client))?.server).not.toBe(CLIENT_SIDE[victim]);
      await site.bothNormal(60_000);
      const [before = "", after = ""] = site.servers[victim].log().split(/I move from \S+ to normal/);
      expect(before).not.toMatch(/DHCP(OFFER|ACK) on/);
      expect(after).not.toBe("");
      // whoever gets an address from now on gets one that nobody has: judged by what all clients were told, at the end
      await eventually(async () => (await site.dora(95)) !== undefined, 60_000);
      for (let client = 96; client < 104; client += 1) await site.dora(client);
    });
});
