import { afterAll, afterEach, describe, expect, test } from "vitest";
import { DhcpServer, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { eventually, Lab } from "../support/netns.ts";
import { type ClientTool, RealClient, Site } from "../support/real-clients.ts";

const TOOLS: readonly ClientTool[] = ["dhclient", "udhcpc", "dhcpcd"];

const labs: Lab[] = [];
afterEach(async (context) => {
  if (context.task.result?.state === "fail") for (const server of servers) console.log(server.log().slice(-4000));
  servers.length = 0;
  for (const lab of labs.splice(0)) await lab.close();
});
afterAll(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

const servers: DhcpServer[] = [];
const site = (): Site => {
  const lab = new Lab("clients");
  labs.push(lab);
  return new Site(lab);
};
const serve = async (at: Site, conf: string, interfaces = ["s0", "s1"]): Promise<DhcpServer> => {
  const server = new DhcpServer({ namespace: at.server, program: TANDEM_DHCPD, conf, interfaces });
  servers.push(server);
  await server.start();
  return server;
};

const NET_B = `subnet 10.78.0.0 netmask 255.255.255.0 { range 10.78.0.100 10.78.0.110; option routers 10.78.0.1; }`;
const NETS = `
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.110; option routers 10.77.0.1; option domain-name "a.example.org"; }
${NET_B}`;
const PLAIN = `authoritative; ping-check off; default-lease-time 600; ${NETS}`;

const isActive = (server: DhcpServer, address: string) =>
  eventually(
    () => server.bindingState(address) === "active",
    5000,
    () => `${address}: ${server.leases().get(address)}`,
  );

describe.each(TOOLS)("%s", (tool) => {
  test("gets, renews and releases an address", async () => {
    const network = site();
    const server = await serve(network, PLAIN.replace("600", "12; min-lease-time 4"));
    const client = new RealClient(tool, network.plug("c", "a"));
    client.start();
    const address = await client.bound();
    expect(address).toMatch(/^10\.77\.0\.1\d\d$/);
    await isActive(server, address);
    const [mac] = JSON.parse(client.namespace.ip("-j link show dev eth0")) as { address: string }[];
    expect(server.leases().get(address)).toContain(`hardware ethernet ${mac?.address};`);
    await client.event(["BOUND", "bound"]);
    const seen = client.events().length;
    await client.event(["RENEW", "renew", "REBIND"], seen);
    expect(client.address()).toBe(address);
    if (tool === "dhclient") {
      expect(client.leaseFile()).toContain(`fixed-address ${address};`);
      expect(client.leaseFile()).toContain('option domain-name "a.example.org";');
    }
    await client.release();
    await eventually(
      () => server.bindingState(address) === "free" || server.bindingState(address) === "released",
      5000,
      () => server.log(),
    );
  });

  test("comes back after a crash with the same address, and after the server's", async () => {
    const network = site();
    const server = await serve(network, PLAIN);
    const client = new RealClient(tool, network.plug("c", "a"));
    client.start();
    const address = await client.bound();
    await client.kill();
    client.namespace.ip("address flush dev eth0");
    await server.stop("SIGKILL");
    await server.start();
    const before = client.events().length;
    client.start();
    expect(await client.bound()).toBe(address);
    await client.event(["REBOOT", "BOUND", "bound"], before);
    expect(server.bindingState(address)).toBe("active");
  });

  test("two interfaces, two networks", async () => {
    const network = site();
    const server = await serve(network, PLAIN);
    const host = network.plug("c", "a");
    network.plugDevice(host, "eth1", "b");
    const first = new RealClient(tool, host);
    const second = new RealClient(tool, host, "eth1");
    first.start();
    second.start();
    expect(await first.bound()).toMatch(/^10\.77\.0\./);
    expect(await second.bound()).toMatch(/^10\.78\.0\./);
    await isActive(server, first.address() ?? "");
    await isActive(server, second.address() ?? "");
  });
});

test.each(["dhclient", "dhcpcd"] as const)("%s moved to another network is refused its old address and gets another", async (tool) => {
  const network = site();
  const server = await serve(network, PLAIN);
  const host = network.plug("c", "b");
  const port = network.plugDevice(host, "wan0", "a");
  const client = new RealClient(tool, host, "wan0");
  client.start();
  expect(await client.bound()).toMatch(/^10\.77\.0\./);
  await client.kill();
  host.ip("address flush dev wan0");
  network.move(port, "b");
  client.start();
  expect(await client.bound()).toMatch(/^10\.78\.0\./);
  await server.process.waitForLog(/DHCPNAK on 10\.77\.0\.1\d\d to \S+ via s1/);
});

test.each(["udhcpc", "dhcpcd"] as const)("%s declines an address that somebody uses, and gets the next", async (tool) => {
  const network = site();
  const server = await serve(network, PLAIN);
  network.plug("squatter", "a", ["10.77.0.100/24"]);
  const client = new RealClient(tool, network.plug("c", "a"));
  client.start(tool === "udhcpc" ? ["-a500"] : []);
  const address = await client.bound();
  expect(address).not.toBe("10.77.0.100");
  await isActive(server, address);
  expect(server.log()).toMatch(/DHCPDECLINE of 10\.77\.0\.100 from \S+ .*via s0/);
  expect(server.bindingState("10.77.0.100")).toBe("abandoned");
});

test("ping-check: an address that answers is abandoned before anybody is offered it", async () => {
  const network = site();
  const server = await serve(network, PLAIN.replace("ping-check off;", "ping-check on;"));
  network.plug("squatter", "a", ["10.77.0.100/24"]);
  const client = new RealClient("udhcpc", network.plug("c", "a"));
  client.start(["-T3"]);
  const address = await client.bound();
  expect(address).not.toBe("10.77.0.100");
  await eventually(
    () => server.bindingState("10.77.0.100") === "abandoned",
    5000,
    () => server.log(),
  );
  expect(server.log()).toMatch(/10\.77\.0\.100/);
});

test.each(TOOLS)("%s through dhcrelay, renewing by unicast", async (tool) => {
  const network = site();
  const relay = network.plug("relay", "a", ["10.77.0.9/24"]);
  const lab = labs.at(-1) as Lab;
  const far = lab.namespace("far");
  lab.cable({ namespace: relay, device: "far0", addresses: ["10.50.0.1/24"] }, { namespace: far, device: "eth0" });
  relay.exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
  network.server.ip("route add 10.50.0.0/24 via 10.77.0.9");
  const server = await serve(
    network,
    `authoritative; ping-check off; min-lease-time 4; default-lease-time 8; subnet 10.77.0.0 netmask 255.255.255.0 { } subnet 10.50.0.0 netmask 255.255.255.0 {
      range 10.50.0.100 10.50.0.110; option routers 10.50.0.1; option domain-name = concat("via-", option agent.circuit-id); }`,
    ["s0"],
  );
  relay.start("dhcrelay", ["dhcrelay", "-4", "-d", "-a", "--no-pid", "-id", "far0", "-iu", "eth0", "10.77.0.1"]);
  const client = new RealClient(tool, far);
  client.start(tool === "dhcpcd" ? ["option domain_name, routers"] : []);
  const address = await client.bound();
  expect(address).toMatch(/^10\.50\.0\./);
  const bound = await client.event(["BOUND", "bound"]);
  expect(bound.values["new_domain_name"] ?? bound.values["domain"]).toBe("via-far0");
  await isActive(server, address);
  await client.event(["RENEW", "renew", "REBIND"]);
  expect(client.address()).toBe(address);
});

test("reservations by hardware address and by client identifier", async () => {
  const network = site();
  const machine = network.plug("c1", "a");
  const [link] = JSON.parse(machine.ip("-j link show dev eth0")) as { address: string }[];
  const server = await serve(
    network,
    `${PLAIN}
    host machine { hardware ethernet ${link?.address}; fixed-address 10.77.0.21; option host-name "machine"; }
    host person { option dhcp-client-identifier "person"; fixed-address 10.77.0.22; }`,
  );
  const byHardware = new RealClient("udhcpc", machine);
  const byIdentifier = new RealClient("dhclient", network.plug("c2", "a"));
  byHardware.start();
  byIdentifier.start(['send dhcp-client-identifier "person";']);
  expect(await byHardware.bound()).toBe("10.77.0.21");
  expect((await byHardware.event(["bound"])).values["hostname"]).toBe("machine");
  expect(await byIdentifier.bound()).toBe("10.77.0.22");
  expect([...server.leases().keys()]).toEqual([]);
});

test("a shared network gives out its second subnet when the first is full", async () => {
  const network = site();
  const server = await serve(
    network,
    `authoritative; ping-check off; shared-network both {
      subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100; }
      subnet 10.79.0.0 netmask 255.255.255.0 { range 10.79.0.100; } } ${NET_B}`,
  );
  const clients = ["c1", "c2", "c3"].map((name) => new RealClient("udhcpc", network.plug(name, "a")));
  for (const client of clients.slice(0, 2)) {
    client.start();
    await client.bound();
  }
  expect(
    clients
      .slice(0, 2)
      .map((client) => client.address())
      .sort(),
  ).toEqual(["10.77.0.100", "10.79.0.100"]);
  clients[2]?.start(["-n", "-t3"]);
  expect(await clients[2]?.process.ended).toBe(1);
  expect(server.log()).toMatch(/no free leases/);
});

test("network boot: file and next server follow vendor class and architecture", async () => {
  const network = site();
  await serve(
    network,
    `${PLAIN}
    option arch code 93 = unsigned integer 16;
    class "pxe" { match if substring(option vendor-class-identifier, 0, 9) = "PXEClient";
      next-server 10.77.0.6;
      if option arch = 00:07 { filename "bootx64.efi"; } else { filename "pxelinux.0"; } }`,
  );
  const boot = async (name: string, settings: readonly string[]) => {
    const client = new RealClient("udhcpc", network.plug(name, "a"));
    client.start(settings);
    await client.bound();
    const { values } = await client.event(["bound"]);
    return [values["siaddr"], values["boot_file"]];
  };
  expect(await boot("bios", ["-V", "PXEClient:Arch:00000:UNDI:002001", "-x", "0x5d:0000"])).toEqual(["10.77.0.6", "pxelinux.0"]);
  expect(await boot("uefi", ["-V", "PXEClient:Arch:00007:UNDI:003000", "-x", "0x5d:0007"])).toEqual(["10.77.0.6", "bootx64.efi"]);
  expect((await boot("plain", []))[1]).toBeUndefined();
});

test("unknown clients are denied, known ones served", async () => {
  const network = site();
  const known = network.plug("known", "a");
  const [link] = JSON.parse(known.ip("-j link show dev eth0")) as { address: string }[];
  const server = await serve(network, `${PLAIN} deny unknown-clients; host friend { hardware ethernet ${link?.address}; }`);
  const stranger = new RealClient("udhcpc", network.plug("stranger", "a"));
  stranger.start(["-n", "-t3"]);
  const friend = new RealClient("udhcpc", known);
  friend.start();
  expect(await friend.bound()).toMatch(/^10\.77\.0\./);
  expect(await stranger.process.ended).toBe(1);
  expect([...server.leases().values()].filter((lease) => /binding state active/.test(lease))).toHaveLength(1);
});

test("pools restricted by class", async () => {
  const network = site();
  await serve(
    network,
    `authoritative; ping-check off; class "phones" { match if option user-class = "phone"; }
    subnet 10.77.0.0 netmask 255.255.255.0 {
      pool { allow members of "phones"; range 10.77.0.50 10.77.0.59; }
      pool { deny members of "phones"; range 10.77.0.100 10.77.0.109; } } ${NET_B}`,
  );
  const phone = new RealClient("dhclient", network.plug("phone", "a"));
  const other = new RealClient("dhclient", network.plug("other", "a"));
  phone.start(['send user-class "phone";']);
  other.start();
  expect(await phone.bound()).toMatch(/^10\.77\.0\.5\d$/);
  expect(await other.bound()).toMatch(/^10\.77\.0\.10\d$/);
});
