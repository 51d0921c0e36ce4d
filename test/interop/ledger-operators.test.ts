import { afterEach, expect, test } from "vitest";
import { LedgerLab, SITE } from "../support/ledger-lab.ts";
import { sleep } from "../support/netns.ts";
import { RealClient } from "../support/real-clients.ts";

let lab: LedgerLab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});
const FAKE = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
/** The wall clock alone is ahead; what measures durations is left. */
const ahead = (seconds: number) => () => `FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME=+${seconds}s LD_PRELOAD=${FAKE}`;
const roles = ["primary", "secondary"] as const;

test("servers five minutes ahead of the cloud: granted after the very same wait, served within ten seconds, and the history in order; then both operators ask for opposite survivors at once", async () => {
  lab = await LedgerLab.make({ mclt: 10, autonomySeconds: 60, environment: ahead(300), pair: { maxResponseDelay: 10 } });
  const { pair } = lab;
  const here = lab;
  const status = (role: "primary" | "secondary" = "primary") => pair.tandem(role, "status");
  const ask = (survivor: string, more: object = {}) => here.call("POST", `/v1/sites/${SITE}/partner-down`, { survivor, ...more });
  await pair.start();
  await pair.bothNormal(60_000);
  const namespace = pair.lab.namespace("dhclient");
  pair.plug(namespace, "eth0", "q0", []);
  const client = new RealClient("dhclient", namespace);
  client.start();
  const address = await client.bound();
  await sleep(3000);
  const { body } = await here.call("GET", `/v1/sites/${SITE}`);
  expect(Date.parse(body.servers.A.lastSeen) - Date.now()).toBeGreaterThan(250_000);

  await pair.servers.secondary.stop("SIGKILL");
  const killedAt = Date.now();
  await here.granted("A");
  const calledAt = Date.now();
  const waited = calledAt - killedAt;
  await pair.reaches("primary", "partner-down", 10_000);
  expect((await pair.rebind(1, (await pair.dora(1))?.address ?? ""))?.server).toBe("10.77.0.2");
  const took = Date.now() - calledAt;
  console.log(`granted ${waited} ms after the kill; serving alone ${took} ms after the call`);
  expect(waited).toBeGreaterThan(40_000);
  expect(waited).toBeLessThan(90_000);
  expect(took).toBeLessThan(10_000);
  expect(client.address()).toBe(address);

  await pair.start("secondary");
  await pair.bothNormal(90_000);
  await lab.until(async () => (await here.state()) === "NORMAL", 60_000, status);
  // the history goes by the servers' clocks
  const to = new Date(Date.now() + 600_000).toISOString();
  const history = await here.call("GET", `/v1/sites/${SITE}/addresses/${address}/history?to=${to}`);
  expect(history.body.items.length, JSON.stringify(history.body)).toBeGreaterThan(0);

  pair.silence(true);
  await lab.until(
    () => roles.every((role) => pair.state(role) === "communications-interrupted"),
    60_000,
    () => status() + status("secondary"),
  );
  const force = { attestation: "PARTNER IS POWERED OFF", reason: "each believes it of the other" };
  const [first, second] = await Promise.all([ask("A", { force }), ask("B", { force })]);
  expect([first.status, second.status].sort(), JSON.stringify([first.body, second.body])).toEqual([200, 409]);
  const sole = first.status === 200 ? "primary" : "secondary";
  const down = sole === "primary" ? "secondary" : "primary";
  await pair.reaches(sole, "partner-down", 15_000);
  await lab.until(
    () => /mode DOWN/.test(status(down)),
    30_000,
    () => status(down),
  );
  expect(status(down)).toMatch(/serves nobody: the ledger has the partner serve alone/);
  expect((await pair.dora(9))?.server).toBe(sole === "primary" ? "10.77.0.2" : "10.77.0.3");
  pair.silence(false);
  await pair.bothNormal(90_000);
  await lab.until(async () => (await here.state()) === "NORMAL", 60_000, status);
  const events = (await here.call("GET", `/v1/sites/${SITE}/events`)).body.items.map((item: { what: string }) => item.what);
  for (const step of ["REGISTERED", "PARTNER_DOWN_REFUSED", "PARTNER_DOWN", "CLEARED"]) expect(events).toContain(step);
  expect(events.filter((what: string) => what === "PARTNER_DOWN").length).toBe(2);
  await client.kill();
}, 590_000);
