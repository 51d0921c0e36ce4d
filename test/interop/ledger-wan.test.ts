import { afterEach, expect, test } from "vitest";
import { LedgerLab, SITE } from "../support/ledger-lab.ts";
import { sleep } from "../support/netns.ts";
import { RealClient } from "../support/real-clients.ts";

let lab: LedgerLab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

const both = ["primary", "secondary"] as const;
const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

test("the WAN is cut at each point of a failover: nobody loses an address, nobody is alone without the ledger's word, and it all comes right", async () => {
  // udhcpc takes any lease for one of 16 s at least: it must not be shorter
  lab = await LedgerLab.make({ mclt: 20, autonomySeconds: 60, pair: { maxResponseDelay: 10 } });
  const { pair } = lab;
  const here = lab;
  const A = pair.servers.primary;
  const B = pair.servers.secondary;
  const status = (role: "primary" | "secondary" = "primary") => pair.tandem(role, "status");
  const whole = () => `${status()}${status("secondary")}${A.log().slice(-2500)}\n-----\n${B.log().slice(-2500)}`;
  const ask = () => here.call("POST", `/v1/sites/${SITE}/partner-down`, { survivor: "A" });
  const mayBeAlone = async () => (await here.call("GET", `/v1/sites/${SITE}`)).body.canDeclare.A;
  const wan = (works: boolean) => {
    for (const role of both) here.wan(role, works);
  };
  /** How many of these clients, each asking once, get an address. */
  const served = async (clients: readonly number[]) => {
    let count = 0;
    for (const client of clients) count += (await pair.dora(client)) === undefined ? 0 : 1;
    return count;
  };
  await pair.start();
  await pair.bothNormal(120_000);

  // 1: in NORMAL, both. They serve on each other's word.
  const real = (["dhclient", "udhcpc"] as const).map((tool) => {
    const namespace = pair.lab.namespace(tool);
    pair.plug(namespace, "eth0", `q-${tool}`, []);
    return new RealClient(tool, namespace);
  });
  wan(false);
  await sleep(65_000);
  for (const client of real) client.start();
  const addresses = await Promise.all(real.map((client) => client.bound(undefined, 120_000)));
  await lab.until(async () => (await pair.dora(1)) !== undefined, 60_000, whole);
  expect(status()).toMatch(/unreachable/);
  wan(true);
  await lab.until(() => /PAIR, epoch 1, reachable/.test(status()) && /backlog +0/.test(status()), 180_000, status);

  // 2: the survivor's, when its partner dies: no evidence, so no grant however long it lasts
  await B.stop("SIGKILL");
  here.wan("primary", false);
  await sleep(75_000);
  const refused = await ask();
  expect(refused.status, JSON.stringify(refused.body)).toBeGreaterThanOrEqual(409);
  expect(await here.state()).toBe("NORMAL");
  // known clients go on, nobody new after the autonomy
  expect(await pair.dora(40), status()).toBeUndefined();
  here.wan("primary", true);

  // 3: between the evidence and the grant: it is the evidence that counts, and who was granted hears of it later
  await lab.until(async () => (await mayBeAlone()).ok === true, 240_000, status);
  here.wan("primary", false);
  expect(await ask()).toMatchObject({ status: 200, body: { sole: "A", epoch: 2 } });
  await sleep(12_000);
  expect(pair.state("primary")).toBe("communications-interrupted");
  here.wan("primary", true);
  await pair.reaches("primary", "partner-down", 180_000);

  // 4: while alone: everything but the partner's share, which has to be asked for
  await sleep(26_000);
  await lab.until(() => /SOLE, epoch 2, reachable/.test(status()), 60_000, status);
  here.wan("primary", false);
  const withoutLedger = await served(range(50, 16));
  expect(withoutLedger, A.log().slice(-3000)).toBeGreaterThan(0);
  expect(withoutLedger, A.log().slice(-3000)).toBeLessThan(16);
  here.wan("primary", true);
  await lab.until(() => /SOLE, epoch 2, reachable/.test(status()), 180_000, status);
  await lab.until(
    async () => (await served(range(70, 4))) > 0,
    120_000,
    () => A.log().slice(-3000),
  );

  // 5: B starts with neither link nor WAN: known clients at most
  here.wan("secondary", false);
  pair.silence(true);
  await pair.start("secondary");
  await sleep(22_000);
  await pair.dora(90);
  expect(B.log()).not.toMatch(/DHCPOFFER on/);

  // 6: they meet again without any cloud: the clear has to wait, and B serves on A's word
  wan(false);
  pair.silence(false);
  await pair.bothNormal(180_000);
  await lab.until(
    async () => {
      // about half of all clients are B's by the load balance
      for (const client of range(100, 6)) await pair.dora(client, 0);
      return /DHCPACK on/.test(B.log());
    },
    180_000,
    whole,
  );
  expect(await here.state()).toBe("PARTNER_DOWN");
  wan(true);
  await lab.until(async () => (await here.state()) === "NORMAL", 180_000, whole);
  await lab.until(() => both.every((role) => /mode PAIR, epoch 3, reachable/.test(status(role))), 180_000, whole);
  expect([pair.state("primary"), pair.state("secondary")]).toEqual(["normal", "normal"]);

  expect(real.map((client) => client.address())).toEqual(addresses);
  for (const client of real) expect(client.events().map(({ reason }) => reason)).not.toContain("EXPIRE");
  const conflicts = await here.call("GET", `/v1/conflicts?site=${SITE}`);
  expect(conflicts.body.items).toEqual([]);
  for (const client of real) await client.kill();
}, 1_800_000);
