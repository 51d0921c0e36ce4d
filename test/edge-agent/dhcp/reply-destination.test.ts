import { expect, test } from "vitest";
import { type ReplyRoute, replyDestination } from "../../../edge-agent/dhcp/reply-destination.ts";
import { type Ipv4Address, UNSPECIFIED } from "../../../edge-agent/values/ipv4.ts";
import { address } from "../../support/agent-bench.ts";

const CHADDR = Uint8Array.of(2, 0, 0, 0, 0, 1);
const ROUTE: ReplyRoute = {
  kind: "ack",
  giaddr: UNSPECIFIED,
  ciaddr: UNSPECIFIED,
  yiaddr: address("10.0.0.5"),
  htype: 1,
  hlen: 6,
  chaddr: CHADDR,
  flags: 0,
  hasServerId: false,
  isLocal: true,
  clientSource: UNSPECIFIED,
  source: address("10.0.0.1"),
  serverPort: 67,
  clientPort: 68,
};
const relay = address("10.9.0.1");
const ciaddr = address("10.0.0.7");
const udp = (to: Ipv4Address, port: number) => ({ kind: "udp", address: to, port });
const broadcast = { kind: "broadcast", port: 68, source: address("10.0.0.1") };
const frame = { kind: "layer2", htype: 1, chaddr: CHADDR, address: address("10.0.0.5"), port: 68, source: address("10.0.0.1") };

test.each<[string, Partial<ReplyRoute>, unknown]>([
  ["a relay gets everything, on the server port", { giaddr: relay, ciaddr, flags: 0x8000 }, udp(relay, 67)],
  ["a relay gets a NAK too", { kind: "nak", giaddr: relay }, udp(relay, 67)],
  ["a relay on the loopback is a test on the client port", { giaddr: address("127.0.0.1") }, udp(address("127.0.0.1"), 68)],
  ["a NAK without a relay is broadcast, even to ciaddr", { kind: "nak", ciaddr }, broadcast],
  ["an ACK goes to ciaddr", { ciaddr }, udp(ciaddr, 68)],
  ["an OFFER does not go to ciaddr", { kind: "offer", ciaddr }, frame],
  ["ciaddr and a server identifier on our wire: a frame", { ciaddr, hasServerId: true }, frame],
  ["ciaddr and a server identifier from afar: ciaddr", { ciaddr, hasServerId: true, isLocal: false }, udp(ciaddr, 68)],
  ["ciaddr and the broadcast flag on our wire: broadcast", { ciaddr, flags: 0x8000 }, broadcast],
  ["the broadcast flag", { kind: "offer", flags: 0x8000 }, broadcast],
  ["no flag: a frame to chaddr", { kind: "offer" }, frame],
  ["another hardware type: a frame all the same", { kind: "offer", htype: 6 }, frame],
  [
    "a chaddr that is no Ethernet address: a frame to all",
    { kind: "offer", hlen: 16, chaddr: new Uint8Array(16) },
    { ...frame, chaddr: new Uint8Array(6).fill(255) },
  ],
  ["BOOTP: a frame to chaddr", { kind: "bootp" }, frame],
  ["INFORM: ciaddr, even by a relay", { kind: "inform", ciaddr, giaddr: relay }, udp(ciaddr, 68)],
  ["INFORM without ciaddr: the relay", { kind: "inform", giaddr: relay, clientSource: ciaddr }, udp(relay, 67)],
  ["INFORM without both: where it came from", { kind: "inform", clientSource: ciaddr }, udp(ciaddr, 68)],
])("RFC 2131 §4.1 %s", (_, route, destination) => {
  expect(replyDestination({ ...ROUTE, ...route })).toEqual(destination);
});
