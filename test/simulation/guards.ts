import type { Guard } from "./guards/guard.ts";
import { LEDGER_GUARDS } from "./guards/ledger.ts";
import { PARTNER_GUARDS } from "./guards/partners.ts";
import { SERVING_GUARDS } from "./guards/serving.ts";

/** Everything that {@link Guard} says, of failover and of the ledger. */
export const GUARDS: readonly Guard[] = [...SERVING_GUARDS, ...PARTNER_GUARDS, ...LEDGER_GUARDS];
