import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DhcpClient, firstAnswer } from "../support/dhcp-client.ts";
import { TANDEM_DHCPD } from "../support/dhcp-server.ts";
import { Lab, run } from "../support/netns.ts";

const lab = new Lab("unit");
afterAll(() => lab.close());

const ROOT = resolve(import.meta.dirname, "../..");
const docs = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
/** The unit as the docs have it. */
const UNIT = /```ini\n([\s\S]*?)```/.exec(docs)?.[1] ?? "";
const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(UNIT)?.[1] ?? "";
const NOBODY = 65_534;
const CONF = `authoritative; ping-check off; default-lease-time 600;
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.110; }`;

/**
 * What the unit bounds its program to, by the tools that systemd is not needed for: user, capabilities, a file system that is read only but for
 * the state. The program is seen at `tree`: the folder that it is in may be closed to that user.
 */
function bounded(state: string, tree: string, command: readonly string[]): string[] {
  const capabilities = setting("AmbientCapabilities")
    .split(" ")
    .map((name) => `+${name.replace("CAP_", "").toLowerCase()}`)
    .join(",");
  const mounts = [
    "--make-rprivate /",
    `--bind ${state} ${state}`,
    `--bind ${ROOT} ${tree}`,
    `-o remount,bind,ro ${tree}`,
    "-o remount,bind,ro /",
  ];
  const sealed = `${mounts.map((words) => `mount ${words}`).join(" && ")} || exit 1; cd /; exec "$@"`;
  const user = ["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups", "--no-new-privs"];
  const rights = ["--bounding-set", `-all,${capabilities}`, "--inh-caps", `-all,${capabilities}`, "--ambient-caps", `-all,${capabilities}`];
  return [
    "unshare",
    "--mount",
    "sh",
    "-c",
    sealed,
    "sh",
    "setpriv",
    ...user,
    ...rights,
    "sh",
    "-c",
    'umask 0027; exec "$@"',
    "sh",
    ...command,
  ];
}

test("the unit of the docs is one that systemd takes", () => {
  expect(UNIT).toContain("[Service]");
  const found = spawnSync("systemd-analyze", ["--version"]).status === 0;
  const file = join(lab.directory, "tandem.service");
  writeFileSync(file, UNIT.replaceAll("/opt/tandem/edge-agent/bin/tandem-dhcpd", TANDEM_DHCPD));
  // where there is no systemd, its words are compared with what they may be
  const said = found ? spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" }) : { status: 0, stderr: "" };
  expect([said.status, said.stderr]).toEqual([0, ""]);
  for (const line of UNIT.split("\n")) expect(line).toMatch(/^(?:\[(?:Unit|Service|Install)\]|[A-Z][A-Za-z]+=\S.*|)$/);
});

test("within the unit's user, rights and read-only file system the server serves, reloads and ends in good order", async () => {
  const server = lab.namespace("s");
  const client = lab.namespace("c");
  lab.cable({ namespace: server, device: "s0", addresses: ["10.77.0.1/24"] }, { namespace: client, device: "c0" });
  run(["chmod", "755", lab.directory]);
  const state = join(server.directory, "state");
  mkdirSync(state, { recursive: true, mode: 0o750 });
  run(["chmod", "755", server.directory]);
  chownSync(state, NOBODY, NOBODY);
  const tree = join(server.directory, "tree");
  mkdirSync(tree);
  const conf = join(server.directory, "dhcpd.conf");
  writeFileSync(conf, CONF);
  const here = (line: string): string[] =>
    line
      .replaceAll("/opt/tandem", tree)
      .replaceAll("/var/lib/tandem", state)
      .replaceAll("/etc/dhcp/dhcpd.conf", conf)
      .replaceAll("eth0", "s0")
      .split(" ");
  expect(dirname(here(setting("ExecStartPre"))[1] ?? "")).toBe(state);
  run(["ip", "netns", "exec", server.name, ...bounded(state, tree, here(setting("ExecStartPre")))]);
  // -d: the log that would go to syslog
  const process = server.start(
    "server",
    bounded(state, tree, [...here(setting("ExecStart")).slice(0, 1), "-d", ...here(setting("ExecStart")).slice(1)]),
  );
  await process.waitForLog(/^Server starting service\./m, 60_000);
  const dhcp = new DhcpClient(client, "c0");
  try {
    expect(await firstAnswer(dhcp)).toBe("OFFER by 10.77.0.1");
  } finally {
    dhcp.close();
  }
  const pid = Number(
    run(["ip", "netns", "pids", server.name])
      .trim()
      .split("\n")
      .find((each) => isAgent(each)),
  );
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
  for (const kind of ["CapEff", "CapBnd", "CapAmb"]) expect(status).toMatch(new RegExp(`^${kind}:\t0000000000002400$`, "m"));
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  // nothing but the state may be written
  const mounts = readFileSync(`/proc/${pid}/mountinfo`, "utf8")
    .split("\n")
    .map((line) => line.split(" "));
  expect(mounts.findLast(([, , , , place]) => place === "/")?.[5]).toMatch(/^ro/);
  expect(mounts.find(([, , , , place]) => place === state)?.[5]).toMatch(/^rw/);
  writeFileSync(conf, `${CONF}\n# again\n`);
  globalThis.process.kill(pid, "SIGHUP");
  await process.waitForLog(/The configuration of .* is in use\./, 30_000);
  await process.stop();
}, 120_000);

/** The server itself, not the shells that it was begun by. */
const isAgent = (pid: string): boolean =>
  /main\.ts|tandem-dhcpd/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8")) &&
  /node|dhcpd/.test(readFileSync(`/proc/${pid}/comm`, "utf8"));
