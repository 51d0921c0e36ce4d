import { ETHERNET } from "../values/hardware-address.ts";
import { type Ipv4Address, ipv4, UNSPECIFIED } from "../values/ipv4.ts";
import { BROADCAST_FLAG } from "./wire/message.ts";

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

/** What decides where a reply goes; addresses are those of the reply. */
export interface ReplyRoute {
  readonly kind: "offer" | "ack" | "nak" | "inform" | "bootp";
  readonly giaddr: Ipv4Address;
  readonly ciaddr: Ipv4Address;
  readonly yiaddr: Ipv4Address;
  readonly htype: number;
  readonly hlen: number;
  readonly chaddr: Uint8Array;
  /** `flags` of the reply, with what `always-broadcast` set. */
  readonly flags: number;
  /** The client sent a server identifier. */
  readonly hasServerId: boolean;
  /** The interface is on the shared network that the address belongs to. */
  readonly isLocal: boolean;
  /** IP source of the request: where an INFORM without ciaddr is answered. */
  readonly clientSource: Ipv4Address;
  /** Our address on the interface: the source of frames that we build ourselves. */
  readonly source: Ipv4Address;
  readonly serverPort: number;
  readonly clientPort: number;
}

/**
 * Where a reply goes (RFC 2131 §4.1, §4.3.2, §4.3.5), with dhcpd's choices where the RFC leaves some: a relay on the
 * loopback is answered on the client port; a renewing client that shows a server identifier or asks for broadcast is taken
 * to be on our own wire; INFORM goes to ciaddr even through a relay. The wire is Ethernet whatever `htype` says; a `chaddr` of another length is no address on it, so the frame is broadcast.
 */
export function replyDestination(route: ReplyRoute): ReplyDestination {
  const { giaddr, ciaddr, clientPort, serverPort, source } = route;
  if (route.kind === "inform") return informDestination(route);
  if (giaddr !== UNSPECIFIED) return { kind: "udp", address: giaddr, port: giaddr === LOOPBACK ? clientPort : serverPort };
  if (route.kind === "nak") return { kind: "broadcast", port: clientPort, source };
  const broadcast = (route.flags & BROADCAST_FLAG) !== 0;
  const onOurWire = (route.hasServerId || broadcast) && route.isLocal;
  if (route.kind === "ack" && ciaddr !== UNSPECIFIED && !onOurWire) return { kind: "udp", address: ciaddr, port: clientPort };
  if (broadcast) return { kind: "broadcast", port: clientPort, source };
  const chaddr = route.hlen === ETHERNET_LENGTH ? route.chaddr : ETHERNET_BROADCAST;
  return { kind: "layer2", htype: ETHERNET, chaddr, address: route.yiaddr, port: clientPort, source };
}

const ETHERNET_LENGTH = 6;
const ETHERNET_BROADCAST = Uint8Array.of(255, 255, 255, 255, 255, 255);
const LOOPBACK = ipv4(0x7f000001);

function informDestination(route: ReplyRoute): ReplyDestination {
  if (route.ciaddr !== UNSPECIFIED) return { kind: "udp", address: route.ciaddr, port: route.clientPort };
  if (route.giaddr !== UNSPECIFIED) return { kind: "udp", address: route.giaddr, port: route.serverPort };
  return { kind: "udp", address: route.clientSource, port: route.clientPort };
}
