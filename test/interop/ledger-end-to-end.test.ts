import { afterEach, expect, test } from "vitest";
import { LedgerLab, SITE } from "../support/ledger-lab.ts";
import { sleep } from "../support/netns.ts";

let lab: LedgerLab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

/** Waits until `ask` gives something. */
async function until<T>(ask: () => Promise<T | undefined>, millis: number, what: () => string): Promise<T> {
  const giveUp = Date.now() + millis;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > giveUp) throw new Error(what());
    await sleep(1000);
  }
}
const logs = () => `${lab?.pair.servers.primary.log().slice(-3000)}\n-----\n${lab?.pair.servers.secondary.log().slice(-3000)}`;

test("the secondary dies: partner-down is refused while its lease runs, then granted; unaware it serves nobody; then the pair recovers", async () => {
  lab = await LedgerLab.make({ mclt: 8, autonomySeconds: 60 });
  const { pair } = lab;
  const here = lab;
  const partnerDown = () => here.call("POST", `/v1/sites/${SITE}/partner-down`, { survivor: "A" });
  await pair.start();
  await pair.bothNormal(60_000);
  await sleep(3000);
  const first = await pair.dora(1, 0);
  expect(first).toBeDefined();

  await pair.servers.secondary.stop("SIGKILL");
  await pair.reaches("primary", "communications-interrupted");
  await sleep(3000);
  const refused = await partnerDown();
  expect(refused.status).toBeGreaterThanOrEqual(409);
  expect(["EVIDENCE_PENDING", "PARTNER_ALIVE"], `${JSON.stringify(refused.body)}\n${logs()}`).toContain(refused.body.code);

  const granted = await until(
    async () => {
      const answer = await partnerDown();
      return answer.status === 200 ? answer : undefined;
    },
    110_000,
    () => `not granted:\n${logs()}`,
  );
  const grantedAt = Date.now();
  expect(granted.body).toMatchObject({ sole: "A", down: "B", basis: "lapsed", epoch: 2 });
  await pair.reaches("primary", "partner-down");
  expect(Date.now() - grantedAt).toBeLessThan(10_000);

  await sleep(15_000);
  const alone = [];
  for (let client = 31; client < 46; client += 1) alone.push(await pair.dora(client));
  const given = alone.filter((lease) => lease !== undefined);
  expect(given.length, logs()).toBe(15);
  const theirs = given.find(({ address }) => Number(address.split(".")[3]) < 110) ?? given.at(-1);

  pair.silence(true);
  await pair.start("secondary");
  await sleep(22_000);
  await pair.dora(50);
  expect(pair.servers.secondary.log()).toMatch(/the partner serves alone from epoch 2/);
  expect(pair.servers.secondary.log()).not.toMatch(/DHCP(OFFER|ACK) on/);

  pair.silence(false);
  await pair.bothNormal(90_000);
  await until(
    async () => ((await here.state()) === "NORMAL" ? true : undefined),
    30_000,
    () => `not cleared:\n${logs()}`,
  );
  await until(
    async () => {
      for (let client = 60; client < 66; client += 1) await pair.dora(client, 0);
      return /DHCPACK on/.test(pair.servers.secondary.log()) ? true : undefined;
    },
    40_000,
    () => `the secondary does not serve again:\n${logs()}`,
  );

  await sleep(3000);
  const history = await lab.call("GET", `/v1/sites/${SITE}/addresses/${theirs?.address}/history`);
  expect(history.body.items.some((item: { claim?: unknown; server?: string }) => JSON.stringify(item).includes("A"))).toBe(true);
  const events = await lab.call("GET", `/v1/sites/${SITE}/events`);
  const text = JSON.stringify(events.body);
  for (const step of ["REGISTERED", "PARTNER_DOWN", "CLEARED"]) expect(text).toContain(step);
}, 400_000);
