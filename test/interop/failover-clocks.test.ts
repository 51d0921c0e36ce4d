import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ISC_DHCPD, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { comeTo, PAIRS, ROLES, sameEverywhere, siteFor } from "../support/failover-case.ts";
import type { Role } from "../support/failover-config.ts";
import type { FailoverSite } from "../support/failover-site.ts";
import { sleep } from "../support/netns.ts";

const FAKE_TIME = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketime.so.1`;

/** A server whose wall clock is set by what is given back, while it runs; its other clocks are the machine's. */
function settable(site: FailoverSite, role: Role): (seconds: number) => void {
  const [clock, script] = ["clock", "clock.sh"].map((name) => join(site.lab.directory, name)) as [string, string];
  const set = (seconds: number) => writeFileSync(clock, `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}\n`);
  set(0);
  const program = site.programs[role] === "tandem" ? TANDEM_DHCPD : ISC_DHCPD;
  const environment = `LD_PRELOAD=${FAKE_TIME} FAKETIME_TIMESTAMP_FILE=${clock} FAKETIME_CACHE_DURATION=1 DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1`;
  writeFileSync(script, `#!/bin/sh\n${environment} exec ${program} "$@"\n`, { mode: 0o755 });
  site.servers[role].run(script);
  return set;
}

/** Somebody sets a clock while the two are connected, and later right again. */
describe.concurrent.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  for (const whose of ROLES)
    for (const seconds of [7200, -7200])
      test(`the ${whose}'s clock is set by ${seconds} s: they part, serve on, and agree when it is right again`, async (context) => {
        const site = siteFor(context, { ...programs, mclt: 240, leaseSeconds: 600, maxResponseDelay: 6 });
        const setClock = settable(site, whose);
        await site.start();
        await site.bothNormal();
        await sleep(2500);
        const before = await site.dora(1);
        await comeTo(site, before?.address ?? "", /^active$/);
        setClock(seconds);
        for (const role of ROLES) await site.reaches(role, "communications-interrupted");
        const meanwhile = await site.dora(2);
        expect(meanwhile).toBeDefined();
        expect((await site.rebind(1, before?.address ?? ""))?.address).toBe(before?.address);
        setClock(0);
        await site.bothNormal(40_000);
        for (const [index, lease] of [before, meanwhile].entries())
          expect((await site.rebind(index + 1, lease?.address ?? ""))?.address).toBe(lease?.address);
        await sameEverywhere(site, 2);
      });
});
