import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../support/netns.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let npm: ChildProcess | undefined;
let said = "";

/** `npm start` as somebody types it who has neither a terminal nor an AWS account. */
function start(...options: string[]): ChildProcess {
  said = "";
  const env = { ...process.env, AWS_PROFILE: "nobody", AWS_ACCESS_KEY_ID: undefined, NO_COLOR: "1" };
  npm = spawn("npm", ["start", "--", ...options], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  for (const stream of [npm.stdout, npm.stderr]) stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return npm;
}
/** The output comes to hold `pattern`. */
const says = (pattern: RegExp, millis: number) =>
  eventually(
    () => pattern.test(said),
    millis,
    () => `${pattern} is not said:\n${said}`,
  );
/** As Ctrl-C on a terminal: to all of its processes. npm itself ends by that signal once the script has ended. */
const end = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once("close", () => resolve());
    process.kill(-(child.pid ?? 0), "SIGINT");
  });

afterEach(async () => {
  if (npm !== undefined && npm.exitCode === null && npm.signalCode === null) await end(npm);
  npm = undefined;
});

test("npm start is a whole branch site, and the lines that it says to try work when pasted", async () => {
  const child = start("--port", "16767");
  await says(/tandemctl audit BRANCH-1\n/, 240_000);
  const lines = (said.split("Try, in another terminal:\n")[1] ?? "").split("\n").filter((line) => line.startsWith("  "));
  const folder = /Folder\s+(\S+):/.exec(said)?.[1] ?? "";
  const [environment = ""] = lines;
  const paste = (pattern: RegExp): string => {
    const line = lines.find((each) => pattern.test(each)) ?? "";
    expect(line, `${pattern} in\n${said}`).not.toBe("");
    const done = spawnSync("bash", ["-c", `${environment}\n${line}`], { encoding: "utf8", timeout: 200_000 });
    expect(done.status, `${line}\n${done.stdout}${done.stderr}\n${said.slice(-3000)}`).toBe(0);
    return done.stdout;
  };
  // whoever pastes it at once has an answer
  expect(JSON.parse(paste(/curl .*history/))).toMatchObject({ items: [{ status: "ACTIVE" }] });
  await says(/server A: failover NORMAL, the partner NORMAL, link up; ledger PAIR epoch 1, in reach; serves all clients/, 60_000);
  await says(/server B: failover NORMAL/, 10_000);
  await says(/has an address/, 20_000);
  expect(paste(/tandemctl site/)).toMatch(/branch-b/);
  expect(JSON.parse(paste(/curl .*health/))).toMatchObject({ verdict: expect.any(String) });
  expect(paste(/tandem --state/)).toMatch(/right +all clients/);

  paste(/kill -9/);
  await says(/server A was ended by SIGKILL/, 10_000);
  await says(/server A: does not run/, 10_000);
  expect(paste(/partner-down .*--wait/)).toMatch(/epoch 2|alone|serves/i);
  await says(/server B: failover PARTNER-DOWN.*ledger SOLE epoch 2/, 10_000);
  paste(/curl .*history/);

  paste(/kill -USR2/);
  await says(/server A: failover (RECOVER|NORMAL)/, 60_000);
  await says(/server A: failover NORMAL, the partner NORMAL, link up; ledger PAIR epoch 3/, 120_000);
  await says(/server B: failover NORMAL, the partner NORMAL, link up; ledger PAIR epoch 3/, 30_000);
  const audit = paste(/tandemctl audit/);
  for (const step of ["REGISTERED", "PARTNER_DOWN", "CLEARED"]) expect(audit).toContain(step);

  await end(child);
  expect(said).toMatch(/All ended cleanly\./);
  expect(existsSync(folder)).toBe(false);
  expect(spawnSync("pgrep", ["-f", folder]).status, "processes are left").toBe(1);
}, 600_000);

test("npm start without a Java serves from the embedded ledger, and says so", async () => {
  const child = start("--port", "16867", "--embedded", "--for", "8");
  await says(/Ledger +embedded/, 240_000);
  await says(/has an address/, 30_000);
  await new Promise((resolve) => child.once("exit", resolve));
  expect(child.exitCode, said).toBe(0);
  expect(said).toMatch(/All ended cleanly\./);
}, 400_000);

test("npm start --help tells everything, and anything else that it does not know is usage", () => {
  const help = spawnSync("npm", ["start", "--", "--help"], { cwd: ROOT, encoding: "utf8" });
  expect(help.status).toBe(0);
  expect(help.stdout).toMatch(/--embedded/);
  expect(spawnSync("npm", ["start", "--", "--nonsense"], { cwd: ROOT, encoding: "utf8" }).status).toBe(2);
});
