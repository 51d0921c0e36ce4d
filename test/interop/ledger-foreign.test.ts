import { afterEach, expect, test } from "vitest";
import { LedgerLab, SITE } from "../support/ledger-lab.ts";
import { sleep } from "../support/netns.ts";
import { RealClient } from "../support/real-clients.ts";

let lab: LedgerLab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

test("a partner that is an ISC dhcpd: its bindings are mirrored too, nothing fences it, partner-down needs a person's word and keeps the waits", async () => {
  lab = await LedgerLab.make({ mclt: 15, autonomySeconds: 60, pair: { secondary: "dhcpd", maxResponseDelay: 10 } });
  const { pair } = lab;
  const here = lab;
  await pair.start();
  await pair.bothNormal(60_000);
  const tools = ["dhclient", "udhcpc"] as const;
  const clients = tools.map((tool, index) => {
    const namespace = pair.lab.namespace(tool);
    pair.plug(namespace, "eth0", `q${index}`, []);
    return new RealClient(tool, namespace);
  });
  for (const client of clients) client.start();
  await Promise.all(clients.map((client) => client.bound()));
  const given = [];
  for (let client = 1; client <= 12; client += 1) given.push(await pair.dora(client, 0));
  const byDhcpd = given.filter((lease) => lease?.server === "10.77.0.3");
  expect(byDhcpd.length).toBeGreaterThan(0);
  const [theirs] = byDhcpd;
  const history = async () =>
    (await here.call("GET", `/v1/sites/${SITE}/addresses/${theirs?.address}/history`)).body.items as { status: string }[];
  await lab.until(
    async () => (await history()).some(({ status }) => status === "ACTIVE"),
    20_000,
    () => "the partner's binding is not in the history",
  );
  expect(await history()).toContainEqual(expect.objectContaining({ status: "ACTIVE", server: "A", origin: "B" }));
  expect(pair.tandem("primary", "status")).toMatch(/no Tandem agent: nothing fences it, partner-down needs --force/);

  await pair.servers.secondary.stop("SIGKILL");
  await pair.reaches("primary", "communications-interrupted");
  expect(() => pair.tandem("primary", "partner-down")).toThrow(
    /nothing fences it: make sure that it is off, and say so with --force --reason/,
  );
  await sleep(70_000);
  const refused = await here.call("POST", `/v1/sites/${SITE}/partner-down`, { survivor: "A" });
  expect(refused).toMatchObject({ status: 409, body: { code: "FOREIGN_PARTNER" } });

  const leases = JSON.parse(pair.tandem("primary", "leases", "--json")).result.leases as { address: string; status: string }[];
  const own = leases.filter(({ status }) => status === "FREE").map(({ address }) => address);
  pair.tandem("primary", "partner-down", "--force", "--reason", "seen with my own eyes: no power");
  await pair.reaches("primary", "partner-down", 10_000);
  const declaredAt = Date.now();
  const events = async () =>
    JSON.stringify(
      (await here.call("GET", `/v1/sites/${SITE}/events`)).body.items.filter(({ what }: { what: string }) => what === "PARTNER_DOWN"),
    );
  await lab.until(
    async () => (await events()) !== "[]",
    60_000,
    () => "the ledger has no word of the partner that is down",
  );
  const recordedAt = Date.now();
  const recorded = await events();
  expect(recorded).toMatch(/attested/);
  expect(recorded).toMatch(/seen with my own eyes: no power/);

  // one that goes without is waited for 3 s: all of this must be over long before the wait is
  expect(own.length).toBeLessThan(8);
  for (let client = 31; client < 39; client += 1) expect([...own, "none"]).toContain((await pair.dora(client))?.address ?? "none");
  for (const lease of byDhcpd) expect((await pair.rebind(given.indexOf(lease) + 1, lease?.address ?? ""))?.address).toBe(lease?.address);
  // MCLT and the allowances are over and, on a person's word, as long again as an unaware partner might go on is not
  await sleep(Math.max(0, recordedAt + 15_150 + 5_000 + 10_000 - Date.now()));
  // what is this server's own to give comes free again MCLT after it was given
  expect([...own, "none"]).toContain((await pair.dora(60))?.address ?? "none");
  expect(Date.now()).toBeLessThan(declaredAt + 75_000);
  await sleep(Math.max(0, declaredAt + 15_150 + 5_000 + 63_000 - 5_000 - Date.now()));
  let next = 61;
  await lab.until(
    async () => ![...own, "none"].includes((await pair.dora(next++))?.address ?? "none"),
    90_000,
    () => pair.tandem("primary", "status"),
  );
  for (const client of clients) await client.kill();
}, 500_000);
