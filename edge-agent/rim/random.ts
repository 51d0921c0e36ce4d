import { randomInt } from "node:crypto";
import type { Random } from "../runtime/ports.ts";

/** Chance from the operating system. */
export const systemRandom: Random = { below: (below) => (below <= 1 ? 0 : randomInt(below)) };
