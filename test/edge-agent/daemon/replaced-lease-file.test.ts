import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const LAUNCHER = fileURLToPath(new URL("../../../edge-agent/bin/tandem-dhcpd", import.meta.url));
const PORT = "21081";
const CONFIG = `
subnet 127.0.0.0 netmask 255.255.255.0 { }
subnet 127.0.9.0 netmask 255.255.255.0 { pool { POOL range 127.0.9.20 127.0.9.29; } }
`;
const PARTNER = `failover peer "p" { primary; address 127.0.0.1; port 21083; peer address 127.0.0.2; peer port 21083; max-response-delay 60; max-unacked-updates 10; mclt 60; split 128; }`;
const lease = (last: number): string =>
  `lease 127.0.9.${last} {\n  starts 0 2026/11/22 17:00:00;\n  ends 2 2199/01/01 00:00:00;\n  binding state active;\n  hardware ethernet 02:00:5e:00:00:0${last % 10};\n}\n`;

let folder = "";
const path = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-lease-file-"));
  writeFileSync(path("conf"), CONFIG.replace("POOL", ""));
  writeFileSync(path("leases"), lease(21) + lease(22));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the server until it serves, ends it by `signal`, and gives what it said and the addresses that its file then has. */
async function run(signal: "SIGTERM" | "SIGKILL", ...more: string[]): Promise<{ said: string; addresses: readonly string[] }> {
  const words = ["-4", "-f", "-d", "-p", PORT, "-cf", path("conf"), "-lf", path("leases"), "-pf", path("pid"), ...more, "lo"];
  const child = spawn(LAUNCHER, words, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.on("exit", () => reject(new Error(`it ended, having said: ${said}`)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("Server starting service.")) resolve();
    });
  });
  await new Promise((resolve) => {
    child.removeAllListeners("exit").on("exit", resolve);
    child.kill(signal);
  });
  const addresses = [...readFileSync(path("leases"), "latin1").matchAll(/^lease (\S+) \{[^}]*binding state active/gm)].map(
    ([, address]) => address!,
  );
  return { said, addresses };
}

test("whoever empties the file of a stopped server gets one without leases, and finds the old ones in the store's old file", async () => {
  expect((await run("SIGTERM")).addresses).toEqual(["127.0.9.21", "127.0.9.22"]);
  writeFileSync(path("leases"), "");
  const { said, addresses } = await run("SIGTERM");
  expect(said).toMatch(
    /leases was emptied while the server was down: it starts without leases\. What was known before is in .*leases\.mdb\.replaced\./,
  );
  expect(said).toContain("Wrote 0 leases to leases file.");
  expect(addresses).toEqual([]);
  expect(existsSync(path("leases.tandem/leases.mdb.replaced"))).toBe(true);
});

test("removed and made anew, as scripts do between runs", async () => {
  await run("SIGTERM");
  rmSync(path("leases"));
  writeFileSync(path("leases"), "");
  expect((await run("SIGTERM")).said).toContain("Wrote 0 leases to leases file.");
  expect((await run("SIGTERM")).said).not.toContain("while the server was down");
});

test("an edited file counts where there is no partner", async () => {
  await run("SIGTERM");
  writeFileSync(path("leases"), lease(22) + lease(23));
  const { said, addresses } = await run("SIGTERM");
  expect(said).toContain("was changed while the server was down, and counts.");
  expect(said).toContain("Took over 2 leases");
  expect(addresses).toEqual(["127.0.9.22", "127.0.9.23"]);
});

test("a file that is as it was left, or that does not parse, changes nothing", async () => {
  await run("SIGTERM");
  expect((await run("SIGTERM")).said).not.toContain("while the server was down");
  writeFileSync(path("leases"), `${lease(22)}lease 127.0.9.24 {\n  nonsense`);
  const { said, addresses } = await run("SIGTERM");
  expect(said).toMatch(/leases was changed while the server was down, and is not sound \(line \d+: .*\): leases stay as they were\./);
  expect(addresses).toEqual(["127.0.9.21", "127.0.9.22"]);
});

test("after a crash an empty file is taken for what the crash left of it", async () => {
  await run("SIGTERM");
  await run("SIGKILL");
  writeFileSync(path("leases"), "");
  const { said, addresses } = await run("SIGTERM");
  expect(said).toMatch(/leases is empty, and the server did not end in good order: leases are as they were\. .* remove .*leases\.mdb\./);
  expect(addresses).toEqual(["127.0.9.21", "127.0.9.22"]);
});

test("a server with a partner is not changed by an edit, but by an empty file; a store named by --state by neither", async () => {
  writeFileSync(path("conf"), PARTNER + CONFIG.replace("POOL", 'failover peer "p";'));
  await run("SIGTERM");
  writeFileSync(path("leases"), lease(22));
  const edited = await run("SIGTERM");
  expect(edited.said).toContain("of a server with a partner or a ledger only failover states are taken from it");
  expect(edited.addresses).toEqual(["127.0.9.21", "127.0.9.22"]);
  writeFileSync(path("leases"), "");
  expect((await run("SIGTERM")).addresses).toEqual([]);

  writeFileSync(path("leases"), lease(21) + lease(22));
  await run("SIGTERM", "--state", path("apart"));
  writeFileSync(path("leases"), "");
  expect((await run("SIGTERM", "--state", path("apart"))).addresses).toEqual(["127.0.9.21", "127.0.9.22"]);
});
