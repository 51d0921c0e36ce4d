import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ISC_DHCPD, TANDEM_DHCPD } from "../support/dhcp-server.ts";

/*
 * Which of several files counts: dhcpd.conf(5) says that the command line and the environment take precedence over what the
 * configuration names, and dhcpd does the opposite.
 */
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-places-"));
  for (const name of ["named.leases", "asked.leases", "environment.leases"]) writeFileSync(join(folder, name), "");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The lines by which a program says where its files are. */
function places(program: string, conf: string, words: readonly string[], environment: Readonly<Record<string, string>>): string[] {
  const file = join(folder, "dhcpd.conf");
  writeFileSync(file, conf.replaceAll("DIR", folder));
  const inFolder = (text: string): string => text.replaceAll("DIR", folder);
  const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, inFolder(value)]));
  const done = spawnSync(program, ["-4", "-t", "-cf", file, ...words.map(inFolder)], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return done.stderr.split("\n").filter((line) => /^(Config|Database|PID) file: /.test(line));
}

const NAMED = 'lease-file-name "DIR/named.leases"; pid-file-name "DIR/named.pid";';
const ASKED = ["-lf", "DIR/asked.leases", "-pf", "DIR/asked.pid"];
const ENVIRONMENT = { PATH_DHCPD_DB: "DIR/environment.leases", PATH_DHCPD_PID: "DIR/environment.pid" };

test.each([
  ["all three", NAMED, ASKED, ENVIRONMENT, "named"],
  ["configuration and command line", NAMED, ASKED, {}, "named"],
  ["configuration and environment", NAMED, [], ENVIRONMENT, "named"],
  ["configuration", NAMED, [], {}, "named"],
  ["command line and environment", "", ASKED, ENVIRONMENT, "asked"],
  ["environment", "", [], ENVIRONMENT, "environment"],
  ["named in an inner scope, and asked for", `group { ${NAMED} }`, ASKED, {}, "asked"],
  ["named twice", `lease-file-name "DIR/asked.leases"; pid-file-name "DIR/asked.pid"; ${NAMED}`, [], {}, "named"],
])("lease file and pid file, by %s, are dhcpd's", (_, conf, words, environment, which) => {
  const reference = places(ISC_DHCPD, conf, words, environment);
  expect(reference.slice(1)).toEqual([`Database file: ${folder}/${which}.leases`, `PID file: ${folder}/${which}.pid`]);
  expect(places(TANDEM_DHCPD, conf, words, environment)).toEqual(reference);
});

test("a failover peer without a pool is told as dhcpd tells it", () => {
  const peer = (name: string): string =>
    `failover peer "${name}" { primary; address 10.0.0.1; port 519; peer address 10.0.0.2; peer port 520; mclt 30; split 128; }\n`;
  const told = (program: string): { readonly status: number | null; readonly lines: readonly string[] } => {
    const file = join(folder, "peers.conf");
    writeFileSync(file, peer("a") + peer("b"));
    const { status, stderr } = spawnSync(program, ["-4", "-t", "-cf", file, "-lf", join(folder, "asked.leases")], { encoding: "utf8" });
    return {
      status,
      lines: stderr
        .split("\n")
        .filter((line) => /^(ERROR:|Failover|Configuration)/.test(line))
        .sort(),
    };
  };
  const reference = told(ISC_DHCPD);
  expect(reference.lines.length).toBe(3);
  expect(told(TANDEM_DHCPD)).toEqual(reference);
});
