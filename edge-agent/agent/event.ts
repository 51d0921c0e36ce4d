import type { FailoverEvent } from "../failover/event.ts";
import type { ServerEvent } from "../server/event.ts";
import type { Instant } from "../values/time.ts";
import type { ControlEvent, DnsEvent, LedgerEvent, OmapiEvent } from "./service-events.ts";

/** All that can happen to an agent. Every event carries its moment. */
export type AgentEvent = { readonly at: Instant } & (ServerEvent | FailoverEvent | DnsEvent | ControlEvent | OmapiEvent | LedgerEvent);
