import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { CommandRunner } from "../../../edge-agent/rim/execute.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-execute-"));

test("arguments arrive as they are: no shell reads them", async () => {
  const failed: string[] = [];
  const runner = new CommandRunner((command, reason) => failed.push(`${command}: ${reason}`));
  const file = join(folder, "out");
  runner.run("/bin/sh", ["-c", 'printf "%s" "$1" > "$0"', file, "$(id) ; `id` | x"]);
  await vi.waitFor(() => expect(readFileSync(file, "latin1")).toBe("$(id) ; `id` | x"));
});

test("a command that fails, is killed or does not exist is told, with its name", async () => {
  const failed: string[] = [];
  const runner = new CommandRunner((command, reason) => failed.push(`${command}: ${reason}`));
  runner.run("/bin/sh", ["-c", "exit 3"]);
  runner.run("/bin/sh", ["-c", "kill -9 $$"]);
  runner.run("/nonexistent/command", []);
  await vi.waitFor(() => expect(failed).toHaveLength(3));
  expect(failed.sort()).toEqual([
    "/bin/sh: exit status 3",
    "/bin/sh: killed by SIGKILL",
    "/nonexistent/command: spawn /nonexistent/command ENOENT",
  ]);
});

test("sixteen run at once, the next is refused, and room comes back", async () => {
  const failed: string[] = [];
  const runner = new CommandRunner((_command, reason) => failed.push(reason));
  for (let count = 0; count < 17; count += 1) runner.run("/bin/sleep", ["0.2"]);
  expect(failed).toEqual(["16 commands are running already"]);
  await vi.waitFor(
    () => {
      failed.length = 0;
      runner.run("/bin/true", []);
      expect(failed).toEqual([]);
    },
    { timeout: 5000 },
  );
});
