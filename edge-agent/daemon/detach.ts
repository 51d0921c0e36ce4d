import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";

/** Set in the environment of the process that goes into the background. */
const MARK = "TANDEM_DETACHED";
const SERVING = "serving";

export const isDetached = (): boolean => process.env[MARK] === "1" && process.send !== undefined;

/**
 * Starts this same command again in a session of its own, passes on what it says, and ends with status 0 once it serves, or
 * with its status if it ends before.
 */
export function startDetached(argv: readonly string[]): void {
  const script = process.argv[1] ?? "";
  const child = spawn(process.execPath, [...process.execArgv, script, ...argv], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...process.env, [MARK]: "1" },
  });
  let serving = false;
  child.on("message", (message) => {
    serving ||= message === SERVING;
  });
  child.stderr?.on("data", (bytes: Buffer) => {
    try {
      writeSync(2, bytes);
    } catch {
      // Nobody reads: the background process goes on all the same.
    }
  });
  child.stderr?.on("close", () => {
    if (serving) process.exit(0);
  });
  child.on("exit", (code) => process.exit(code === null || code === 0 ? 1 : code));
  child.on("error", (error) => {
    writeSync(2, `cannot start in the background: ${error.message}\n`);
    process.exit(1);
  });
}

/** In the background process, once it serves: lets the starter go. From here on stderr is nowhere. */
export function releaseStarter(): void {
  delete process.env[MARK];
  process.send?.(SERVING, () => {
    process.disconnect?.();
    closeSync(2);
    openSync("/dev/null", "w"); // takes the lowest free number, which is 2
  });
}
