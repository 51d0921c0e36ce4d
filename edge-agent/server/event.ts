import type { AgentConfig, HostTable } from "../config/agent-config.ts";
import type { Ipv4Address } from "../values/ipv4.ts";

/** What can happen to the serving of clients; the loop adds the moment (`at`). */
export type ServerEvent =
  | DatagramReceived
  /** The one timer: something in the state or the leases is due. */
  | { readonly kind: "tick" }
  /** The configuration was read anew; the lease table already has its pools. */
  | { readonly kind: "config"; readonly config: AgentConfig }
  /** A host of that name was declared at run time, or removed: these are the hosts there are now. */
  | { readonly kind: "hosts"; readonly hosts: HostTable; readonly name: string }
  /** Somebody answered the ICMP echo sent to `address`, or the probe timed out unanswered. */
  | { readonly kind: "probe-result"; readonly address: Ipv4Address; readonly answered: boolean }
  /** What the resolver has as name of the address that "find-name" asked for. */
  | { readonly kind: "name-result"; readonly id: number; readonly name: string | undefined };

/** A UDP datagram on the server port. */
export interface DatagramReceived {
  readonly kind: "datagram";
  readonly interfaceName: string;
  /** Addresses of that interface, primary first. */
  readonly interfaceAddresses: readonly Ipv4Address[];
  readonly source: Ipv4Address;
  readonly sourcePort: number;
  /** Where it was sent; undefined if the socket cannot tell. */
  readonly target: Ipv4Address | undefined;
  readonly bytes: Uint8Array;
}
