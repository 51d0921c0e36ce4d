import type { Guard } from "./guards/guard.ts";
import { LEDGER_GUARDS } from "./guards/ledger.ts";
import { PARTNER_GUARDS } from "./guards/partners.ts";
import { RESTORED_GUARDS } from "./guards/restored.ts";
import { SERVING_GUARDS } from "./guards/serving.ts";
import { STATE_GUARDS } from "./guards/states.ts";

/** Everything that {@link Guard} says, of failover and of the ledger. */
export const GUARDS: readonly Guard[] = [...SERVING_GUARDS, ...PARTNER_GUARDS, ...STATE_GUARDS, ...LEDGER_GUARDS, ...RESTORED_GUARDS];
