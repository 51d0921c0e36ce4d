import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine } from "./support/command-line.ts";

const HELP = `npm test       lint, types, unit tests, tests against real peers (as root); ends with one line, "N passed, N failed"

  npm run unit -- PATH    unit tests in this file or directory
  npm run interop -- PATH tests against real peers
`;
commandLine({ name: "npm test", help: HELP, options: {} });

/** Debian packages the real-peer tests use, and a program of each by which it is recognised. */
const PACKAGES: readonly (readonly [name: string, program: string])[] = [
  ["isc-dhcp-server", "/usr/sbin/dhcpd"],
  ["isc-dhcp-client", "/usr/sbin/dhclient"],
  ["isc-dhcp-relay", "/usr/sbin/dhcrelay"],
  ["udhcpc", "/usr/sbin/udhcpc"],
  ["dhcpcd-base", "/usr/sbin/dhcpcd"],
  ["kea-dhcp4-server", "/usr/sbin/kea-dhcp4"],
  ["kea-admin", "/usr/sbin/perfdhcp"],
  ["systemd", "/lib/systemd/systemd-networkd"],
  ["tshark", "/usr/bin/tshark"],
  ["iproute2", "/usr/sbin/ip"],
  ["ethtool", "/usr/sbin/ethtool"],
  ["nftables", "/usr/sbin/nft"],
  ["bind9", "/usr/sbin/named"],
  ["bind9-dnsutils", "/usr/bin/nsupdate"],
  ["iputils-ping", "/usr/bin/ping"],
  ["tcpdump", "/usr/bin/tcpdump"],
  ["strace", "/usr/bin/strace"],
  ["faketime", "/usr/bin/faketime"],
  ["default-jre-headless", "/usr/bin/java"],
  ["dhcpd-pools", "/usr/bin/dhcpd-pools"],
  ["dhcping", "/usr/sbin/dhcping"],
  ["nmap", "/usr/bin/nmap"],
  ["dhcpstarv", "/usr/bin/dhcpstarv"],
  ["python3-isc-dhcp-leases", "/usr/lib/python3/dist-packages/isc_dhcp_leases/__init__.py"],
  ["python3-pypureomapi", "/usr/lib/python3/dist-packages/pypureomapi.py"],
  ["libtext-dhcpleases-perl", "/usr/share/perl5/Text/DHCPLeases.pm"],
];

interface Count {
  passed: number;
  failed: number;
}
const total: Count = { passed: 0, failed: 0 };
const say = (line: string): void => console.log(line);
const missing = (): (readonly [string, string])[] =>
  PACKAGES.filter(
    ([, program]) => !existsSync(program) && !existsSync(program.replace("/usr", "")) && !existsSync(program.replace("sbin", "bin")),
  );

/** Runs a program to its end with plain output; resolves with its exit status. */
function execute(label: string, argv: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<number> {
  say(`== ${label}`);
  const [program, ...rest] = argv;
  return new Promise((resolve) => {
    const child = spawn(program as string, rest, {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...environment },
    });
    child.on("error", () => resolve(127));
    child.on("exit", (status) => resolve(status ?? 1));
  });
}

/** A check that is not made of tests counts as one. */
async function check(label: string, argv: readonly string[]): Promise<void> {
  if ((await execute(label, argv)) === 0) total.passed += 1;
  else total.failed += 1;
}

/** How many simulated worlds a whole run draws that no other state of the sources has seen. */
const FRESH_SEEDS = "1000";

/** Runs vitest and adds what its own record says; a run that leaves no record, or no tests, is a failure. */
async function tests(label: string, config: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tandem-tests-"));
  const file = join(directory, "result.json");
  const argv = ["vitest", "run", ...config, "--reporter=dot", "--reporter=json", `--outputFile.json=${file}`];
  const status = await execute(label, argv, { TANDEM_FRESH_SEEDS: process.env["TANDEM_FRESH_SEEDS"] ?? FRESH_SEEDS });
  const counted = existsSync(file) ? countOf(JSON.parse(readFileSync(file, "utf8"))) : { passed: 0, failed: 0 };
  rmSync(directory, { recursive: true, force: true });
  if (counted.failed === 0 && (status !== 0 || counted.passed === 0)) counted.failed = 1;
  say(`${label}: ${counted.passed} passed, ${counted.failed} failed.`);
  total.passed += counted.passed;
  total.failed += counted.failed;
}

/** Tests that a failed preparation skipped count as failed: no test here skips itself. */
function countOf(record: { numPassedTests: number; numFailedTests: number; numPendingTests: number }): Count {
  return { passed: record.numPassedTests, failed: record.numFailedTests + record.numPendingTests };
}

/** Installs what is missing; a service that an installation brings is kept from starting. */
function install(names: readonly string[]): void {
  const guard = "/usr/sbin/policy-rc.d";
  const guarded = !existsSync(guard);
  if (guarded) writeFileSync(guard, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    for (const words of [
      ["update", "-qq"],
      ["install", "-y", "-qq", "--no-install-recommends", ...names],
    ]) {
      const done = spawnSync("apt-get", words, { env: environment, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 600_000 });
      if (done.status !== 0) say(`apt-get ${words[0]} failed: ${(done.stderr ?? "").trim().split("\n").at(-1)}`);
    }
  } finally {
    if (guarded) rmSync(guard, { force: true });
  }
}

/** Whether the real-peer tests can run here: undefined if so, else why not. */
function obstacle(): string | undefined {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "this is not root";
  if (missing().length > 0) {
    say(
      `== installing ${missing()
        .map(([name]) => name)
        .join(" ")}`,
    );
    install(missing().map(([name]) => name));
  }
  if (missing().length > 0)
    return `not installed: ${missing()
      .map(([name]) => name)
      .join(" ")}`;
  const name = `tandem-${process.pid}-try`;
  const made = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  spawnSync("ip", ["netns", "del", name]);
  return made.status === 0 ? undefined : `no network namespaces: ${made.stderr.trim()}`;
}

const why = obstacle();
await check("biome", ["biome", "check", "."]);
await check("types", ["tsc", "-p", "."]);
await tests("unit tests", []);
if (why === undefined) await tests("real-peer tests", ["--config", "test/interop/vitest.config.ts"]);
else {
  say(`The real-peer tests are left out: ${why}.`);
  if (process.env["CI"] === "true") total.failed += 1;
}
say(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
