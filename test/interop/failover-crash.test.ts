import { describe, expect, test } from "vitest";
import { comeTo, PAIRS, ROLES, siteFor } from "../support/failover-case.ts";
import type { Leased } from "../support/failover-site.ts";
import { sleep } from "../support/netns.ts";

const KILLS = 20;

describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  test("Tandem is killed twenty times under load: no address is held twice, no lease is lost", async (context) => {
    const site = siteFor(context, { ...programs, mclt: 120, range: "10.77.1.0 10.77.1.249" });
    const victims = ROLES.filter((role) => programs[role] === "tandem");
    await site.start();
    await site.bothNormal();
    await sleep(2500);
    const held = new Map<number, Leased>();
    let over = false;
    const load = (async () => {
      for (let client = 0; !over; client = (client + 1) % 100) {
        const known = held.get(client);
        const lease = known === undefined ? await site.dora(client, 10) : await site.rebind(client, known.address);
        if (lease !== undefined) held.set(client, lease);
      }
    })();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const victim = victims[kill % victims.length];
      if (victim === undefined) throw new Error("no Tandem in the pair");
      await sleep(200 + ((kill * 7919) % 1300));
      await site.servers[victim].stop("SIGKILL");
      await site.start(victim);
    }
    await sleep(2000);
    over = true;
    await load;
    await site.bothNormal(60_000);
    expect(held.size).toBeGreaterThan(20);
    for (const { address } of held.values()) await comeTo(site, address, /^active$/);
  });
});
