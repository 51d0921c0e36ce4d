import type { LogEventName, LogFields } from "../log-events.ts";
import type { LinkId } from "./event.ts";

/** What failover asks of the world, once the writes of the same step are on disk. */
export type FailoverEffect =
  /** Connect to the partner, from our own address. */
  | { readonly kind: "failover-dial"; readonly peer: string }
  /** Accept connections for this relationship from now on, retrying until the address can be bound. */
  | { readonly kind: "failover-listen"; readonly peer: string }
  | { readonly kind: "failover-send"; readonly link: LinkId; readonly bytes: Uint8Array }
  /** End the connection after what was sent on it. */
  | { readonly kind: "failover-close"; readonly link: LinkId }
  | { readonly kind: "log"; readonly event: LogEventName; readonly fields: LogFields };
