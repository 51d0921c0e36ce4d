import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { DhcpServer, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { eventually, Lab, type Namespace, type Running } from "../support/netns.ts";
import { Site } from "../support/real-clients.ts";

const CONF = `authoritative; ping-check off; default-lease-time 12; min-lease-time 4;
option classless code 121 = array of unsigned integer 8; option captive-portal code 114 = text;
subnet 10.77.0.0 netmask 255.255.255.0 {
  range 10.77.0.100 10.77.0.110; option routers 10.77.0.1; option domain-name-servers 10.77.0.1; option ntp-servers 10.77.0.1;
  option classless 24,10,90,1, 10,77,0,1; option captive-portal "https://portal.example/";
}
`;
const NETWORK = `[Match]
Name=eth0
[Network]
DHCP=ipv4
LinkLocalAddressing=no
[DHCPv4]
RequestOptions=114
`;

const labs: Lab[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

/** systemd's own client on eth0 of a namespace, with a /run of its own and no udev to wait for. */
function startNetworkd(host: Namespace): Running {
  const file = join(host.directory, "10.network");
  writeFileSync(file, NETWORK, { mode: 0o644 });
  const script = `mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp &&
cp ${file} /run/systemd/network/ && chmod -R a+rwX /run/systemd && mount -o remount,ro /sys && exec /lib/systemd/systemd-networkd`;
  return host.start("networkd", ["unshare", "--mount", "sh", "-c", script], { SYSTEMD_LOG_LEVEL: "debug" });
}

test("systemd-networkd gets an address and its routes, renews, and gives it back when it ends", async () => {
  const lab = new Lab("networkd");
  labs.push(lab);
  const site = new Site(lab);
  const server = new DhcpServer({ namespace: site.server, program: TANDEM_DHCPD, conf: CONF, interfaces: ["s0"] });
  await server.start();
  const host = site.plug("c", "a");
  const client = startNetworkd(host);
  const said = () => `${client.log().slice(-3000)}\n${server.log().slice(-2000)}`;
  const address = await eventually(() => host.addresses("eth0")[0]?.split("/")[0], 60_000, said);
  expect(address).toMatch(/^10\.77\.0\.1\d\d$/);
  await eventually(() => host.ip("route show").includes("10.90.1.0/24 via 10.77.0.1"), 10_000, said);
  await eventually(() => server.leases().get(address)?.includes("\n  uid "), 10_000, said);
  const acks = () => server.log().split(`DHCPACK on ${address} to `).length - 1;
  await eventually(() => acks() >= 3, 60_000, said);
  expect(host.addresses("eth0")[0]).toContain(address);
  expect(server.log()).not.toContain("DHCPNAK");
  await client.stop("SIGTERM");
  await server.process.waitForLog(new RegExp(`DHCPRELEASE of ${address} from .* \\(found\\)`), 30_000);
  await eventually(() => server.bindingState(address) !== "active", 10_000, said);
});
