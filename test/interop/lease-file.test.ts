import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lease, neverUsed } from "../../edge-agent/leases/lease.ts";
import {
  DEFAULT_STYLE,
  formatEndpoint,
  formatHeader,
  formatLease,
  type LeaseFileStyle,
} from "../../edge-agent/leases/lease-file/format.ts";
import { parseLeaseFile } from "../../edge-agent/leases/lease-file/parse.ts";
import type { LeaseFile, RecordedEndpoint } from "../../edge-agent/leases/lease-file/types.ts";
import { hexPairs } from "../../edge-agent/values/hardware-address.ts";
import type { Ipv4Address } from "../../edge-agent/values/ipv4.ts";
import { type EpochSeconds, NEVER, NO_TIME } from "../../edge-agent/values/time.ts";

/*
 * A real dhcpd starts from the lease file we write, and writes the same leases again: it rewrites its file at start.
 */
const NAMESPACE = `tandem-lf-${process.pid}`;
const FIRST = 0x0a630010;
const NOW = Math.floor(Date.now() / 1000);
const soon = (NOW + 3000) as EpochSeconds;
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-lf-"));
  execFileSync("ip", ["netns", "add", NAMESPACE]);
  const inside = (...words: string[]): unknown => execFileSync("ip", ["-n", NAMESPACE, ...words]);
  inside("link", "set", "lo", "up");
  inside("link", "add", "v0", "type", "veth", "peer", "name", "v1");
  inside("link", "set", "v0", "up");
  inside("link", "set", "v1", "up");
  inside("addr", "add", "10.99.0.1/24", "dev", "v0");
});
afterAll(() => {
  execFileSync("ip", ["netns", "del", NAMESPACE]);
  rmSync(folder, { recursive: true });
});

const client = (index: number, changes: Partial<Lease>): Lease => ({
  ...neverUsed((FIRST + index) as Ipv4Address),
  status: "ACTIVE",
  starts: (NOW - 100) as EpochSeconds,
  ends: soon,
  cltt: (NOW - 100) as EpochSeconds,
  hardware: { htype: 1, bytes: Uint8Array.of(2, 0, 0, 0, 1, index) },
  ...changes,
});
const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

const LEASES: readonly Lease[] = [
  client(0, { clientId: latin1('\x01\x02"quoted" \\back\xff\n'), hostname: "plain-name" }),
  client(1, { agentOptions: latin1('\x01\x04\x00\x01ab\x02\x05rem"x\x05\x04\x0a\x63\x00\x01\x09\x04abcd') }),
  client(2, {
    variables: new Map([
      ["ddns-fwd-name", latin1("a.example.org")],
      ["vendor-class-identifier", latin1("\x00\x80\\")],
    ]),
  }),
  client(3, { bootp: true, ends: NEVER }),
  client(4, { reserved: true }),
  client(5, { billingClass: "limited/010200000001" }),
  client(6, { billingClass: "plain" }),
  client(7, { status: "FREE", ends: (NOW - 50) as EpochSeconds }),
  client(8, { status: "ABANDONED", hardware: undefined }),
  client(9, { hardware: { htype: 6, bytes: Uint8Array.of(1, 2, 3) }, hostname: "unprintable\xe4" }),
];
const CONFIG = `
authoritative; ddns-update-style none; ping-check false;
class "limited" { match hardware; lease limit 4; }
subclass "limited" 01:02:00:00:00:01;
class "plain" { match if exists user-class; lease limit 3; }
subnet 10.99.0.0 netmask 255.255.255.0 { POOL }
`;

function comparable(lease: Lease): unknown {
  const { failover, variables, agentOptions, clientId, hardware, hostname, ...rest } = lease;
  return {
    ...rest,
    variables: [...variables].map(([name, value]) => `${name}=${hexPairs(value)}`).sort(),
    agentOptions: agentOptions && hexPairs(agentOptions),
    clientId: clientId && hexPairs(clientId),
    hardware: hardware && `${hardware.htype} ${hexPairs(hardware.bytes)}`,
    hostname: hostname?.includes("\xe4") ? undefined : hostname,
    failover: failover && [failover.tstp, failover.tsfp, failover.atsfp, failover.rewindStatus],
  };
}

/** Starts dhcpd on `text`; what its file says once it has started, and its log. */
async function throughDhcpd(config: string, text: string): Promise<{ readonly file: LeaseFile; readonly log: string }> {
  const [conf, leases] = [join(folder, "dhcpd.conf"), join(folder, "dhcpd.leases")];
  writeFileSync(conf, config);
  writeFileSync(leases, text, "latin1");
  const args = [
    "netns",
    "exec",
    NAMESPACE,
    "/usr/sbin/dhcpd",
    "-4",
    "-f",
    "-d",
    "-cf",
    conf,
    "-lf",
    leases,
    "-pf",
    join(folder, "pid"),
    "v0",
  ];
  const dhcpd = spawn("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
  const log = await logUntil(dhcpd, /Server starting service|exiting/);
  dhcpd.kill();
  await new Promise((resolve) => dhcpd.once("close", resolve));
  return { file: parseLeaseFile(readFileSync(leases, "latin1")), log };
}

function logUntil(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let log = "";
    child.stderr?.on("data", (data) => {
      log += String(data);
      if (pattern.test(log)) resolve(log);
    });
    child.on("close", () => resolve(log));
  });
}

const styles: readonly LeaseFileStyle[] = [DEFAULT_STYLE, { ...DEFAULT_STYLE, ids: "hex" }, { ...DEFAULT_STYLE, dates: "local" }];

test.each(styles)("dhcpd starts from our file with the same leases (%o)", async (style) => {
  const text = formatHeader(undefined, style) + LEASES.map((lease) => formatLease(lease, NOW as EpochSeconds, style)).join("");
  const { file, log } = await throughDhcpd(CONFIG.replace("POOL", "range dynamic-bootp 10.99.0.16 10.99.0.60;"), text);
  expect(log).not.toMatch(/line \d+|corrupt|exiting/i);
  expect(log).toContain(`Wrote ${LEASES.length} leases to leases file.`);
  const inOrder = [...file.leases].sort((left, right) => left.address - right.address);
  expect(inOrder.map(comparable)).toEqual(LEASES.map(comparable));
});

test("dhcpd takes over failover state and times from our file", async () => {
  const endpoint: RecordedEndpoint = {
    name: "lab",
    myState: "communications-interrupted",
    myStos: (NOW - 900) as EpochSeconds,
    partnerState: "normal",
    partnerStos: (NOW - 1000) as EpochSeconds,
    mclt: undefined,
  };
  const failover = { tstp: soon, tsfp: (NOW - 10) as EpochSeconds, atsfp: NO_TIME, owed: true, rewindStatus: "FREE" as const };
  const leases = [
    client(0, { failover }),
    client(1, { status: "BACKUP", ends: NO_TIME, hardware: undefined, failover: { ...failover, tstp: NO_TIME } }),
  ];
  const text =
    formatHeader(undefined, DEFAULT_STYLE) +
    formatEndpoint(endpoint, DEFAULT_STYLE) +
    leases.map((lease) => formatLease(lease, NOW as EpochSeconds, DEFAULT_STYLE)).join("");
  const config = `failover peer "lab" { primary; address 10.99.0.1; port 6471; peer address 10.99.0.2; peer port 6471; mclt 60; split 128; max-response-delay 10; max-unacked-updates 10; }
${CONFIG.replace("POOL", 'pool { failover peer "lab"; range 10.99.0.16 10.99.0.60; }')}`;
  const { file, log } = await throughDhcpd(config, text);
  expect(log).not.toMatch(/line \d+|corrupt|exiting/i);
  expect(log).toContain("failover peer lab: I move from communications-interrupted to startup");
  expect(file.endpoints[0]).toMatchObject({ myState: "communications-interrupted", myStos: endpoint.myStos, partnerState: "normal" });
  expect(file.sealed.size).toBe(0);
  for (const lease of leases)
    expect(file.leases.filter(({ address }) => address === lease.address).map(comparable)).toEqual([comparable(lease)]);
});
