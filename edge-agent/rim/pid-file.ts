import { readFileSync, rmSync, writeFileSync } from "node:fs";

/**
 * Is the process that wrote `path` still there, and a DHCP server? A number that now belongs to something else (after a
 * reboot, or in a container) does not count.
 */
export function isServerRunning(path: string): boolean {
  const pid = readPid(path);
  if (pid === undefined || pid === process.pid || pid === process.ppid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  try {
    return /dhcpd|edge-agent|tandem/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  } catch {
    return true;
  }
}

/** Writes our number; the error's text if it cannot. */
export function writePidFile(path: string): string | undefined {
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

/** Removes the file if it is still ours. */
export function removePidFile(path: string): void {
  if (readPid(path) !== process.pid) return;
  try {
    rmSync(path, { force: true });
  } catch {
    // Privileges were dropped and the folder is root's: the next start sees that nobody has this number.
  }
}

/** What the C library says of an error: "No such file or directory". */
export function errorText(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return TEXTS[code ?? ""] ?? message;
}

const TEXTS: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  EPERM: "Operation not permitted",
  EEXIST: "A file of that name is there",
  EISDIR: "Is a directory",
  ENOTDIR: "Not a directory",
  EROFS: "Read-only file system",
  ENOSPC: "No space left on device",
  EADDRINUSE: "Address already in use",
  ENODEV: "No such device",
};

function readPid(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
