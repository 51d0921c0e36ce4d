import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DhcpClient } from "../support/dhcp-client.ts";
import { ipBytes, type OptionBytes, optionOf, replyType } from "../support/dhcp-packet.ts";
import { DhcpServer, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { eventually, Lab } from "../support/netns.ts";

/** The operator's hands: the control command over its socket, and Debian's omshell over OMAPI, on a server whose partner is away. */
const SECRET = "bGFiLXNlY3JldC1rZXktMDE=";
const CONF = `key lab-key { algorithm hmac-md5; secret ${SECRET}; }
omapi-port 7911; omapi-key lab-key; option space rack; option rack.row code 1 = unsigned integer 8;
authoritative; ping-check off; default-lease-time 3600; abandon-lease-time 700;
failover peer "lab" { primary; address 10.77.0.1; port 647; peer address 10.77.0.9; peer port 647; max-response-delay 30;
  max-unacked-updates 10; mclt 20; split 128; load balance max seconds 3; }
subnet 10.77.0.0 netmask 255.255.255.0 { pool { failover peer "lab"; range 10.77.0.20 10.77.0.40; } }
host fixed { hardware ethernet 02:00:00:00:00:01; fixed-address 10.77.0.5; }
`;
const TANDEM = fileURLToPath(new URL("../../edge-agent/bin/tandem", import.meta.url));

const lab = new Lab("operator");
const serverNamespace = lab.namespace("s");
const clientNamespace = lab.namespace("c");
lab.cable({ namespace: serverNamespace, device: "s0", addresses: ["10.77.0.1/24"] }, { namespace: clientNamespace, device: "c0" });
const server = new DhcpServer({ namespace: serverNamespace, program: TANDEM_DHCPD, conf: CONF, interfaces: ["s0"] });
const socket = join(`${server.leaseFile}.tandem`, "control.sock");

beforeAll(() => server.start(), 60_000);
afterAll(() => lab.close());

function tandem(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(TANDEM, [...argv, "--socket", socket], { encoding: "utf8" });
  return { status, stdout, stderr, json: () => JSON.parse(stdout) };
}

function omshell(...commands: string[]): string {
  const lines = ["server 127.0.0.1", "port 7911", `key lab-key ${SECRET}`, "connect", ...commands];
  return spawnSync("ip", ["netns", "exec", serverNamespace.name, "omshell"], { encoding: "utf8", input: `${lines.join("\n")}\n` }).stdout;
}

const relationship = () => tandem("status", "--json").json().result.relationships[0];
const type = (code: number): OptionBytes => [53, Uint8Array.of(code)];

async function lease(client: DhcpClient, chaddr: string, xid: number): Promise<string | undefined> {
  const offer = await client.exchange({ xid, chaddr, options: [type(1)] });
  if (offer === undefined) return undefined;
  const options: OptionBytes[] = [type(3), [50, ipBytes(offer.yiaddr)], [54, optionOf(offer, 54) ?? ipBytes("10.77.0.1")]];
  const ack = await client.exchange({ xid: xid + 1, chaddr, options });
  return ack !== undefined && replyType(ack) === "ACK" ? ack.yiaddr : undefined;
}

test("tandem says what the server is and does, and refuses what is unsafe or meaningless with the reason", () => {
  expect(relationship()).toMatchObject({ name: "lab", role: "primary", link: "down", mclt: 20 });
  expect(tandem("status").stdout).toContain('failover "lab" (primary)');
  expect(tandem("rebalance")).toMatchObject({ status: 1, stderr: expect.stringContaining("in normal only") });
  expect(tandem("recover", "nobody")).toMatchObject({ status: 1, stderr: expect.stringContaining("the relationships are lab") });
  expect(tandem("recover")).toMatchObject({ status: 1, stderr: expect.stringContaining("this server is in recover: it recovers already") });
  const known = tandem("explain", "02:00:00:00:00:01");
  expect(known.stdout).toMatch(/host: fixed {2}\[.*dhcpd.conf:7\]/);
  expect(known.stdout).toContain("The client gets an answer.");
});

test("omshell reads the failover state, and puts the server into partner-down", async () => {
  const shown = omshell("new failover-state", 'set name = "lab"', "open");
  for (const attribute of ["mclt = 00:00:00:14", "partner-address = 0a:4d:00:09", "hierarchy = 00:00:00:00"])
    expect(shown).toContain(attribute);
  expect(omshell("new failover-state", 'set name = "nope"', "open")).toContain("not found");
  omshell("new failover-state", 'set name = "lab"', "open", "set local-state = 4", "update");
  await eventually(() => relationship().state === "PARTNER-DOWN");
  expect(server.log()).toContain("to partner-down");
  const recovery = "in partner-down and would serve nobody until the partner, which is out of reach, is back";
  expect(tandem("recover")).toMatchObject({ status: 1, stderr: expect.stringContaining(recovery) });
});

test("leases are looked up by address, hardware address and client identifier, can be freed, and abandoned for as long as is configured", async () => {
  const client = new DhcpClient(clientNamespace, "c0");
  const address = await lease(client, "020000000077", 100);
  expect(address).toMatch(/^10\.77\.0\./);
  const byHardware = omshell("new lease", "set hardware-address = 02:00:00:00:00:77", "open");
  expect(byHardware).toContain("state = 00:00:00:02");
  const hex = (address ?? "")
    .split(".")
    .map((octet) => Number(octet).toString(16).padStart(2, "0"))
    .join(":");
  expect(byHardware).toContain(`ip-address = ${hex}`);
  expect(omshell("new lease", `set ip-address = ${hex}`, "open")).toContain("hardware-address = 02:00:00:00:00:77");
  expect(tandem("leases", "02:00:00:00:00:77", "--json").json().result.leases).toMatchObject([{ address, status: "ACTIVE" }]);
  omshell("new lease", `set ip-address = ${hex}`, "open", "set state = 00:00:00:06", "update");
  const shown = () => tandem("leases", address ?? "", "--json").json().result.leases[0];
  await eventually(() => shown()?.status !== "ACTIVE");
  const before = Date.now() / 1000;
  omshell("new lease", `set ip-address = ${hex}`, "open", "set state = 00:00:00:05", "update");
  await eventually(() => shown()?.status === "ABANDONED");
  expect(shown().ends - before).toBeGreaterThan(690);
  expect(shown().ends - before).toBeLessThan(720);
  client.close();
});

const AS_DHCPD = `host printer {
  dynamic;
  hardware ethernet 02:00:00:00:00:09;
  fixed-address 10.77.0.7;
        supersede host-name = "lp0";
        supersede server.next-server = 0a:4d:00:05;
        supersede server.filename = "boot.img";
        if known {
          supersede rack.row = 05;
        }
}
`;

test("a host made by omshell is served at once, survives a restart, and is gone when removed", async () => {
  const create = [
    'set name = "printer"',
    "set hardware-address = 02:00:00:00:00:09",
    "set hardware-type = 1",
    "set ip-address = 10.77.0.7",
  ];
  const statements = 'option host-name \\"lp0\\"; next-server = 0a:4d:00:05; filename = \\"boot.img\\"; if known { option rack.row 5; }';
  const made = omshell("new host", ...create, `set statements = "${statements}"`, "create");
  expect(made).toContain("hardware-type = 00:00:00:01");
  const client = new DhcpClient(clientNamespace, "c0");
  await eventually(async () => (await lease(client, "020000000009", 200)) === "10.77.0.7");
  // in dhcpd's words, which readers of the lease file look for
  await eventually(() => readFileSync(server.leaseFile, "utf8").includes(AS_DHCPD));
  expect(omshell("new host", 'set name = "printer"', "set hardware-address = 02:00:00:00:00:0a", "create")).toMatch(
    /already exists|key conflict|not found/,
  );
  await server.stop();
  await server.start();
  await eventually(async () => (await lease(client, "020000000009", 300)) === "10.77.0.7");
  omshell("new host", 'set name = "printer"', "open", "remove");
  await eventually(async () => (await lease(client, "020000000009", 400)) !== "10.77.0.7");
  client.close();
});

test("what omshell changes is in force without the configuration's files being read again, groups and the file's own hosts too", async () => {
  appendFileSync(server.conf, "host unfinished {");
  const before = server.log().length;
  const client = new DhcpClient(clientNamespace, "c0");
  omshell("new group", 'set name = "floor"', 'set statements = "next-server 10.77.0.250;"', "create");
  const scanner = ["set hardware-address = 02:00:00:00:00:0b", "set hardware-type = 1", "set ip-address = 10.77.0.8"];
  omshell("new host", 'set name = "scanner"', ...scanner, 'set group = "floor"', "create");
  const moved = omshell("new host", 'set name = "fixed"', "open", "set ip-address = 10.77.0.6", "update");
  expect(moved).toContain("ip-address = 0a:4d:00:06");
  await eventually(async () => (await lease(client, "02000000000b", 500)) === "10.77.0.8");
  await eventually(async () => (await lease(client, "020000000001", 600)) === "10.77.0.6");
  const offer = await client.exchange({ xid: 700, chaddr: "02000000000b", options: [type(1)] });
  expect(offer?.siaddr).toBe("10.77.0.250");
  expect(server.log().slice(before)).not.toMatch(/again|unfinished|left out/);
  expect(tandem("reload")).toMatchObject({ status: 1 });
  writeFileSync(server.conf, readFileSync(server.conf, "utf8").replace("host unfinished {", ""));
  expect(tandem("reload")).toMatchObject({ status: 0 });
  expect(await lease(client, "02000000000b", 800)).toBe("10.77.0.8");
  client.close();
});

test("an unsigned or wrongly signed request changes nothing", () => {
  const unsigned = [
    "server 127.0.0.1",
    "port 7911",
    "connect",
    "new failover-state",
    'set name = "lab"',
    "open",
    "set local-state = 6",
    "update",
  ];
  const before = relationship().state;
  const run = (lines: string[]) =>
    spawnSync("ip", ["netns", "exec", serverNamespace.name, "omshell"], { encoding: "utf8", input: `${lines.join("\n")}\n` }).stdout;
  expect(run(unsigned)).toContain("no key specified");
  run(["server 127.0.0.1", "port 7911", "key lab-key d3Jvbmc=", ...unsigned.slice(2)]);
  expect(relationship().state).toBe(before);
});

test("control state 2 ends the server in good order", async () => {
  omshell("new control", "open", "set state = 00:00:00:02", "update");
  await eventually(() => !server.process.isRunning, 15_000);
  expect(server.log()).toContain("shutdown");
});
