import { describe, expect, test } from "vitest";
import { other, PAIRS, ROLES, siteFor } from "../support/failover-case.ts";
import { sleep } from "../support/netns.ts";

/** A server that starts before its own failover address is there. */

const MISSING_MILLIS = 4000;

describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  for (const role of ROLES)
    test(`the ${role} starts before its address is there: a dhcpd tries again after 90 s, the agent within seconds`, async (context) => {
      const site = siteFor(context, programs);
      const address = `${site.addressOf(role)}/24`;
      site.namespaces[role].ip(`addr del ${address} dev fo0`);
      await site.start();
      await sleep(MISSING_MILLIS);
      const since = performance.now();
      site.namespaces[role].ip(`addr add ${address} dev fo0`);
      await site.reaches(role, "normal", 120_000);
      await site.reaches(other(role), "normal", 10_000);
      const seconds = (performance.now() - since) / 1000;
      if (programs[role] === "tandem") expect(seconds).toBeLessThan(15);
      else expect(seconds).toBeGreaterThan(75);
    });
});
