import {
  accept,
  agent,
  type CaseGroup,
  type DifferentialCase,
  discover,
  from,
  held,
  ip,
  mac,
  message,
  opt,
  prl,
  RELAY,
  relayed,
  relayedLater,
  release,
  renew,
  type StepSource,
  text,
} from "./case.ts";

const GRANTED: DifferentialCase["expect"] = ["OFFER", "ACK"];
const exchange = (name: string, chaddr: string, ...options: Parameters<typeof discover>[1] & object): DifferentialCase => ({
  name,
  expect: GRANTED,
  steps: [discover(chaddr, options), accept(chaddr, options)],
});

/** Variables and handlers: what they leave in the lease file is compared after the last case. */
const v = (number: number) => mac(24, number);
const variables = `
authoritative; ping-check off; default-lease-time 600; min-lease-time 1;
class "short" { match if option vendor-class-identifier = "short"; }
option note code 200 = text; option count code 201 = text;
set myvendor = option vendor-class-identifier; set firstbyte = substring(hardware, 1, 1);
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199;
  option count = pick-first-value(mycount, "not yet");
  if option host-name = "unset" { unset myvendor; }
  if option host-name = "empty" { set myempty = ""; set mybytes = 00:01:ff:22:5c; }
  if option host-name = "number" { set mynumber = 5; }
  if option host-name = "inside" { set inside = "in"; option count = inside; }
  on commit { set mycommit = concat("c-", binary-to-ascii(10, 8, ".", leased-address)); set mycount = concat(pick-first-value(mycount, ""), "+"); set mytime = encode-int(lease-time, 32); }
  on release { set wasreleased = "yes"; set mycount = "gone"; }
  on expiry { set wasexpired = "yes"; }
  if option host-name = "own" { on commit { set mycommit = "own handler"; } }
  if option host-name = "events" { on release or expiry { set myend = "either"; } }
  option note = pick-first-value(mycommit, "nothing");
  pool { range 10.77.0.20 10.77.0.29; allow members of "short"; default-lease-time 2; max-lease-time 2; on expiry { set wasexpired = "in the pool"; } }
}
`;
const NOTES = prl(200, 201);

/** Parameters that change who is answered, with what, and for how long. */
const p = (number: number) => mac(25, number);
const parameters = `
authoritative; ping-check off; default-lease-time 600; max-lease-time 1200; min-secs 3; dhcp-cache-threshold 25; use-host-decl-names on;
host named-host { hardware ethernet ${colons(p(90))}; } host fixed-name { hardware ethernet ${colons(p(91))}; fixed-address 10.77.0.12; }
host own-name { hardware ethernet ${colons(p(92))}; option host-name "given"; }
host impatient { hardware ethernet ${colons(p(93))}; min-secs 0; deny booting; }
host lower { hardware ethernet ${colons(p(94))}; fixed-address 10.77.0.13; min-secs 0; option host-name = host-decl-name; }
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }
`;
function colons(chaddr: string): string {
  return (chaddr.match(/../g) ?? []).join(":");
}
const waited = (name: string, chaddr: string, secs: number, expect: DifferentialCase["expect"]): DifferentialCase => {
  const steps = [discover(chaddr, [prl(12)], { secs }), accept(chaddr, [prl(12)], { secs })];
  return { name, expect, steps: steps.slice(0, expect.length) };
};

const a = (number: number) => mac(26, number);
const adaptive = `
authoritative; ping-check off; default-lease-time 600; max-lease-time 1200; min-lease-time 60; adaptive-lease-time-threshold 50;
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.105; }
`;

const ids = (body: string): string => `
authoritative; ping-check off; ${body}
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }
host known { hardware ethernet ${colons(mac(27, 90))}; }
`;
const i = (number: number) => mac(27, number);

/** Leasequery (RFC 4388): the question comes from a relay, in its own name. */
const q = (number: number) => mac(28, number);
const query = (options: Parameters<typeof discover>[1], ciaddr = "0.0.0.0", chaddr = "000000000000"): StepSource => ({
  ...relayed(message(10, chaddr, options, { ciaddr, ...(chaddr === "000000000000" ? { htype: 0, hlen: 0, chaddr: "" } : {}) })),
});
const leasequery = `
authoritative; ping-check off; allow leasequery; default-lease-time 600; option domain-name "example.org"; option routers 10.77.0.1;
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }
host fixed { hardware ethernet ${colons(q(90))}; fixed-address 10.77.0.12; }
`;
const ASKED = prl(1, 3, 12, 15, 51, 61, 82, 91, 92);

export const LEASE_GROUPS: readonly CaseGroup[] = [
  {
    name: "variables and events",
    conf: variables,
    cases: [
      exchange("on commit sets a variable", v(1), text(60, "acme"), NOTES),
      {
        name: "it is there at the next time",
        expect: ["OFFER", "ACK", "ACK"],
        steps: [discover(v(1), [NOTES]), accept(v(1), [NOTES]), renew(v(1), [NOTES])],
      },
      exchange("unset", v(2), text(60, "acme"), text(12, "unset"), NOTES),
      exchange("empty and odd bytes", v(3), text(12, "empty"), NOTES),
      exchange("a number", v(4), text(12, "number"), NOTES),
      { name: "on release", expect: ["OFFER", "ACK", "none"], steps: [discover(v(5), [NOTES]), accept(v(5), [NOTES]), release(v(5))] },
      exchange("a later handler takes the place of an earlier one", v(6), text(12, "own"), NOTES),
      {
        name: "a handler of two events",
        expect: ["OFFER", "ACK", "none"],
        steps: [discover(v(7), [text(12, "events")]), accept(v(7), [text(12, "events")]), release(v(7))],
      },
      {
        name: "a variable set within a condition",
        expect: GRANTED,
        steps: [discover(v(10), [text(12, "inside"), NOTES]), accept(v(10), [text(12, "inside"), NOTES])],
      },
      exchange("a short lease", v(8), text(60, "short"), NOTES),
      { name: "on expiry", expect: ["OFFER"], wait: [5], steps: [discover(v(9), [NOTES])] },
    ],
  },
  {
    name: "execute",
    flags: ["--allow-execute"],
    conf: `authoritative; ping-check off;
      subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199;
        on commit { set mydid = "commit"; execute("/bin/sh", "-c", concat("echo commit ", binary-to-ascii(16, 8, ":", substring(hardware, 1, 6)), " >> /dev/null")); }
        on release { execute("/no/such/program", "x"); set mydid = "release"; } }`,
    cases: [
      exchange("a program on commit", mac(29, 1)),
      {
        name: "a missing program on release",
        expect: ["OFFER", "ACK", "none"],
        steps: [discover(mac(29, 2)), accept(mac(29, 2)), release(mac(29, 2))],
      },
      exchange("the server goes on", mac(29, 3)),
    ],
  },
  {
    name: "parameters of time and name",
    conf: parameters,
    cases: [
      waited("min-secs: too early", p(1), 0, ["none"]),
      waited("min-secs: one too early", p(1), 2, ["none"]),
      waited("min-secs: late enough", p(1), 3, GRANTED),
      waited("a host's name", p(90), 9, GRANTED),
      waited("the name of a host with an address", p(91), 9, GRANTED),
      waited("a name of its own", p(92), 9, GRANTED),
      waited("booting denied to a host", p(93), 9, ["none"]),
      waited("min-secs of a host", p(94), 0, ["none"]),
      waited("a name by expression", p(94), 9, GRANTED),
      {
        name: "the cached lease is told again",
        expect: ["OFFER", "ACK", "ACK"],
        wait: [0, 0, 3],
        steps: [discover(p(2), [], { secs: 9 }), accept(p(2), [], { secs: 9 }), renew(p(2))],
      },
    ],
  },
  {
    name: "adaptive lease times",
    conf: adaptive,
    cases: [1, 2, 3, 4, 5, 6].map((number) => exchange(`client ${number} of 6`, a(number))),
  },
  { name: "adaptive, then renewed", conf: adaptive, cases: [1, 2, 3, 4, 1].map((number) => exchange(`client ${number}`, a(number))) },
  {
    name: "identifiers ignored",
    conf: ids("ignore-client-uids true;"),
    cases: [
      exchange("first identifier", i(1), opt(61, "0001")),
      exchange("second identifier, same card", i(1), opt(61, "0002")),
      exchange("none", i(1)),
      exchange("same identifier, another card", i(2), opt(61, "0001")),
    ],
  },
  {
    name: "identifiers returned",
    conf: ids(
      "echo-client-id true; server-id-check true; boot-unknown-clients true; always-reply-rfc1048 true; check-secs-byte-order true;",
    ),
    cases: [
      exchange("an identifier", i(3), opt(61, "0001"), prl(1, 61)),
      exchange("no identifier", i(4), prl(1, 61)),
      { name: "secs in the wrong order", expect: ["OFFER"], steps: [discover(i(5), [], { secs: 0x0300 })] },
      { name: "bootp", expect: ["none"], steps: [{ packet: { xid: 0, chaddr: i(6) } }] },
    ],
  },
  {
    name: "unknown clients are not booted",
    conf: ids("boot-unknown-clients off; option dhcp-server-identifier 10.77.0.1; infinite-is-reserved on;"),
    cases: [
      { name: "an unknown client", expect: ["none"], steps: [discover(i(7))] },
      exchange("a known client", i(90)),
      {
        name: "a known client that asks for eternity",
        expect: GRANTED,
        steps: [discover(i(90), [opt(51, "ffffffff")]), accept(i(90), [opt(51, "ffffffff")])],
      },
    ],
  },
  {
    name: "agent options are not kept",
    conf: `authoritative; ping-check off; stash-agent-options off;
      subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; if exists agent.circuit-id { option domain-name = option agent.circuit-id; } else { option domain-name "none"; } }`,
    cases: [
      {
        name: "renewal without the relay",
        expect: ["OFFER", "ACK", "ACK"],
        steps: [
          relayed(discover(mac(30, 1), [prl(15)]), undefined, [agent(text(1, "port"))]),
          relayedLater(accept(mac(30, 1), [prl(15)]), undefined, [agent(text(1, "port"))]),
          renew(mac(30, 1), [prl(15)]),
        ],
      },
    ],
  },
  {
    name: "lease queries",
    conf: leasequery,
    cases: [
      {
        name: "about an address in use",
        expect: ["OFFER", "ACK", "LEASEACTIVE"],
        steps: [
          relayed(discover(q(1), [opt(61, "0003"), text(12, "host")]), RELAY, [agent(text(1, "port"))]),
          relayedLater(accept(q(1), [opt(61, "0003"), text(12, "host")]), RELAY, [agent(text(1, "port"))]),
          (replies) => query([ASKED], held(replies)) as ReturnType<typeof from>,
        ],
      },
      { name: "about an address never used", expect: ["LEASEUNASSIGNED"], steps: [query([ASKED], "10.77.0.199")] },
      { name: "about an address that is not ours", expect: ["LEASEUNKNOWN"], steps: [query([ASKED], "10.99.0.1")] },
      { name: "by hardware", expect: ["LEASEACTIVE"], steps: [query([ASKED], undefined, q(1))] },
      { name: "by unknown hardware", expect: ["LEASEUNKNOWN"], steps: [query([ASKED], undefined, q(2))] },
      { name: "by identifier", expect: ["LEASEACTIVE"], steps: [query([opt(61, "0003"), ASKED])] },
      { name: "by unknown identifier", expect: ["LEASEUNKNOWN"], steps: [query([opt(61, "0004"), ASKED])] },
      { name: "without a list", expect: ["LEASEACTIVE"], steps: [query([], undefined, q(1))] },
      { name: "without a relay", expect: ["none"], steps: [from(message(10, q(1), [ASKED]), RELAY)] },
      {
        name: "about a released address",
        expect: ["OFFER", "ACK", "none", "LEASEUNASSIGNED"],
        steps: [
          discover(q(3)),
          accept(q(3)),
          release(q(3), [ip(54, "10.77.0.1")]),
          (replies) => query([ASKED], held(replies)) as ReturnType<typeof from>,
        ],
      },
    ],
  },
];
