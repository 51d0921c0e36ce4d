import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import koffi from "koffi";
import { err, ok, type Result } from "../values/result.ts";

const LOCK_EXCLUSIVE = 2;
const LOCK_NO_WAIT = 4;
const EWOULDBLOCK = 11;
const ONE_SERVER = "Two servers cannot share one lease store";

/**
 * Takes the kernel's exclusive lock (flock(2)) on `file`, made if need be, and writes our process number into it. The
 * kernel gives the lock back when the process ends, however it ends. `release` gives it back sooner. The error names the
 * process that has the lock.
 */
export function lockFile(file: string): Result<{ release(): void }, string> {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o644);
  } catch (error) {
    return err(`cannot open ${file}: ${(error as Error).message}`);
  }
  const flock = koffi.load(null).func("int flock(int, int)");
  if (flock(descriptor, LOCK_EXCLUSIVE | LOCK_NO_WAIT) !== 0) {
    const reason =
      koffi.errno() === EWOULDBLOCK
        ? `process ${holderOf(file)} has it open. ${ONE_SERVER}`
        : `it cannot be locked (errno ${koffi.errno()})`;
    closeSync(descriptor);
    return err(reason);
  }
  try {
    ftruncateSync(descriptor);
    writeSync(descriptor, `${process.pid}\n`, 0);
  } catch {
    // A full disk: the lock holds all the same, only our number cannot be told.
  }
  return ok({ release: () => closeSync(descriptor) });
}

function holderOf(file: string): string {
  const text = readFileSync(file, "utf8").trim();
  return /^\d+$/.test(text) ? text : "(unknown)";
}
