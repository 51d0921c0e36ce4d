import {
  accept,
  type CaseGroup,
  decline,
  discover,
  from,
  held,
  inform,
  ip,
  mac,
  message,
  opt,
  prl,
  rebind,
  release,
  renew,
  request,
  SERVER,
  type StepSource,
  text,
  u32,
  unicast,
} from "./case.ts";

const c = (number: number) => mac(1, number);
const subnet = `
subnet 10.77.0.0 netmask 255.255.255.0 {
  range 10.77.0.100 10.77.0.199;
  option routers 10.77.0.1;
  option domain-name-servers 10.77.0.1, 10.77.0.2;
  option domain-name "example.org";
}
subnet 10.78.0.0 netmask 255.255.255.0 { range 10.78.0.100 10.78.0.199; option routers 10.78.0.1; }
`;

/** INFORM is answered by an authoritative server only. */
const fourCases = (informed: "ACK" | "none"): CaseGroup["cases"] => [
  {
    name: "discover, request, renew, rebind",
    expect: ["OFFER", "ACK", "ACK", "ACK"],
    steps: [discover(c(1)), accept(c(1)), renew(c(1)), rebind(c(1))],
  },
  {
    name: "init-reboot with the right address",
    expect: ["OFFER", "ACK", "ACK"],
    steps: [discover(c(2)), accept(c(2)), (r) => request(c(2), [ip(50, held(r))])],
  },
  {
    name: "selecting another server",
    expect: ["OFFER", "ACK"],
    steps: [discover(c(3), [ip(50, "10.77.0.190")]), request(c(3), [ip(50, "10.77.0.190"), ip(54, "10.77.0.77")])],
  },
  {
    name: "release, then the address again",
    expect: ["OFFER", "ACK", "none", "OFFER"],
    steps: [discover(c(4)), accept(c(4)), release(c(4)), discover(c(4))],
  },
  {
    name: "release without server identifier",
    expect: ["OFFER", "ACK", "none", "ACK"],
    steps: [discover(c(5)), accept(c(5)), release(c(5), []), rebind(c(5))],
  },
  {
    name: "release by another client changes nothing",
    expect: ["OFFER", "ACK", "none", "ACK"],
    steps: [
      discover(c(6)),
      accept(c(6)),
      (replies) => unicast(message(7, c(60), [ip(54, SERVER)], { ciaddr: replies.at(-1)?.yiaddr ?? "" }), "10.77.0.99"),
      (replies) => unicast(request(c(6), [], { ciaddr: replies[1]?.yiaddr ?? "" }), replies[1]?.yiaddr ?? ""),
    ],
  },
  { name: "discover asks for a free address", expect: ["OFFER"], steps: [discover(c(8), [ip(50, "10.77.0.150")])] },
  { name: "discover asks for an address outside", expect: ["OFFER"], steps: [discover(c(9), [ip(50, "10.99.0.1")])] },
  {
    name: "discover asks for the address of another",
    expect: ["OFFER", "ACK", "OFFER"],
    steps: [discover(c(10)), accept(c(10)), (r) => discover(c(11), [ip(50, r[1]?.yiaddr ?? "")])],
  },
  {
    name: "discover asks for a lease time",
    expect: ["OFFER", "ACK"],
    steps: [discover(c(12), [u32(51, 777)]), accept(c(12), [u32(51, 888)])],
  },
  {
    name: "the broadcast flag",
    expect: ["OFFER", "ACK"],
    steps: [discover(c(13), [], { flags: 0x8000 }), accept(c(13), [], { flags: 0x8000 })],
  },
  { name: "secs and hops come back or not", expect: ["OFFER"], steps: [discover(c(14), [], { secs: 77, hops: 3 })] },
  { name: "inform", expect: [informed], steps: [inform(c(15), "10.77.0.42", [prl(1, 3, 6, 15)])] },
  { name: "inform without request list", expect: [informed], steps: [inform(c(16), "10.77.0.43")] },
  { name: "inform from another subnet", expect: ["none"], steps: [inform(c(17), "10.99.0.42", [prl(1, 3, 6, 15)])] },
  { name: "inform without ciaddr", expect: [informed], steps: [from(message(8, c(18), [prl(1, 3)]), "10.77.0.44")] },
  { name: "offer repeated for a repeated discover", expect: ["OFFER", "OFFER"], steps: [discover(c(19)), discover(c(19))] },
  {
    name: "request repeated",
    expect: ["OFFER", "ACK", "ACK"],
    steps: [discover(c(20)), accept(c(20)), (r) => request(c(20), [ip(50, held(r)), ip(54, SERVER)])],
  },
  { name: "two clients at once", expect: ["OFFER", "OFFER", "ACK"], steps: [discover(c(21)), discover(c(22)), accept(c(22))] },
  {
    name: "host name is kept",
    expect: ["OFFER", "ACK"],
    steps: [discover(c(23), [text(12, "larch")]), accept(c(23), [text(12, "larch"), prl(12, 1)])],
  },
  { name: "no such message type", expect: ["none"], steps: [message(99, c(24))] },
  {
    name: "messages of servers are not answered",
    expect: ["none", "none", "none"],
    steps: [message(2, c(25)), message(5, c(25)), message(6, c(25))],
  },
  { name: "lease query without permission", expect: ["none"], steps: [message(10, c(26))] },
];

const moved: readonly [string, string, StepSource][] = [
  ["init-reboot from another network", "N", request(c(40), [ip(50, "10.99.0.5")])],
  ["init-reboot for a free address of ours", "F", request(c(41), [ip(50, "10.77.0.177")])],
  ["init-reboot outside every range", "-", request(c(42), [ip(50, "10.77.0.5")])],
  ["rebinding from another network", "-", from(request(c(43), [], { ciaddr: "10.99.0.6" }), "10.99.0.6")],
  ["rebinding an unknown address of ours", "F", from(request(c(44), [], { ciaddr: "10.77.0.178" }), "10.77.0.178")],
  ["renewing an unknown address of ours", "F", unicast(request(c(45), [], { ciaddr: "10.77.0.179" }), "10.77.0.179")],
  ["selecting us without an offer, free address", "A", request(c(46), [ip(50, "10.77.0.180"), ip(54, SERVER)])],
  ["selecting us with an address from nowhere", "N", request(c(47), [ip(50, "10.99.0.7"), ip(54, SERVER)])],
  ["request without any address", "-", request(c(48))],
  ["decline of an address never given", "-", decline(c(49), [ip(50, "10.77.0.181"), ip(54, SERVER)])],
];

const movedCases = (answers: Readonly<Record<string, "ACK" | "NAK" | "none">>): CaseGroup["cases"] =>
  moved.map(([name, answer, step]) => ({ name, expect: [answers[answer] ?? "none"], steps: [step] }));

const othersAddress = (answer: "ACK" | "NAK" | "none"): CaseGroup["cases"][number] => ({
  name: "init-reboot with the address of another",
  expect: ["OFFER", "ACK", answer],
  steps: [discover(c(50)), accept(c(50)), (r) => request(c(51), [ip(50, r[1]?.yiaddr ?? "")])],
});

export const EXCHANGE_GROUPS: readonly CaseGroup[] = [
  {
    name: "authoritative",
    conf: `authoritative; ping-check off; ${subnet}`,
    cases: [...fourCases("ACK"), ...movedCases({ N: "NAK", F: "ACK", A: "ACK" }), othersAddress("NAK")],
  },
  {
    name: "not authoritative",
    conf: `ping-check off; ${subnet}`,
    cases: [...fourCases("none"), ...movedCases({ N: "none", F: "ACK", A: "ACK" }), othersAddress("NAK")],
  },
  {
    name: "decline",
    conf: `authoritative; ping-check off; subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.103; }`,
    cases: [
      {
        name: "a declined address is not offered again",
        expect: ["OFFER", "ACK", "none", "OFFER"],
        steps: [discover(c(70)), accept(c(70)), (r) => decline(c(70), [ip(50, r[1]?.yiaddr ?? ""), ip(54, SERVER)]), discover(c(70))],
      },
      {
        name: "decline by another client",
        expect: ["OFFER", "ACK", "none", "none"],
        steps: [discover(c(71)), accept(c(71)), (r) => decline(c(79), [ip(50, r[1]?.yiaddr ?? ""), ip(54, SERVER)]), rebind(c(71))],
      },
      { name: "decline without address", expect: ["none"], steps: [decline(c(72), [ip(54, SERVER)])] },
    ],
  },
  {
    name: "a full pool",
    conf: `authoritative; ping-check off; subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100; }`,
    cases: [
      { name: "the only address", expect: ["OFFER", "ACK"], steps: [discover(c(80)), accept(c(80))] },
      { name: "nothing left", expect: ["none"], steps: [discover(c(81))] },
      {
        name: "nothing left, asked for by number",
        expect: ["none", "NAK"],
        steps: [discover(c(82), [ip(50, "10.77.0.100")]), request(c(82), [ip(50, "10.77.0.100")])],
      },
      { name: "the holder goes on", expect: ["OFFER", "ACK", "none"], steps: [discover(c(80)), accept(c(80)), release(c(80))] },
      { name: "released, then for another", expect: ["OFFER", "ACK"], steps: [discover(c(83)), accept(c(83))] },
    ],
  },
  {
    name: "malformed",
    conf: `authoritative; ping-check off; ${subnet}`,
    cases: [
      { name: "empty datagram", expect: ["none"], steps: [{ packet: new Uint8Array(0) }] },
      { name: "cut inside the header", expect: ["none"], steps: [{ packet: Uint8Array.of(1, 1, 6, 0, 0, 0, 0, 0, 0, 0) }] },
      {
        name: "option runs over the end",
        expect: ["none"],
        steps: [message(1, c(90), [], { tail: Uint8Array.of(12, 200, 65), padTo: 0 })],
      },
      { name: "no end option", expect: ["OFFER"], steps: [message(1, c(91), [], { tail: new Uint8Array(0), padTo: 0 })] },
      { name: "message type of length 0", expect: ["none"], steps: [{ packet: { xid: 0, chaddr: c(92), options: [opt(53, "")] } }] },
      { name: "message type of length 2", expect: ["OFFER"], steps: [{ packet: { xid: 0, chaddr: c(93), options: [opt(53, "0101")] } }] },
      {
        name: "message type twice",
        expect: ["OFFER"],
        steps: [{ packet: { xid: 0, chaddr: c(94), options: [opt(53, "01"), opt(53, "03")] } }],
      },
      { name: "requested address of 3 bytes", expect: ["OFFER"], steps: [discover(c(95), [opt(50, "0a4d00")])] },
      { name: "server identifier of 3 bytes", expect: ["ACK"], steps: [request(c(96), [ip(50, "10.77.0.120"), opt(54, "0a4d00")])] },
      { name: "op of a reply", expect: ["OFFER"], steps: [discover(c(97), [ip(50, "10.77.0.191")], { op: 2 })] },
      { name: "hlen of 16", expect: ["OFFER"], steps: [discover("00112233445566778899aabbccddee01")] },
      { name: "hlen of 17", expect: ["none"], steps: [discover(c(98), [], { hlen: 17 })] },
      {
        name: "hlen of 0 with client identifier",
        expect: ["OFFER"],
        steps: [discover("", [opt(61, "0001020304")], { hlen: 0, flags: 0x8000 })],
      },
      { name: "hlen of 0 without client identifier", expect: ["OFFER"], steps: [discover("", [], { hlen: 0, flags: 0x8000 })] },
      { name: "token ring", expect: ["OFFER"], steps: [discover(c(99), [], { htype: 6 })] },
      { name: "unknown hardware type", expect: ["OFFER"], steps: [discover(c(100), [], { htype: 200 })] },
      {
        name: "infiniband without hardware address",
        expect: ["OFFER"],
        steps: [discover("", [opt(61, "ff00112233")], { htype: 32, hlen: 0, flags: 0x8000 })],
      },
      { name: "chaddr longer than hlen", expect: ["OFFER"], steps: [discover("020000000165ffffffff", [], { hlen: 6 })] },
      {
        name: "options after the end are ignored",
        expect: ["OFFER"],
        steps: [message(1, c(102), [], { tail: Uint8Array.of(255, 12, 1, 65) })],
      },
      {
        name: "pads between options",
        expect: ["OFFER"],
        steps: [message(1, c(103), [], { tail: Uint8Array.of(0, 0, 0, 55, 2, 1, 3, 0, 255) })],
      },
      {
        name: "overload pointing into file",
        expect: ["OFFER"],
        steps: [discover(c(104), [opt(52, "01")], { file: Uint8Array.of(55, 2, 3, 1, 255) })],
      },
      {
        name: "overload into both, sname cut",
        expect: ["none"],
        steps: [discover(c(105), [opt(52, "03")], { file: Uint8Array.of(55, 2, 3, 1, 255), sname: Uint8Array.of(12, 200) })],
      },
    ],
  },
];
