import type { Route } from "../../support/dhcp-client.ts";
import { type CaseGroup, discover, type Expected, mac, RELAY, type Step } from "./case.ts";

/* Frames that a network, or a tester, may bring about: which of them reach the server at all. */

/** Where IPv4 and UDP begin in a frame as it is sent. */
const IP = 14;
const UDP = 34;
const IP_CHECKSUM = IP + 10;

type Alter = NonNullable<Step["alter"]>;

function written(frame: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = Uint8Array.from(frame);
  copy.set(bytes, at);
  return copy;
}

/** Bytes of the IPv4 header, with its checksum made good. */
const ipHeader =
  (at: number, ...bytes: number[]): Alter =>
  (frame) => {
    const copy = written(written(frame, IP + at, ...bytes), IP_CHECKSUM, 0, 0);
    let sum = 0;
    for (let word = IP; word < IP + 4 * ((copy[IP] as number) & 15); word += 2)
      sum += ((copy[word] as number) << 8) | (copy[word + 1] as number);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    return written(copy, IP_CHECKSUM, ~(sum >>> 8) & 255, ~sum & 255);
  };
const raw =
  (at: number, ...bytes: number[]): Alter =>
  (frame) =>
    written(frame, at, ...bytes);
const inserted =
  (at: number, ...bytes: number[]): Alter =>
  (frame) =>
    Uint8Array.from([...frame.subarray(0, at), ...bytes, ...frame.subarray(at)]);
/** Four bytes of options behind the header: one that routers should look at (RFC 2113). */
const withOptions: Alter = (frame) => {
  const length = ((frame[IP + 2] as number) << 8) + (frame[IP + 3] as number) + 4;
  return ipHeader(0, 0x46, 0x10, length >> 8, length & 255)(inserted(UDP, 0x94, 4, 0, 0)(frame));
};

const ALTERED: readonly [name: string, expected: Expected, alter: Alter][] = [
  ["no UDP checksum", "OFFER", raw(UDP + 6, 0, 0)],
  ["a wrong UDP checksum", "none", raw(UDP + 6, 0x12, 0x34)],
  ["a wrong IP checksum", "none", raw(IP_CHECKSUM, 0x12, 0x34)],
  ["a lifetime of no hops", "OFFER", ipHeader(8, 0)],
  ["IP options", "OFFER", withOptions],
  ["not to be fragmented", "OFFER", ipHeader(6, 0x40, 0)],
  ["a later fragment", "none", ipHeader(6, 0, 10)],
  ["a UDP length beyond the frame", "none", raw(UDP + 4, 0x05, 0x78)],
  ["TCP", "none", ipHeader(9, 6)],
  ["another VLAN's", "none", inserted(12, 0x81, 0, 0, 5)],
  ["bytes behind the datagram", "OFFER", (frame) => Uint8Array.from([...frame, ...new Uint8Array(200).fill(255)])],
];
const ROUTED: readonly [name: string, expected: Expected, route: Route][] = [
  ["from the relay's address", "OFFER", { ipFrom: RELAY }],
  ["from elsewhere", "OFFER", { ipFrom: "192.0.2.1" }],
  ["to the network's broadcast address", "OFFER", { ipTo: "10.77.0.255" }],
  ["to a multicast address", "OFFER", { ipTo: "224.0.0.1" }],
  ["to another address of the network", "OFFER", { ipTo: "10.77.0.200" }],
  ["to a multicast MAC address", "OFFER", { macTo: "01:00:5e:00:00:01" }],
  ["to the client's port", "none", { portTo: 68 }],
];

export const FRAME_GROUPS: readonly CaseGroup[] = [
  {
    name: "frames",
    conf: "authoritative; ping-check off; subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }",
    cases: [
      ...ALTERED.map(([name, expected, alter], at) => ({ name, expect: [expected], steps: [{ ...discover(mac(12, at)), alter }] })),
      ...ROUTED.map(([name, expected, route], at) => ({ name, expect: [expected], steps: [{ ...discover(mac(12, 100 + at)), route }] })),
      // dhcpd answers these, so they come last: from here on it gives out other addresses
      { name: "a first fragment", expect: ["OFFER"], steps: [{ ...discover(mac(12, 200)), alter: ipHeader(6, 0x20, 0) }] },
      {
        name: "to another machine's MAC address",
        expect: ["OFFER"],
        steps: [{ ...discover(mac(12, 201)), route: { macTo: "02:99:99:99:99:99" } }],
      },
    ],
  },
];
