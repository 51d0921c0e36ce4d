import { existsSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { DhcpClient } from "../support/dhcp-client.ts";
import { bytesOf, ipBytes, type OptionBytes, optionOf, type Reply, replyType } from "../support/dhcp-packet.ts";
import { DhcpServer, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { eventually, Lab, sleep } from "../support/netns.ts";

/** What the daemon does about the machine it runs on: interfaces that come and go, a clock that somebody sets, readers of its log. */
const NETS = `authoritative; ping-check off; default-lease-time 600; max-lease-time 7200;
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.150; }
subnet 10.78.0.0 netmask 255.255.255.0 { range 10.78.0.100 10.78.0.110; }
`;
const FAKE_TIME = readdirSync("/usr/lib")
  .map((folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`)
  .find(existsSync);

const labs: { lab: Lab; clients: DhcpClient[] }[] = [];
afterEach(async () => {
  for (const { lab, clients } of labs.splice(0)) {
    for (const client of clients) client.close();
    await lab.close();
  }
});

function site() {
  const lab = new Lab("daemon");
  const clients: DhcpClient[] = [];
  labs.push({ lab, clients });
  const agent = lab.namespace("s");
  const people = lab.namespace("c");
  /** A wire to the people's side; its ends are DEVICE and c-DEVICE. */
  const wire = (device: string, address: string): DhcpClient => {
    lab.cable({ namespace: agent, device, addresses: [`${address}/24`] }, { namespace: people, device: `c-${device}` });
    return client(`c-${device}`);
  };
  const client = (device: string): DhcpClient => {
    const made = new DhcpClient(people, device);
    clients.push(made);
    return made;
  };
  return { lab, agent, people, wire, client };
}

let xid = 0x5000;
const type = (code: number): OptionBytes => [53, Uint8Array.of(code)];
const ask = (client: DhcpClient, number: number, milliseconds = 3000): Promise<Reply | undefined> => {
  xid += 1;
  return client.exchange({ xid, chaddr: chaddrOf(number), flags: 0x8000, options: [type(1)] }, milliseconds);
};
const chaddrOf = (number: number): string => `02000000${number.toString(16).padStart(4, "0")}`;
async function lease(client: DhcpClient, number: number, seconds?: number): Promise<{ address: string; seconds: number } | undefined> {
  const wanted: OptionBytes[] = seconds === undefined ? [] : [[51, bytesOf(seconds.toString(16).padStart(8, "0"))]];
  xid += 1;
  const offer = await client.exchange({ xid, chaddr: chaddrOf(number), flags: 0x8000, options: [type(1), ...wanted] });
  if (offer === undefined) return undefined;
  xid += 1;
  const options: OptionBytes[] = [type(3), [50, ipBytes(offer.yiaddr)], [54, optionOf(offer, 54) ?? new Uint8Array(4)], ...wanted];
  const ack = await client.exchange({ xid, chaddr: chaddrOf(number), flags: 0x8000, options });
  if (ack === undefined || replyType(ack) !== "ACK") return undefined;
  return { address: ack.yiaddr, seconds: new DataView((optionOf(ack, 51) ?? new Uint8Array(4)).slice().buffer).getUint32(0) };
}

describe("interfaces", () => {
  test("one that appears is served after a reload, one that vanishes hurts nobody and is served again when it is back", async () => {
    const { lab, agent, people, wire } = site();
    const first = wire("a0", "10.77.0.1");
    const server = new DhcpServer({ namespace: agent, program: TANDEM_DHCPD, conf: NETS, interfaces: [] });
    await server.start();
    expect((await lease(first, 1))?.address).toMatch(/^10\.77\./);
    const second = wire("b0", "10.78.0.1");
    expect(await ask(second, 2, 1000)).toBeUndefined();
    server.process.signal("SIGHUP");
    await server.process.waitForLog(/Listening on LPF\/b0\/[0-9a-f:]+\/10\.78\.0\.0\/24\nSending on {3}LPF\/b0\//);
    expect((await lease(second, 2))?.address).toMatch(/^10\.78\./);
    expect((await lease(first, 1))?.address).toMatch(/^10\.77\./);
    // the first, through whose socket frames leave, is taken away
    agent.ip("link delete a0");
    await server.process.waitForLog(/No longer listening on a0\./);
    expect((await lease(second, 3))?.address).toMatch(/^10\.78\./);
    lab.cable({ namespace: agent, device: "a0", addresses: ["10.77.0.1/24"] }, { namespace: people, device: "c-again" });
    await eventually(() => (server.log().match(/Listening on LPF\/a0\//g) ?? []).length === 2);
    const again = new DhcpClient(people, "c-again");
    expect((await lease(again, 1))?.address).toMatch(/^10\.77\./);
    expect((await lease(second, 2))?.address).toMatch(/^10\.78\./);
    // only brought down and up, it is the same interface
    agent.ip("link set b0 down");
    await sleep(2500);
    agent.ip("link set b0 up");
    await eventually(async () => (await lease(second, 2)) !== undefined);
    again.close();
    expect(server.hasDied).toBe(false);
  });

  test.each([[[]], [["a0"]], [["a0", "b0:1"]]])(
    "served from the start although their cables are out, by name and by label: %j",
    async (interfaces) => {
      const { agent, people, wire, client } = site();
      wire("a0", "10.77.0.1");
      wire("b0", "10.79.0.1");
      agent.ip("addr flush dev b0");
      agent.ip("addr add 10.78.0.1/24 dev b0 label b0:1");
      for (const device of ["c-a0", "c-b0"]) people.ip(`link set ${device} down`);
      const server = new DhcpServer({ namespace: agent, program: TANDEM_DHCPD, conf: NETS, interfaces });
      await server.start();
      for (const device of ["c-a0", "c-b0"]) people.ip(`link set ${device} up`);
      expect((await lease(client("c-a0"), 1))?.address).toMatch(/^10\.77\./);
      if (interfaces.length !== 1) expect((await lease(client("c-b0"), 2))?.address).toMatch(/^10\.78\./);
    },
  );

  test("a reload serves what is declared by then, and no other interface", async () => {
    const { agent, wire } = site();
    const first = wire("a0", "10.77.0.1");
    const second = wire("b0", "10.78.0.1");
    const server = new DhcpServer({ namespace: agent, program: TANDEM_DHCPD, conf: NETS, interfaces: ["a0", "b0"] });
    await server.start();
    expect(await lease(second, 2)).toBeDefined();
    writeFileSync(server.conf, NETS.replace(/subnet 10\.78.*\n/, ""));
    server.process.signal("SIGHUP");
    await server.process.waitForLog(/No longer listening on b0\./);
    expect(await ask(second, 2, 1000)).toBeUndefined();
    expect(await lease(first, 1)).toBeDefined();
    writeFileSync(server.conf, NETS);
    server.process.signal("SIGHUP");
    await eventually(() => (server.log().match(/Listening on LPF\/b0\//g) ?? []).length === 2);
    expect(await lease(second, 2)).toBeDefined();
  });
});

test.each(["tandem-dhcpd", "dhcpd"])("called by the name %s it has that name for ps, pgrep and killall", async (name) => {
  const { lab, agent, wire } = site();
  wire("a0", "10.77.0.1");
  const program = join(lab.directory, name);
  symlinkSync(TANDEM_DHCPD, program);
  const server = new DhcpServer({ namespace: agent, program, conf: NETS, interfaces: [] });
  await server.start();
  expect(readFileSync(`/proc/${server.process.pid}/comm`, "utf8")).toBe(`${name}\n`);
});

test("the line that tells of an answer is in the log when the answer is there", async () => {
  const { agent, wire } = site();
  const client = wire("a0", "10.77.0.1");
  const server = new DhcpServer({ namespace: agent, program: TANDEM_DHCPD, conf: NETS, interfaces: ["a0"] });
  await server.start();
  for (let number = 1; number <= 40; number += 1) {
    const offer = await ask(client, number);
    expect(server.log()).toContain(`DHCPOFFER on ${offer?.yiaddr} to 02:00:00:00:00:${number.toString(16).padStart(2, "0")} via a0`);
    const got = await lease(client, number);
    expect(server.log()).toContain(`DHCPACK on ${got?.address} to 02:00:00:00:00:${number.toString(16).padStart(2, "0")} via a0`);
  }
});

test.each([3600, -3600])(
  "the wall clock is set by %i seconds: leases end when their time is over, no sooner and no later",
  async (step) => {
    const { lab, agent, wire } = site();
    const client = wire("a0", "10.77.0.1");
    const clock = join(lab.directory, "clock");
    const set = (offset: number): void => {
      writeFileSync(`${clock}.new`, `${offset < 0 ? "-" : "+"}${Math.abs(offset)}s\n`);
      renameSync(`${clock}.new`, clock);
    };
    set(0);
    const script = join(lab.directory, "agent");
    const environment = `LD_PRELOAD=${FAKE_TIME} FAKETIME_TIMESTAMP_FILE=${clock} FAKETIME_CACHE_DURATION=1 DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1`;
    writeFileSync(script, `#!/bin/sh\n${environment} exec ${TANDEM_DHCPD} "$@"\n`, { mode: 0o755 });
    const conf = NETS.replace("default-lease-time 600;", "default-lease-time 600; min-lease-time 5; dhcp-cache-threshold 0;");
    const server = new DhcpServer({ namespace: agent, program: script, conf, interfaces: ["a0"] });
    await server.start();
    const long = await lease(client, 1, 1800);
    const short = await lease(client, 2, 14);
    const shortUntil = Date.now() + 14_000;
    expect(long?.seconds).toBe(1800);
    expect(short?.seconds).toBe(14);
    set(step);
    await server.process.waitForLog(new RegExp(`The wall clock was set 3(600|599|601) seconds ${step < 0 ? "back" : "forward"}`), 20_000);
    expect(server.bindingState(long?.address ?? "")).toBe("active");
    if (Date.now() < shortUntil - 2000) expect(server.bindingState(short?.address ?? "")).toBe("active");
    // neither was shortened nor prolonged
    await eventually(() => server.bindingState(short?.address ?? "") === "free", Math.max(0, shortUntil - Date.now()) + 5000);
    expect(Date.now()).toBeGreaterThan(shortUntil - 1500);
    expect(server.bindingState(long?.address ?? "")).toBe("active");
    const renewed = await lease(client, 1, 1800);
    expect(renewed).toEqual(long);
    // files say what the machine's clock says
    await eventually(() => {
      const ends = /ends \d (\S+) (\S+);/.exec(server.leases().get(long?.address ?? "") ?? "");
      const shown = Date.parse(`${ends?.[1]?.replaceAll("/", "-")}T${ends?.[2]}Z`);
      return Math.abs(shown - (Date.now() + (step + 1800) * 1000)) < 30_000;
    });
    // and the next start knows it too
    await server.stop();
    await server.start();
    expect(await lease(client, 1, 1800)).toEqual(long);
    expect((await lease(client, 3, 60))?.seconds).toBe(60);
  },
);
