import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { CommandRunner } from "../../../edge-agent/rim/execute.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-execute-"));

test("arguments arrive as they are: no shell reads them", async () => {
  const failed: string[] = [];
  const runner = new CommandRunner((line) => failed.push(line));
  const file = join(folder, "out");
  runner.run("/bin/sh", ["-c", 'printf "%s" "$1" > "$0"', file, "$(id) ; `id` | x"]);
  await vi.waitFor(() => expect(readFileSync(file, "latin1")).toBe("$(id) ; `id` | x"));
});

test("bytes of a client that are UTF-8 arrive as they were", async () => {
  const runner = new CommandRunner(() => {});
  const file = join(folder, "utf8");
  runner.run("/bin/sh", ["-c", 'printf "%s" "$1" > "$0"', file, Buffer.from("Büro-é").toString("latin1")]);
  await vi.waitFor(() => expect(readFileSync(file, "utf8")).toBe("Büro-é"));
});

test("what cannot even be attempted is told and ends nothing", async () => {
  const failed: string[] = [];
  const runner = new CommandRunner((line) => failed.push(line));
  runner.run("/bin/true", ["x".repeat(3_000_000)]);
  runner.run("/bin/true", ["a\0b"]);
  await vi.waitFor(() => expect(failed).toHaveLength(4));
  expect(failed.filter((line) => line === "execute: /bin/true exit status 32512")).toHaveLength(2);
  expect(failed).toContain("Unable to execute /bin/true: Argument list too long");
});

test("a command that fails, is killed or does not exist is told, with its name", async () => {
  const failed: string[] = [];
  const runner = new CommandRunner((line) => failed.push(line));
  runner.run("/bin/sh", ["-c", "exit 3"]);
  runner.run("/bin/sh", ["-c", "kill -9 $$"]);
  runner.run("/nonexistent/command", []);
  await vi.waitFor(() => expect(failed).toHaveLength(4));
  expect(failed.sort()).toEqual([
    "Unable to execute /nonexistent/command: No such file or directory",
    "execute: /bin/sh exit status 768",
    "execute: /bin/sh exit status 9",
    "execute: /nonexistent/command exit status 32512",
  ]);
});

test("sixteen run at once, the next is refused, and room comes back", async () => {
  const failed: string[] = [];
  const runner = new CommandRunner((line) => failed.push(line));
  for (let count = 0; count < 17; count += 1) runner.run("/bin/sleep", ["0.2"]);
  expect(failed).toEqual(["execute: /bin/sleep not run: 16 commands are running already"]);
  await vi.waitFor(
    () => {
      failed.length = 0;
      runner.run("/bin/true", []);
      expect(failed).toEqual([]);
    },
    { timeout: 5000 },
  );
});
