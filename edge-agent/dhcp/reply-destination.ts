import type { Ipv4Address } from "../values/ipv4.ts";

/** Where a reply goes (RFC 2131 §4.1). */
export type ReplyDestination =
  /** By ordinary UDP: to a relay's server port, or to a client that has its address. */
  | { readonly kind: "udp"; readonly address: Ipv4Address; readonly port: number }
  /** To 255.255.255.255 on the interface. */
  | { readonly kind: "broadcast"; readonly port: number; readonly source: Ipv4Address }
  /** In a link-layer frame to `chaddr`, for a client that has no address yet; `address` is the IP destination (yiaddr). */
  | {
      readonly kind: "layer2";
      readonly htype: number;
      readonly chaddr: Uint8Array;
      readonly address: Ipv4Address;
      readonly port: number;
      readonly source: Ipv4Address;
    };
