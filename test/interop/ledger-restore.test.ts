import { afterEach, expect, test } from "vitest";
import { sealedNames } from "../../cloud/contract/sealed-names.ts";
import { LedgerLab, SITE } from "../support/ledger-lab.ts";
import { sleep } from "../support/netns.ts";

let lab: LedgerLab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

test("a server lost its disk and its partner is gone: it serves nobody until it is restored from the ledger, which knows clients by sealed names only", async () => {
  const clientKey = "7a".repeat(32);
  lab = await LedgerLab.make({ mclt: 12, autonomySeconds: 60, clientKey });
  const { pair } = lab;
  const here = lab;
  await pair.start();
  await pair.bothNormal(60_000);
  const held = new Map<number, string>();
  for (let client = 1; client <= 8; client += 1) {
    const lease = await pair.dora(client);
    if (lease !== undefined) held.set(client, lease.address);
  }
  expect(held.size).toBe(8);
  await sleep(2000);
  // now that the partner knows them, for longer than MCLT
  for (const [client, address] of held) expect((await pair.rebind(client, address))?.seconds).toBeGreaterThan(60);
  const declined = await pair.dora(20);
  pair.decline(20, declined?.address ?? "", declined?.server ?? "");
  const released = await pair.dora(21);
  pair.release(21, released?.address ?? "", released?.server === "10.77.0.2" ? "primary" : "secondary");
  const rows = async () =>
    (await here.call("GET", `/v1/sites/${SITE}/leases?limit=100`)).body.items as { address: string; status: string; client: string }[];
  let known = await rows();
  for (let look = 0; look < 60; look += 1) {
    const statuses = known.map(({ status }) => status);
    if (statuses.includes("ABANDONED") && statuses.filter((status) => status === "ACTIVE").length === 8) break;
    await sleep(1000);
    known = await rows();
  }
  expect(
    known.find(({ address }) => address === declined?.address)?.status,
    `${JSON.stringify(known)}\n${pair.servers.primary.log()}\n${pair.servers.secondary.log()}`,
  ).toBe("ABANDONED");
  expect(known.filter(({ status }) => status === "ACTIVE").length, JSON.stringify(known)).toBe(8);

  const clients = known.filter(({ status }) => status === "ACTIVE").map(({ client }) => client);
  for (const client of clients) expect(client).toMatch(/^e:[0-9a-f]+$/);
  expect(clients.map((client) => sealedNames(clientKey)?.open(client)?.slice(0, 2))).toEqual(clients.map(() => "m:"));

  for (const role of ["primary", "secondary"] as const) await pair.servers[role].stop("SIGKILL");
  pair.forget("primary");
  here.configure("primary");
  await pair.start("primary");
  await pair.servers.primary.process.waitForLog(/leases are lost/, 20_000);
  const force = { attestation: "PARTNER IS POWERED OFF", reason: "both burnt" };
  const declaredAlone = await here.call("POST", `/v1/sites/${SITE}/partner-down`, { survivor: "A", force });
  expect(declaredAlone.status, JSON.stringify(declaredAlone.body)).toBe(200);
  await sleep(8000);
  expect(pair.tandem("primary", "status")).toMatch(/serves nobody: its leases are lost.*restore --from-ledger/);
  expect(await pair.rebind(1, held.get(1) ?? "")).toBeUndefined();
  expect(await pair.dora(30)).toBeUndefined();

  const state = `${pair.servers.primary.leaseFile}.tandem`;
  const restore = ["restore", "--from-ledger", "--server", "A", "--state", state] as const;
  expect(await here.offline("primary", ...restore)).toMatchObject({ status: 1 });
  await pair.servers.primary.stop();
  const restored = await here.offline("primary", ...restore);
  expect(restored.status, restored.output).toBe(0);
  expect(restored.output).toMatch(/Site LAB-1, epoch 2, \d+ events of this server: \d+ addresses \(.*8 active.*\)/);
  expect(restored.output).toMatch(/1 abandoned/);
  expect((await here.offline("primary", ...restore)).output).toMatch(/only one that lost them is restored/);

  await pair.start("primary");
  await pair.reaches("primary", "partner-down", 30_000);
  for (const [client, address] of held) expect((await pair.rebind(client, address))?.address, pair.servers.primary.log()).toBe(address);
  expect(pair.servers.primary.bindingState(declined?.address ?? "")).toBe("abandoned");
  await sleep(20_000);
  const fresh = [];
  for (let client = 31; client < 40; client += 1) fresh.push((await pair.dora(client))?.address);
  const given = fresh.filter((address) => address !== undefined);
  expect(given.length, pair.servers.primary.log()).toBeGreaterThan(0);
  for (const address of [...held.values(), declined?.address]) expect(given).not.toContain(address);
}, 400_000);
