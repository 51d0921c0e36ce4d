import type { ReplyDestination } from "../dhcp/reply-destination.ts";
import type { LogEventName, LogFields } from "../log-events.ts";
import type { Ipv4Address } from "../values/ipv4.ts";

/** What serving clients can ask of the world, once the writes of the same step are on disk. */
export type ServerEffect =
  | SendDatagram
  /** ICMP echo request; the answer, or its absence after `timeoutMillis`, comes back as a "probe-result" event. */
  | { readonly kind: "probe"; readonly address: Ipv4Address; readonly timeoutMillis: number }
  /** Look up the name of `address`; it comes back as a "name-result" event of the same id. */
  | { readonly kind: "find-name"; readonly id: number; readonly address: Ipv4Address }
  | { readonly kind: "log"; readonly event: LogEventName; readonly fields: LogFields }
  | { readonly kind: "count"; readonly metric: string; readonly labels?: Readonly<Record<string, string>>; readonly by?: number }
  /** `execute` of dhcp-eval(5): argv only, and only when the operator's flag allows it. */
  | { readonly kind: "execute"; readonly command: string; readonly arguments: readonly string[] };

export interface SendDatagram {
  readonly kind: "send";
  readonly interfaceName: string;
  readonly destination: ReplyDestination;
  readonly bytes: Uint8Array;
}
