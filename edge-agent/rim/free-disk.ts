import { statfsSync } from "node:fs";

const LOOK_MILLIS = 10_000;

/** Bytes that this process may still write to the disk of `folder`, looked at every ten seconds at most; undefined where nobody says. */
export function freeDisk(folder: string, millis: () => number = () => performance.now()): () => number | undefined {
  let lookAt = Number.NEGATIVE_INFINITY;
  let free: number | undefined;
  return () => {
    if (millis() >= lookAt) {
      free = look(folder);
      lookAt = millis() + LOOK_MILLIS;
    }
    return free;
  };
}

function look(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
