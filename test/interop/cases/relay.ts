import {
  accept,
  agent,
  type CaseGroup,
  discover,
  from,
  inform,
  ip,
  mac,
  onSecond,
  opt,
  prl,
  RELAY,
  relayed,
  relayedLater,
  renew,
  request,
  SERVER,
  unicast,
} from "./case.ts";

const c = (number: number) => mac(3, number);
const circuit = opt(1, "65746830");
const remote = opt(2, "72656d6f7465");

const networks = `
authoritative; ping-check off;
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; option routers 10.77.0.1; }
subnet 10.78.0.0 netmask 255.255.255.0 { range 10.78.0.100 10.78.0.199; option routers 10.78.0.1; }
subnet 10.50.0.0 netmask 255.255.255.0 { range 10.50.0.100 10.50.0.199; option routers 10.50.0.1; }
subnet 10.51.0.0 netmask 255.255.255.0 { option routers 10.51.0.1; }
shared-network floor {
  option domain-name "floor.example.org";
  subnet 10.60.0.0 netmask 255.255.255.0 { range 10.60.0.10; option routers 10.60.0.1; }
  subnet 10.60.1.0 netmask 255.255.255.0 { range 10.60.1.10 10.60.1.19; option routers 10.60.1.1; }
}
subnet 10.61.0.0 netmask 255.255.255.0 { not authoritative; range 10.61.0.10 10.61.0.19; }
`;

const circuits = `
authoritative; ping-check off; stash-agent-options true;
class "port-1" { match if option agent.circuit-id = "port1"; }
class "switch" { match if substring(option agent.remote-id, 0, 2) = "sw"; option domain-name = concat("r-", option agent.remote-id); }
subnet 10.77.0.0 netmask 255.255.255.0 {
  pool { allow members of "port-1"; range 10.77.0.11; }
  pool { deny members of "port-1"; range 10.77.0.100 10.77.0.199; }
  option host-name = binary-to-ascii(16, 8, "-", option agent.circuit-id);
}
`;

export const RELAY_GROUPS: readonly CaseGroup[] = [
  {
    name: "relay agents and subnets",
    conf: networks,
    cases: [
      {
        name: "relayed exchange",
        expect: ["OFFER", "ACK"],
        steps: [relayed(discover(c(1)), "10.50.0.1"), relayedLater(accept(c(1)), "10.50.0.1")],
      },
      {
        name: "relayed exchange with broadcast flag",
        expect: ["OFFER"],
        steps: [relayed(discover(c(2), [], { flags: 0x8000 }), "10.50.0.1")],
      },
      {
        name: "agent options come back last",
        expect: ["OFFER", "ACK"],
        steps: [
          relayed(discover(c(3), [prl(1, 3)]), "10.50.0.1", [agent(circuit, remote)]),
          relayedLater(accept(c(3), [prl(1, 3)]), "10.50.0.1", [agent(circuit, remote)]),
        ],
      },
      { name: "agent options without giaddr", expect: ["OFFER"], steps: [discover(c(4), [agent(circuit)])] },
      {
        name: "agent options in a NAK",
        expect: ["NAK"],
        steps: [relayed(request(c(5), [ip(50, "10.99.0.1")]), "10.50.0.1", [agent(circuit)])],
      },
      {
        name: "link selection (RFC 3527)",
        expect: ["OFFER", "ACK"],
        steps: [
          relayed(discover(c(6)), RELAY, [agent(opt(5, "0a320001"))]),
          relayedLater(accept(c(6)), RELAY, [agent(opt(5, "0a320001"))]),
        ],
      },
      { name: "link selection of nowhere", expect: ["none"], steps: [relayed(discover(c(7)), RELAY, [agent(opt(5, "0a630001"))])] },
      { name: "subnet selection (RFC 3011)", expect: ["OFFER"], steps: [discover(c(8), [ip(118, "10.50.0.0"), prl(1, 3)])] },
      { name: "subnet selection, relayed", expect: ["OFFER"], steps: [relayed(discover(c(9), [ip(118, "10.50.0.0")]), RELAY)] },
      {
        name: "link selection against subnet selection",
        expect: ["OFFER"],
        steps: [relayed(discover(c(10), [ip(118, "10.78.0.0")]), RELAY, [agent(opt(5, "0a320001"))])],
      },
      {
        name: "server identifier override (RFC 5107)",
        expect: ["OFFER"],
        steps: [relayed(discover(c(11)), "10.50.0.1", [agent(circuit, opt(11, "0a320001"))])],
      },
      {
        name: "request to the overridden identifier",
        expect: ["OFFER", "ACK"],
        steps: [
          relayed(discover(c(12)), "10.50.0.1", [agent(opt(11, "0a320001"))]),
          (r) => relayed(request(c(12), [ip(50, r[0]?.yiaddr ?? ""), ip(54, "10.50.0.1")]), "10.50.0.1", [agent(opt(11, "0a320001"))]),
        ],
      },
      { name: "giaddr of nowhere", expect: ["none"], steps: [relayed(discover(c(13)), "10.99.0.1")] },
      { name: "giaddr of a subnet without ranges", expect: ["none"], steps: [relayed(discover(c(14)), "10.51.0.1")] },
      {
        name: "init-reboot in the wrong place, relayed",
        expect: ["NAK"],
        steps: [relayed(request(c(15), [ip(50, "10.77.0.150")]), "10.50.0.1")],
      },
      { name: "the same, not authoritative", expect: ["none"], steps: [relayed(request(c(16), [ip(50, "10.61.0.200")]), "10.61.0.1")] },
      {
        name: "a foreign address, not authoritative",
        expect: ["none"],
        steps: [relayed(request(c(17), [ip(50, "10.77.0.150")]), "10.61.0.1")],
      },
      {
        name: "shared network: the first subnet's last address",
        expect: ["OFFER", "ACK"],
        steps: [relayed(discover(c(18), [prl(1, 3, 15)]), "10.60.0.1"), relayedLater(accept(c(18), [prl(1, 3, 15)]), "10.60.0.1")],
      },
      {
        name: "shared network: then the second subnet",
        expect: ["OFFER", "ACK"],
        steps: [relayed(discover(c(19), [prl(1, 3, 15)]), "10.60.0.1"), relayedLater(accept(c(19), [prl(1, 3, 15)]), "10.60.0.1")],
      },
      {
        name: "shared network: asked for the other subnet",
        expect: ["OFFER"],
        steps: [relayed(discover(c(20), [ip(50, "10.60.1.15")]), "10.60.0.1")],
      },
      {
        name: "renewal by unicast from far away",
        expect: ["OFFER", "ACK", "ACK"],
        steps: [relayed(discover(c(21)), "10.50.0.1"), relayedLater(accept(c(21)), "10.50.0.1"), renew(c(21))],
      },
      { name: "inform through a relay", expect: ["ACK"], steps: [relayed(inform(c(22), "10.50.0.42", [prl(1, 3)]), "10.50.0.1")] },
      {
        name: "inform by unicast from far away",
        expect: ["ACK"],
        steps: [unicast(inform(c(23), "10.50.0.43", [prl(1, 3)]), "10.50.0.43")],
      },
      { name: "the second interface", expect: ["OFFER"], steps: [onSecond(discover(c(24), [prl(1, 3)]))] },
      {
        name: "moved to the second interface",
        expect: ["OFFER", "ACK", "NAK"],
        steps: [discover(c(25)), accept(c(25)), (r) => onSecond(request(c(25), [ip(50, r[1]?.yiaddr ?? "")]))],
      },
      { name: "giaddr is the server's own", expect: ["none"], steps: [{ ...relayed(discover(c(26)), SERVER) }] },
      { name: "agent option of odd shape", expect: ["OFFER"], steps: [relayed(discover(c(27)), "10.50.0.1", [opt(82, "01ff41")])] },
      { name: "agent option empty", expect: ["OFFER"], steps: [relayed(discover(c(28)), "10.50.0.1", [opt(82, "")])] },
      {
        name: "relayed without message type",
        expect: ["none"],
        steps: [relayed({ packet: { xid: 0, chaddr: c(29), options: [] } }, "10.50.0.1")],
      },
      {
        name: "rebinding by broadcast from another network of ours",
        expect: ["ACK"],
        steps: [from(request(c(30), [], { ciaddr: "10.50.0.150" }), "10.50.0.150")],
      },
    ],
  },
  {
    name: "circuit classes",
    conf: circuits,
    cases: [
      {
        name: "a port with its own pool",
        expect: ["OFFER", "ACK"],
        steps: [
          relayed(discover(c(40), [prl(12, 15)]), undefined, [agent(opt(1, "706f727431"))]),
          relayedLater(accept(c(40), [prl(12, 15)]), undefined, [agent(opt(1, "706f727431"))]),
        ],
      },
      {
        name: "another port",
        expect: ["OFFER"],
        steps: [relayed(discover(c(41), [prl(12, 15)]), undefined, [agent(opt(1, "706f727432"), opt(2, "737731"))])],
      },
      {
        name: "stashed agent options at renewal",
        expect: ["OFFER", "ACK", "ACK"],
        steps: [
          relayed(discover(c(42), [prl(12, 15)]), undefined, [agent(circuit, opt(2, "737732"))]),
          relayedLater(accept(c(42), [prl(12, 15)]), undefined, [agent(circuit, opt(2, "737732"))]),
          renew(c(42), [prl(12, 15)]),
        ],
      },
      { name: "no agent at all", expect: ["OFFER"], steps: [discover(c(43), [prl(12, 15)])] },
    ],
  },
  {
    name: "agent options of a message since the lease",
    conf: `${circuits} dhcp-cache-threshold 0; set circuit = pick-first-value(option agent.circuit-id, "none");`,
    cases: [
      {
        name: "a lease of another port",
        expect: ["OFFER", "ACK", "OFFER", "ACK", "ACK"],
        steps: [
          relayed(discover(c(50), [prl(12)]), undefined, [agent(circuit)]),
          relayedLater(accept(c(50), [prl(12)]), undefined, [agent(circuit)]),
          relayed(discover(c(50), [prl(12)]), undefined, [agent(opt(1, "706f727432"))]),
          renew(c(50), [prl(12)]),
          renew(c(50), [prl(12)]),
        ],
      },
      {
        name: "a lease without a relay",
        expect: ["OFFER", "ACK", "OFFER", "ACK"],
        steps: [
          discover(c(51), [prl(12)]),
          accept(c(51), [prl(12)]),
          relayed(discover(c(51), [prl(12)]), undefined, [agent(circuit)]),
          renew(c(51), [prl(12)]),
        ],
      },
      {
        name: "an offer taken up past the relay",
        expect: ["OFFER", "ACK"],
        steps: [relayed(discover(c(52), [prl(12)]), undefined, [agent(circuit)]), accept(c(52), [prl(12)])],
      },
    ],
  },
];
