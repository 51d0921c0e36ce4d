import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Aim } from "../draw.ts";

/** A world that complains when a guard is missing. */
export interface Catch {
  readonly seed: number;
  readonly aim: Aim;
}

/** The recorded world of each guard, by its name. */
export const readCatches = (): Record<string, Catch> =>
  JSON.parse(readFileSync(join(import.meta.dirname, "catches.json"), "utf8")) as Record<string, Catch>;
