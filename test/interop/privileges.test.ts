import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { eventually, Lab, run } from "../support/netns.ts";

const CONF = `authoritative; ping-check off;
omapi-port 911;
key k { algorithm hmac-md5; secret pRP5FapFoJ95JEL06sv4PQ==; }
omapi-key k;
failover peer "pair" { primary; address 10.77.0.1; port 647; peer address 10.77.0.2; peer port 647; mclt 600; split 128; }
subnet 10.77.0.0 netmask 255.255.255.0 { pool { failover peer "pair"; range 10.77.0.100 10.77.0.200; } }`;

const lab = new Lab("privileges");
afterAll(() => lab.close());

test("-user: no root any more, and failover and OMAPI listen on their low ports all the same", async () => {
  const server = lab.namespace("s");
  const client = lab.namespace("c");
  lab.cable({ namespace: server, device: "s0", addresses: ["10.77.0.1/24"] }, { namespace: client, device: "c0" });
  run(["chmod", "755", lab.directory]);
  mkdirSync(server.directory, { recursive: true });
  const directory = join(server.directory, "state");
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const conf = join(directory, "dhcpd.conf");
  const leases = join(directory, "dhcpd.leases");
  writeFileSync(conf, CONF);
  closeSync(openSync(leases, "a"));
  const files = ["-cf", conf, "-lf", leases, "-pf", join(directory, "pid")];
  const process = server.start("server", [TANDEM_DHCPD, "-4", "-f", "-d", "-user", "nobody", ...files, "s0"]);
  await process.waitForLog(/^Server starting service\./m, 30_000);
  const listening = (): string => run(["ip", "netns", "exec", server.name, "ss", "-Hltn"]);
  await eventually(() => listening().includes("10.77.0.1:647"), 10_000);
  expect(listening()).toContain(":911");
  const status = readFileSync(`/proc/${readFileSync(join(directory, "pid"), "utf8").trim()}/status`, "utf8");
  expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
  expect(status).toMatch(/^CapEff:\t0000000000002400$/m);
  await process.stop();
}, 60_000);
