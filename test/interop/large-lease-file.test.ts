import { writeFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { DhcpServer, TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { Lab } from "../support/netns.ts";

const LEASES = 150_000;
const lab = new Lab("large");
afterAll(() => lab.close());

test("dhcpd's file of 150,000 leases is taken over, and the next start goes by the store", async () => {
  const namespace = lab.namespace("s");
  const people = lab.namespace("c");
  lab.cable({ namespace, device: "s0", addresses: ["10.77.0.1/24"] }, { namespace: people, device: "c0" });
  const server = new DhcpServer({
    namespace,
    program: TANDEM_DHCPD,
    conf: "shared-network all { subnet 10.77.0.0 netmask 255.255.255.0 { } subnet 10.80.0.0 netmask 255.252.0.0 { range 10.80.0.1 10.83.255.254; } }",
    interfaces: ["s0"],
  });
  const lease = (at: number): string =>
    `lease 10.${80 + (at >> 16)}.${(at >> 8) & 255}.${at & 255} {\n  starts 0 2026/11/22 17:00:00;\n  ends 2 2199/01/01 00:00:00;\n  binding state active;\n  hardware ethernet 02:00:00:${[at >> 16, (at >> 8) & 255, at & 255].map((byte) => byte.toString(16).padStart(2, "0")).join(":")};\n}\n`;
  writeFileSync(server.leaseFile, Array.from({ length: LEASES }, (_, at) => lease(at + 1)).join(""));
  await server.start();
  expect(server.log()).toContain(`Took over ${LEASES} leases from`);
  expect(server.leases().size).toBe(LEASES);
  await server.stop();
  await server.start();
  expect(server.log()).toContain(`Wrote ${LEASES} leases to leases file.`);
  expect(server.log()).not.toContain("Took over");
  expect(server.leases().size).toBe(LEASES);
}, 180_000);
