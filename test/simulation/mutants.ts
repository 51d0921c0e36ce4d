import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { GUARDS } from "./guards.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    from: { type: "string", default: "1" },
    count: { type: "string", default: "400" },
    seconds: { type: "string", default: "120" },
  },
});

/** Runs seeds without one guard until one fails; gives the complaint, or undefined if none does. */
function caught(name: string): string | undefined {
  const here = import.meta.dirname;
  const seeds = ["--from", values.from, "--count", values.count, "--stop-at", "1"];
  const run = spawnSync(process.execPath, ["--import", join(here, "hook.ts"), join(here, "main.ts"), ...seeds], {
    env: { ...process.env, WITHOUT_GUARD: name },
    encoding: "utf8",
    timeout: Number(values.seconds) * 1000,
  });
  const complaint = run.stdout.split("\n").find((line) => line.startsWith("seed "));
  if (complaint !== undefined) return complaint;
  if (run.status !== 0 && run.status !== null) throw new Error(run.stderr);
  return undefined;
}

let missed = 0;
for (const { name } of GUARDS) {
  if (values.only !== undefined && !name.includes(values.only)) continue;
  const complaint = caught(name);
  if (complaint === undefined) missed += 1;
  process.stdout.write(`${complaint === undefined ? "MISSED" : "caught"}  ${name.padEnd(64)} ${(complaint ?? "").slice(0, 130)}\n`);
}
process.stdout.write(`${missed} guards are missed by no seed\n`);
process.exitCode = missed === 0 ? 0 : 1;
