import { describe, expect, test } from "vitest";
import { SERVER_STATE_CODES } from "../../edge-agent/failover/wire/codes.ts";
import { agree, comeTo, other, PAIRS, ROLES, sameEverywhere, siteFor } from "../support/failover-case.ts";
import type { FailoverSite, Leased } from "../support/failover-site.ts";
import { conversation } from "../support/failover-wire.ts";
import { eventually, sleep } from "../support/netns.ts";

/** How two servers come together, and come together again after one of them was gone. */

/** Seconds from the first message that the servers exchanged to the last of both entering NORMAL. */
async function secondsToNormal(site: FailoverSite): Promise<number> {
  // a busy machine's capture may be a little behind the logs
  const entered = async () => {
    const said = await conversation(site.failoverCapture).catch(() => []); // cut in the middle of a packet
    const at = ROLES.map(
      (role) =>
        said.find(({ from, message: { options } }) => from === site.addressOf(role) && options.serverState === SERVER_STATE_CODES.NORMAL)
          ?.at,
    );
    return at.every((each) => each !== undefined) ? Math.max(...at) - (said[0]?.at ?? 0) : undefined;
  };
  return eventually(entered, 10_000, () => "not both say that they are in NORMAL");
}

describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  test("a fresh pair is in NORMAL in less than a second, whatever the MCLT", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 600 });
    await site.start();
    await site.bothNormal();
    expect(await secondsToNormal(site)).toBeLessThan(1);
  });

  for (const late of ROLES)
    test(`the ${late} is started late: nobody is served before, and a second after it all is in NORMAL`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: 600 });
      await site.start(other(late));
      expect(await site.dora(1)).toBeUndefined();
      await sleep(17_000);
      expect(site.state(other(late))).toBe("recover");
      expect(await site.dora(1)).toBeUndefined();
      await site.start(late);
      await site.bothNormal();
      expect(await site.dora(1)).toBeDefined();
      expect(await secondsToNormal(site)).toBeLessThan(1);
    });

  test("bindings of either reach the other; the first lease is MCLT, renewals grow", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 240, leaseSeconds: 600 });
    await site.start();
    await site.bothNormal();
    await sleep(3000);
    const leases = [];
    for (let client = 0; client < 6; client += 1) leases.push(await site.dora(client, 0));
    for (const lease of leases) expect(lease).toMatchObject({ seconds: 240 });
    expect(new Set(leases.map((lease) => lease?.server)).size).toBe(2);
    for (const lease of leases) await comeTo(site, lease?.address ?? "", /^active$/);
    await sleep(2500);
    const renewed = await site.rebind(0, leases[0]?.address ?? "");
    expect(renewed?.seconds).toBe(600);
    await sameEverywhere(site, 6);
  });

  for (const victim of ROLES)
    test(`the ${victim} is killed, the other serves, it comes back and knows everything`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: 400, leaseSeconds: 1200 });
      await site.start();
      await site.bothNormal();
      await sleep(3000);
      const before = [await site.dora(1, 0), await site.dora(2, 0), await site.dora(3, 0)];
      for (const lease of before) await comeTo(site, lease?.address ?? "", /^active$/);
      await site.servers[victim].stop("SIGKILL");
      await site.reaches(other(victim), "communications-interrupted");
      const served: Leased[] = [];
      for (let client = 10; client < 30; client += 1) {
        const lease = await site.dora(client, 0);
        if (lease === undefined) break;
        served.push(lease);
      }
      // twenty addresses: the survivor's half is ten at most
      expect(served.length).toBeGreaterThan(4);
      expect(served.length).toBeLessThan(11);
      for (const lease of served) expect(lease.seconds).toBe(400);
      for (const [index, lease] of before.entries()) {
        const renewed = await site.rebind(1 + index, lease?.address ?? "");
        expect(renewed?.address).toBe(lease?.address);
        expect(renewed?.seconds).toBeGreaterThanOrEqual(400);
      }
      await site.start(victim);
      await site.bothNormal(40_000);
      for (const lease of [...before, ...served]) await comeTo(site, lease?.address ?? "", /^active$/);
      await sameEverywhere(site, 3 + served.length);
    });

  for (const victim of ROLES)
    test(`the ${victim} loses its database and gets it back`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: 25 });
      await site.start();
      await site.bothNormal();
      await sleep(3000);
      const leases = [await site.dora(1, 0), await site.dora(2, 0), await site.dora(3, 0)];
      for (const lease of leases) await comeTo(site, lease?.address ?? "", /^active$/);
      await sleep(3000);
      for (const [index, lease] of leases.entries()) expect((await site.rebind(1 + index, lease?.address ?? ""))?.seconds).toBe(120);
      for (const lease of leases) await comeTo(site, lease?.address ?? "", /^active$/);
      await site.servers[victim].stop("SIGKILL");
      await site.reaches(other(victim), "communications-interrupted");
      site.forget(victim);
      await site.start(victim);
      await site.bothNormal(90_000);
      for (const lease of leases) await comeTo(site, lease?.address ?? "", /^active$/);
      const messages = (await site.session()).messages;
      expect(messages.get(7)).toBeGreaterThan(0);
      expect(await site.dora(5)).toBeDefined();
    });

  for (const victim of ROLES)
    test(`the ${victim} dies, the other goes partner-down by itself and takes everything; it recovers`, async (context) => {
      const site = siteFor(context, { ...programs, mclt: 8, extra: "auto-partner-down 3;" });
      await site.start();
      await site.bothNormal();
      await sleep(3000);
      const before = await site.dora(1, 0);
      await comeTo(site, before?.address ?? "", /^active$/);
      await site.servers[victim].stop("SIGKILL");
      await site.reaches(other(victim), "partner-down");
      const first = await site.dora(30);
      expect(first?.seconds).toBe(8);
      await sleep(10_000);
      // more than half of the pool: the partner's share is ours after MCLT
      const alone = [];
      for (let client = 31; client < 43; client += 1) alone.push(await site.dora(client));
      expect(alone.filter((lease) => lease !== undefined).length).toBeGreaterThan(10);
      await site.start(victim);
      await site.bothNormal(60_000);
      for (const lease of alone) await agree(site, lease?.address ?? "");
    });
});
