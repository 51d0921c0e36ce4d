import { afterEach, describe, expect, test } from "vitest";
import { FailoverSite, type PairOptions, type Role } from "../support/failover-site.ts";
import { eventually, sleep } from "../support/netns.ts";

const PAIRS: readonly PairOptions[] = [
  { primary: "tandem", secondary: "dhcpd" },
  { primary: "dhcpd", secondary: "tandem" },
  { primary: "tandem", secondary: "tandem" },
];

const open: FailoverSite[] = [];
afterEach(async (context) => {
  for (const site of open.splice(0)) {
    if (context.task.result?.state === "fail") {
      for (const role of ["primary", "secondary"] as const) console.log(role, site.servers[role].log().slice(-3500));
    }
    await site.close();
  }
});

const site = (options: PairOptions): FailoverSite => {
  const made = new FailoverSite(options);
  open.push(made);
  return made;
};

/** What both lease files say of an address. */
const both = (pair: FailoverSite, address: string) => [
  pair.servers.primary.bindingState(address),
  pair.servers.secondary.bindingState(address),
];
const comeTo = (pair: FailoverSite, address: string, state: string) =>
  eventually(
    () => both(pair, address).every((each) => each === state),
    15_000,
    () => `${address} is ${both(pair, address).join(" and ")}, not ${state}`,
  );
/** Both servers say the same of an address; one that never changed hands is in no lease file. */
const agree = (pair: FailoverSite, address: string) =>
  eventually(
    () => new Set(both(pair, address).map((each) => each ?? "free")).size === 1,
    20_000,
    () => `${address} is ${both(pair, address).join(" and ")}`,
  );
const other = (role: Role): Role => (role === "primary" ? "secondary" : "primary");

describe.each(PAIRS)("$primary as primary with $secondary as secondary", (programs) => {
  test("first start to NORMAL; bindings of either reach the other; the first lease is MCLT, renewals grow", async () => {
    const pair = site(programs);
    await pair.start();
    await pair.bothNormal();
    await sleep(3000);
    const leases = [];
    for (let client = 0; client < 6; client += 1) leases.push(await pair.dora(client, 0));
    for (const lease of leases) expect(lease).toMatchObject({ seconds: 20 });
    expect(new Set(leases.map((lease) => lease?.server)).size).toBe(2);
    for (const lease of leases) await comeTo(pair, lease?.address ?? "", "active");
    await sleep(2500);
    const renewed = await pair.rebind(0, leases[0]?.address ?? "");
    expect(renewed?.seconds).toBe(120);
  });

  test.each(["primary", "secondary"] as const)("the %s is killed, the other serves, it comes back", async (victim) => {
    const pair = site(programs);
    await pair.start();
    await pair.bothNormal();
    await sleep(3000);
    const before = await pair.dora(1, 0);
    await comeTo(pair, before?.address ?? "", "active");
    await pair.servers[victim].stop("SIGKILL");
    await pair.reaches(other(victim), "communications-interrupted");
    const alone = [];
    for (let client = 10; client < 14; client += 1) alone.push(await pair.dora(client, 0));
    for (const lease of alone) expect(lease?.seconds).toBe(20);
    expect(await pair.rebind(1, before?.address ?? "")).toBeDefined();
    await pair.start(victim);
    await pair.bothNormal(40_000);
    for (const lease of alone) await comeTo(pair, lease?.address ?? "", "active");
  });

  test.each(["primary", "secondary"] as const)("the %s loses its database and gets it back", async (victim) => {
    const pair = site({ ...programs, mclt: 8 });
    await pair.start();
    await pair.bothNormal();
    await sleep(3000);
    const lease = await pair.dora(1, 0);
    await comeTo(pair, lease?.address ?? "", "active");
    await sleep(3000);
    await pair.servers[victim].stop("SIGKILL");
    await pair.reaches(other(victim), "communications-interrupted");
    pair.forget(victim);
    await pair.start(victim);
    await pair.bothNormal(60_000);
    await eventually(() => pair.servers[victim].bindingState(lease?.address ?? "") !== undefined);
    expect(await pair.dora(2)).toBeDefined();
  });

  test.each(["primary", "secondary"] as const)(
    "the %s dies, the other goes partner-down and takes everything; it recovers",
    async (victim) => {
      const pair = site({ ...programs, mclt: 8, extra: "auto-partner-down 3;" });
      await pair.start();
      await pair.bothNormal();
      await sleep(3000);
      const before = await pair.dora(1, 0);
      await comeTo(pair, before?.address ?? "", "active");
      await pair.servers[victim].stop("SIGKILL");
      await pair.reaches(other(victim), "partner-down");
      const first = await pair.dora(30);
      expect(first?.seconds).toBe(8);
      await sleep(10_000);
      // more than half of the pool: the partner's share is ours after MCLT
      const alone = [];
      for (let client = 31; client < 43; client += 1) alone.push(await pair.dora(client));
      expect(alone.filter((lease) => lease !== undefined).length).toBeGreaterThan(10);
      await pair.start(victim);
      await pair.bothNormal(60_000);
      for (const lease of alone) await agree(pair, lease?.address ?? "");
    },
  );
});
