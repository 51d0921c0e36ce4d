import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ECHO_CASES } from "../support/echo-cases.ts";
import { saidCases } from "../support/said-cases.ts";
import { verdictCases } from "../support/verdict-cases.ts";

/** Before these dhcpd tells its name and copyright. */
const BANNER_LINES = 4;

/** What the installed dhcpd says about a file: "accept", "reject LINE", "reject", or "crash". */
function dhcpdVerdict(folder: string, text: string): string {
  const file = join(folder, "dhcpd.conf");
  const leases = join(folder, "leases");
  writeFileSync(file, text);
  writeFileSync(leases, "");
  const { status, stderr } = spawnSync("/usr/sbin/dhcpd", ["-t", "-4", "-cf", file, "-lf", leases], { encoding: "latin1" });
  if (status === 0) return "accept";
  const line = stderr.split("\n").find((one) => one.startsWith(`${file} line `));
  const verdict = status === null ? "crash" : "reject";
  return line === undefined ? verdict : `${verdict} ${/ line (\d+):/.exec(line)?.[1]}`;
}

test("the verdicts on record are those of the real dhcpd", () => {
  const folder = mkdtempSync(join(tmpdir(), "verdicts-"));
  try {
    const wrong = verdictCases()
      .map((one) => ({ ...one, found: dhcpdVerdict(folder, one.text) }))
      .filter(({ dhcpd, found }) => dhcpd !== found)
      .map(({ file, line, dhcpd, found }) => `${file}:${line}: ${found} instead of ${dhcpd}`);
    expect(wrong).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);

test("the lines beneath an error on record are those of the real dhcpd", () => {
  const folder = mkdtempSync(join(tmpdir(), "echoes-"));
  const [file, leases] = [join(folder, "dhcpd.conf"), join(folder, "leases")];
  try {
    writeFileSync(leases, "");
    for (const { text, said } of ECHO_CASES) {
      writeFileSync(file, text);
      const lines = spawnSync("/usr/sbin/dhcpd", ["-t", "-4", "-cf", file, "-lf", leases], { encoding: "latin1" }).stderr.split("\n");
      const first = lines.findIndex((line) => line.startsWith(`${file} line `));
      expect(lines.slice(first, first + 3).map((line) => line.replace(file, "dhcpd.conf"))).toEqual(said);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test("all that is said of the configurations on record is what the real dhcpd says", () => {
  const folder = mkdtempSync(join(tmpdir(), "said-"));
  const [file, leases] = [join(folder, "dhcpd.conf"), join(folder, "leases")];
  try {
    writeFileSync(leases, "");
    for (const { text, said } of saidCases()) {
      writeFileSync(file, text);
      const { stderr } = spawnSync("/usr/sbin/dhcpd", ["-t", "-4", "-cf", file, "-lf", leases], { encoding: "latin1" });
      const lines = stderr.split("\n").slice(BANNER_LINES);
      const end = lines.findIndex((line) => line === `Config file: ${file}` || line.startsWith("Configuration file errors"));
      expect(lines.slice(0, end).map((line) => line.replaceAll(file, "dhcpd.conf"))).toEqual(said);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test("every difference from dhcpd has a reason", () => {
  const unexplained = verdictCases().filter(({ dhcpd, ours, reason }) => dhcpd.replace(/ 0$/, " 1") !== ours && reason === undefined);
  expect(unexplained).toEqual([]);
});
