import { afterEach, expect, test } from "vitest";
import { LedgerLab } from "../support/ledger-lab.ts";
import { sleep } from "../support/netns.ts";

let lab: LedgerLab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

test("an agent in two sites: one is switched, the other is not; each has its own epoch, and a lost right silences only its own pool", async () => {
  lab = await LedgerLab.make({
    mclt: 10,
    autonomySeconds: 60,
    moreSites: { lab2: "LAB-2" },
    pair: { maxResponseDelay: 10, more: ["lab2"] },
  });
  const { pair } = lab;
  const here = lab;
  const ledgers = (role: "primary" | "secondary") =>
    (
      JSON.parse(pair.tandem(role, "status", "--json")).result.ledgers as { site: string; mode: string; epoch: number; service: string }[]
    ).map(({ site, mode, epoch, service }) => `${site} ${mode} ${epoch} ${service}`);
  await pair.start();
  await pair.bothNormal(60_000);
  await lab.until(
    () => ledgers("primary").join() === "LAB-1 PAIR 1 full,LAB-2 PAIR 1 full",
    30_000,
    () => ledgers("primary").join(),
  );
  await pair.servers.secondary.stop("SIGKILL");
  await here.granted("A");
  await pair.reaches("primary", "partner-down", 15_000);
  expect(ledgers("primary")).toEqual(["LAB-1 SOLE 2 full", "LAB-2 PAIR 1 full"]);
  expect(pair.servers.primary.log()).toMatch(/failover peer lab2: I move from \S+ to communications-interrupted/);
  expect(pair.servers.primary.log()).not.toMatch(/failover peer lab2: I move from \S+ to partner-down/);

  pair.silence(true);
  await pair.start("secondary");
  await lab.until(
    () => ledgers("secondary").join() === "LAB-1 DOWN 2 none,LAB-2 PAIR 1 full",
    40_000,
    () => ledgers("secondary").join(),
  );
  pair.silence(false);
  await pair.bothNormal(90_000);
  await lab.until(
    () => ledgers("primary").join() === "LAB-1 PAIR 3 full,LAB-2 PAIR 1 full",
    60_000,
    () => ledgers("primary").join(),
  );
}, 500_000);

test("coldStart fence: a server that starts with neither ledger nor partner is silent even for those it knows; told by HUP that run-down is wanted, it serves them", async () => {
  lab = await LedgerLab.make({ mclt: 10, autonomySeconds: 60, coldStart: "fence", pair: { maxResponseDelay: 10 } });
  const { pair } = lab;
  await pair.start();
  await pair.bothNormal(60_000);
  const first = await pair.dora(1);
  await sleep(3000);
  // now that the partner knows it, for longer than MCLT
  const lease = await pair.rebind(1, first?.address ?? "");
  expect(lease?.seconds).toBeGreaterThan(60);
  await sleep(3000);
  for (const role of ["primary", "secondary"] as const) await pair.servers[role].stop("SIGKILL");
  lab.wan("primary", false);
  await pair.start("primary");
  await pair.reaches("primary", "communications-interrupted", 30_000);
  expect(await pair.rebind(1, lease?.address ?? "")).toBeUndefined();
  expect(await pair.dora(2)).toBeUndefined();
  expect(pair.servers.primary.log()).toMatch(/neither partner nor ledger in reach/);

  lab.configure("primary", { coldStart: "run-down" });
  pair.tandem("primary", "reload");
  await sleep(1000);
  expect((await pair.rebind(1, lease?.address ?? ""))?.address, pair.servers.primary.log().slice(-2000)).toBe(lease?.address);
  expect(await pair.dora(2)).toBeUndefined();
  lab.wan("primary", true);
  await lab.until(
    async () => (await pair.dora(2)) !== undefined,
    60_000,
    () => pair.tandem("primary", "status"),
  );
}, 300_000);
