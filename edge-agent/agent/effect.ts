import type { FailoverEffect } from "../failover/effect.ts";
import type { ServerEffect } from "../server/effect.ts";
import type { ControlEffect, DnsEffect, LedgerEffect, OmapiEffect } from "./service-events.ts";

/** All that an agent can ask the world to do, once the writes of the same step are on disk. */
export type AgentEffect = ServerEffect | FailoverEffect | DnsEffect | ControlEffect | OmapiEffect | LedgerEffect;
