import type { Guard } from "./guards/guard.ts";
import { PARTNER_GUARDS } from "./guards/partners.ts";
import { SERVING_GUARDS } from "./guards/serving.ts";

/** Every guard that the simulation must miss when it is gone. */
export const GUARDS: readonly Guard[] = [...SERVING_GUARDS, ...PARTNER_GUARDS];
