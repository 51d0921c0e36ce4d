import { afterAll, beforeAll, expect, test } from "vitest";
import { Lab } from "../support/netns.ts";
import { accept, discover, mac, release, type StepSource, text } from "./cases/case.ts";
import { send, startWorld, twoWires, type World } from "./cases/two-worlds.ts";

/* Tools that other people wrote for dhcpd say the same of both servers: from what the lease file says last of each address, over OMAPI, and on the wire. */

const SECRET = "pRP5FapFoJ95JEL06sv4PQ==";
const CONF = `
authoritative; ping-check off; ddns-update-style none; default-lease-time 3600; max-lease-time 7200;
omapi-port 7911; omapi-key ours; key ours { algorithm hmac-md5; secret "${SECRET}"; }
shared-network floor {
  subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.109; option routers 10.77.0.1; }
  subnet 10.50.0.0 netmask 255.255.255.0 { range 10.50.0.100 10.50.0.104; }
}
host printer { hardware ethernet 02:00:00:00:99:01; fixed-address 10.77.0.20; }`;

const PYTHON = "/usr/bin/python3";
const LEASES_IN_PYTHON = `
import sys
from isc_dhcp_leases import IscDhcpLeases
last = {lease.ip: lease for lease in IscDhcpLeases(sys.argv[1]).get()}
for ip, lease in sorted(last.items()):
    print(ip, lease.ethernet, lease.binding_state, lease.hostname or "-", lease.valid, lease.active, (lease.end - lease.start).seconds)`;
const LEASES_IN_PERL = `
my $leases = Text::DHCPLeases->new(file => $ARGV[0]);
my %last = map { $_->ip_address => $_ } $leases->get_objects(type => "lease");
for my $lease (map { $last{$_} } sort keys %last) {
  print join(" ", map { $_ // "-" } $lease->ip_address, $lease->mac_address, $lease->binding_state, $lease->client_hostname, $lease->next_binding_state), "\\n";
}`;
const OMAPI_IN_PYTHON = `
import sys
from pypureomapi import *
talk = Omapi("127.0.0.1", 7911, b"ours", b"${SECRET}")
def show(what, ask):
    try: print(what, ask())
    except Exception as error: print(what, type(error).__name__, error)
lost = "02:00:00:00:98:98"
show("mac", lambda: talk.lookup_mac("10.77.0.100"))
show("ip", lambda: talk.lookup_ip("${(mac(41, 1).match(/../g) ?? []).join(":")}"))
show("nobody's mac", lambda: talk.lookup_mac("10.77.0.109"))
show("no lease", lambda: talk.lookup_mac("10.99.0.1"))
show("no such mac", lambda: talk.lookup_ip(lost))
show("add", lambda: talk.add_host("10.77.0.30", lost))
show("host of it", lambda: talk.lookup_host_host(lost) if hasattr(talk, "lookup_host_host") else talk.lookup_ip_host(lost))
show("add again", lambda: talk.add_host("10.77.0.30", lost))
show("supersede", lambda: talk.add_host_supersede_name("10.77.0.31", "02:00:00:00:98:97", "given"))
show("name", lambda: talk.lookup_hostname("10.77.0.100"))
show("delete", lambda: talk.del_host(lost))
show("delete again", lambda: talk.del_host(lost))
show("printer", lambda: talk.lookup_by_host(name="printer"))`;

const lab = new Lab("tools");
let worlds: World[] = [];
let wires: ReturnType<typeof twoWires> = [];

beforeAll(async () => {
  wires = twoWires(lab);
  worlds = await Promise.all(wires.map((wire) => startWorld(wire, { name: "tools", conf: CONF, cases: [] }, 0)));
  const clients: [number, string, boolean][] = [
    [1, "first", false],
    [2, "second", false],
    [3, "third", true],
    [4, "fourth", false],
  ];
  let xid = 0;
  for (const [number, name, leaves] of clients) {
    const client = mac(41, number);
    const steps: StepSource[] = [discover(client, [text(12, name)]), accept(client, [text(12, name)])];
    for (const world of worlds) {
      xid += 3;
      const offer = await exchange(world, steps[0] as StepSource, [], xid);
      const ack = await exchange(world, steps[1] as StepSource, [offer], xid + 1);
      if (leaves) await exchange(world, release(client), [ack], xid + 2, 200);
    }
  }
});
afterAll(async () => {
  for (const { server, clients } of worlds) {
    clients.c0.close();
    clients.c1.close();
    await server.stop("SIGKILL");
  }
  await lab.close();
});

async function exchange(
  world: World,
  source: StepSource,
  replies: Parameters<Extract<StepSource, (...a: never[]) => unknown>>[0],
  xid: number,
  wait = 3000,
) {
  send(world, typeof source === "function" ? source(replies) : source, xid);
  return world.clients.c0.reply(xid, wait);
}

/** What a tool says beside each server, once it says the same of both; else what it said last. */
async function alike(say: (number: number) => unknown): Promise<unknown> {
  await expect.poll(() => say(1), { timeout: 8000, interval: 300 }).toEqual(say(0));
  return say(0);
}

const inServer = (number: number, ...argv: string[]): { readonly status: number | null; readonly output: string } =>
  wires[number]?.server.attempt(argv) ?? { status: null, output: "" };
const file = (number: number): string => worlds[number]?.server.leaseFile ?? "";
const conf = (number: number): string => worlds[number]?.server.conf ?? "";

test("dhcpd-pools", async () => {
  const said = await alike((number) => inServer(number, "/usr/bin/dhcpd-pools", "-c", conf(number), "-l", file(number), "-f", "c"));
  expect(said).toMatchObject({ status: 0, output: expect.stringContaining("floor") });
});

test("python3-isc-dhcp-leases", async () => {
  const said = await alike((number) => inServer(number, PYTHON, "-c", LEASES_IN_PYTHON, file(number)));
  expect(said).toMatchObject({ status: 0, output: expect.stringContaining("10.77.0.103 02:00:00:00:29:04 active fourth") });
});

test("Text::DHCPLeases", async () => {
  const said = await alike((number) => inServer(number, "/usr/bin/perl", "-MText::DHCPLeases", "-e", LEASES_IN_PERL, file(number)));
  expect(said).toMatchObject({ status: 0, output: expect.stringContaining("10.77.0.100") });
});

test("python3-pypureomapi", () => {
  // a host without a name is given one that nobody can foresee
  const [reference, ours] = [0, 1].map((number) => {
    const { status, output } = inServer(number, PYTHON, "-c", OMAPI_IN_PYTHON);
    return { status, output: output.replaceAll(/'nh[0-9a-f]+'/g, "'made up'") };
  });
  expect(ours).toEqual(reference);
  expect(reference).toMatchObject({ status: 0, output: expect.stringContaining("ip 10.77.0.100") });
});

test("dhcping", () => {
  for (const way of ["-r", "-i"]) {
    const [reference, ours] = [0, 1].map((number) => {
      const { client } = wires[number] as (typeof wires)[number];
      if (way === "-r") client.ip("addr add 10.77.0.20/24 dev c0");
      return client.attempt(["/usr/sbin/dhcping", way, "-v", "-t", "3", "-c", "10.77.0.20", "-s", "10.77.0.1", "-h", "02:00:00:00:99:01"]);
    });
    expect(ours).toEqual(reference);
    expect(reference, way).toMatchObject({ status: 0 });
  }
});

test("nmap's broadcast-dhcp-discover and dhcp-discover", () => {
  const scan = (number: number, ...words: string[]): string => {
    const { client } = wires[number] as (typeof wires)[number];
    const { output } = client.attempt(["/usr/bin/nmap", ...words], 60_000);
    // when, how long it took, and how long a packet was under way
    return output.replaceAll(/^(Starting Nmap .*|Nmap done.*|Host is up.*)$/gm, "");
  };
  for (const { client } of wires) client.ip("address add 10.77.0.200/24 dev c0");
  const broadcast = ["--script", "broadcast-dhcp-discover", "-e", "c0", "--script-args", "broadcast-dhcp-discover.timeout=3"];
  const direct = ["-sU", "-p", "67", "--script", "dhcp-discover", "-Pn", "-n", "10.77.0.1"];
  const [reference, ours] = [0, 1].map((number) => [scan(number, ...broadcast), scan(number, ...direct)]);
  expect(ours).toEqual(reference);
  expect(reference?.[0]).toContain("DHCP Message Type: DHCPOFFER");
  expect(reference?.[1]).toContain("DHCP Message Type: DHCPACK");
  for (const { client } of wires) client.ip("address del 10.77.0.200/24 dev c0");
});

test("dhcpstarv takes every address that is free, and no other", async () => {
  const active = (number: number): readonly string[] =>
    [...(worlds[number]?.server.leases() ?? [])].filter(([, body]) => /^ {2}binding state active;/m.test(body)).map(([address]) => address);
  const running = wires.map(({ client }) => client.start("dhcpstarv", ["/usr/bin/dhcpstarv", "-i", "c0"]));
  for (const number of [0, 1]) await worlds[number]?.server.process.waitForLog(/network floor: no free leases/, 30_000);
  await Promise.all(running.map((each) => each.stop("SIGKILL")));
  // of 15 addresses nmap may have been offered one
  expect([14, 15]).toContain(((await alike((number) => active(number).toSorted())) as string[]).length);
}, 60_000);
