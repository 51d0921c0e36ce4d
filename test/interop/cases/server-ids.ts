import { accept, type CaseGroup, discover, ip, mac, message, onSecond, prl, RELAY, relayed, relayedLater, request } from "./case.ts";

const c = (number: number): string => mac(41, number);

/** Whom a REQUEST names as its server: any address of ours will do, and whatever the configuration says that we are called somewhere. */
export const SERVER_ID_GROUPS: readonly CaseGroup[] = [
  {
    name: "names of the server",
    conf: `authoritative; ping-check off; default-lease-time 600; allow leasequery; dhcp-cache-threshold 0;
      subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.110; }
      subnet 10.78.0.0 netmask 255.255.255.0 { range 10.78.0.100 10.78.0.110; }
      subnet 10.50.0.0 netmask 255.255.255.0 { server-identifier 10.50.0.1; range 10.50.0.100 10.50.0.110; }`,
    cases: [
      {
        name: "our address on an interface that nobody used yet",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(1)), (replies) => request(c(1), [ip(50, replies[0]?.yiaddr ?? ""), ip(54, "10.78.0.1")])],
      },
      {
        name: "what we are called in another subnet",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(2)), (replies) => request(c(2), [ip(50, replies[0]?.yiaddr ?? ""), ip(54, "10.50.0.1")])],
      },
      { name: "ours, for an address elsewhere", expect: ["NAK"], steps: [request(c(3), [ip(50, "10.78.0.105"), ip(54, "10.78.0.1")])] },
      {
        name: "another of ours, through a relay",
        expect: ["ACK"],
        steps: [relayed(request(c(4), [ip(50, "10.50.0.105"), ip(54, "10.78.0.1")]), "10.50.0.9")],
      },
      {
        name: "lease queries about a client with leases in several networks",
        wait: [0, 0, 2, 0, 2, 0, 2],
        expect: ["OFFER", "ACK", "OFFER", "ACK", "OFFER", "ACK", "LEASEACTIVE"],
        steps: [
          discover(c(5)),
          accept(c(5)),
          onSecond(discover(c(5))),
          (replies) => onSecond(request(c(5), [ip(50, replies[2]?.yiaddr ?? ""), ip(54, "10.78.0.1")])),
          relayed(discover(c(5)), "10.50.0.9"),
          relayedLater(accept(c(5)), "10.50.0.9"),
          relayed(message(10, c(5), [prl(51, 91, 92)]), RELAY),
        ],
      },
    ],
  },
];
