import {
  accept,
  type CaseGroup,
  discover,
  inform,
  ip,
  mac,
  opt,
  prl,
  relayed,
  release,
  request,
  type StepSource,
  text,
  u16,
  u32,
} from "./case.ts";

/* What conformance suites written for dhcpd look at: identifiers that go back, every standard option by itself, fields and lengths gone astray. */

const c = (number: number) => mac(11, number);
const pool = "range 10.77.0.100 10.77.0.199;";
const subnet = (inner: string): string => `subnet 10.77.0.0 netmask 255.255.255.0 { ${inner} }\n`;
const ID = opt(61, "72656331323334");
const times = <T>(count: number, what: T): T[] => Array.from({ length: count }, () => what);

/** An offer, a lease, and a refusal. */
const toRefusal = (number: number, ...options: (typeof ID)[]): readonly StepSource[] => [
  discover(c(number), options),
  accept(c(number), options),
  request(c(number), [ip(50, "172.16.1.100"), ip(54, "10.77.0.1"), ...options]),
];
const OFFER_ACK_NAK = ["OFFER", "ACK", "NAK"] as const;
/** With and without an identifier; asking for nothing, for something else, for the identifier too. */
const asking = (number: number): CaseGroup["cases"] => [
  {
    name: "with an identifier, by what is asked for",
    expect: times(3, "OFFER"),
    steps: [[], [prl(17)], [prl(17, 61)]].map((list, at) => discover(c(number + at), [ID, ...list])),
  },
  {
    name: "without one, by what is asked for",
    expect: times(4, "OFFER"),
    steps: [[], [prl(17)], [prl(17, 61)], [prl(118, 17)]].map((list, at) => discover(c(number + 3 + at), list)),
  },
  {
    name: "inform, with and without one",
    expect: times(6, "ACK"),
    steps: [[], [prl(17)], [prl(17, 61)]].flatMap((list) => [
      inform(c(number + 7), "10.77.0.42", [ID, ...list]),
      inform(c(number + 8), "10.77.0.43", list),
    ]),
  },
];
const configured = 'option root-path "/srv/root"; option dhcp-client-identifier "cfg1234";';

/** The standard options, each with a value; one class for each, so that every one is sent by itself. */
const VALUES: Readonly<Record<string, readonly [code: number, value: string][]>> = {
  address: [3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 28, 32, 41, 42, 44, 45, 48, 49, 65, 68, 69, 70, 71, 72, 73, 74, 75, 76, 85, 89, 112, 118].map(
    (code) => [code, "199.199.199.1"],
  ),
  text: [12, 14, 15, 17, 18, 40, 43, 47, 60, 62, 64, 66, 67, 77, 86, 87, 98, 113, 114].map((code) => [code, '"some.example.com"']),
  flag: [19, 20, 27, 29, 30, 31, 34, 36, 39].map((code) => [code, "on"]),
  number: [2, 13, 22, 23, 24, 26, 35, 37, 38, 46, 58, 59].map((code) => [code, "86"]),
  other: [
    [21, "199.199.199.1 50.50.50.1"],
    [25, "100, 300, 500"],
    [33, "199.199.199.1 70.70.70.5, 80.80.80.80 10.10.10.10"],
    [119, '"a.example.com", "b.example.com"'],
    [124, "01:02"],
    [125, "00:00"],
  ],
};
const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  `2 time-offset 3 routers 4 time-servers 5 ien116-name-servers 6 domain-name-servers 7 log-servers 8 cookie-servers 9 lpr-servers
  10 impress-servers 11 resource-location-servers 12 host-name 13 boot-size 14 merit-dump 15 domain-name 16 swap-server 17 root-path
  18 extensions-path 19 ip-forwarding 20 non-local-source-routing 21 policy-filter 22 max-dgram-reassembly 23 default-ip-ttl
  24 path-mtu-aging-timeout 25 path-mtu-plateau-table 26 interface-mtu 27 all-subnets-local 28 broadcast-address
  29 perform-mask-discovery 30 mask-supplier 31 router-discovery 32 router-solicitation-address 33 static-routes
  34 trailer-encapsulation 35 arp-cache-timeout 36 ieee802-3-encapsulation 37 default-tcp-ttl 38 tcp-keepalive-interval
  39 tcp-keepalive-garbage 40 nis-domain 41 nis-servers 42 ntp-servers 43 vendor-encapsulated-options 44 netbios-name-servers
  45 netbios-dd-server 46 netbios-node-type 47 netbios-scope 48 font-servers 49 x-display-manager 58 dhcp-renewal-time
  59 dhcp-rebinding-time 60 vendor-class-identifier 62 nwip-domain 64 nisplus-domain 65 nisplus-servers 66 tftp-server-name
  67 bootfile-name 68 mobile-ip-home-agent 69 smtp-server 70 pop-server 71 nntp-server 72 www-server 73 finger-server 74 irc-server
  75 streettalk-server 76 streettalk-directory-assistance-server 77 user-class 85 nds-servers 86 nds-tree-name 87 nds-context
  89 bcms-controller-address 98 uap-servers 112 netinfo-server-address 113 netinfo-server-tag 114 default-url 118 subnet-selection
  119 domain-search 124 vivco 125 vivso`
    .trim()
    .split(/\s+(?=\d+ )/)
    .map((words) => words.trim().split(" ") as [string, string]),
);
const eachClass = (values: readonly [number, string][]): string =>
  values.map(([n, v]) => `class "o${n}" { match if option user-class = "o${n}"; option dhcp.${NAMES[n]} ${v}; }`).join("\n");
/** A client of each class, which asks for that class's option, and one which asks for it behind the mask. */
const eachOption = (kind: string): CaseGroup["cases"][number] => ({
  name: `by itself, with the mask, and informed of: ${kind}`,
  expect: VALUES[kind]!.flatMap(() => ["OFFER", "OFFER", "ACK"] as const),
  steps: VALUES[kind]!.flatMap(([code]) => [
    discover(c(code), [prl(code), text(77, `o${code}`)]),
    discover(c(code), [prl(1, code), text(77, `o${code}`)]),
    inform(c(code), "10.77.0.42", [prl(code), text(77, `o${code}`)]),
  ]),
});

const STRANGE_LENGTHS = "50 51 54 55 57 60 77 80 81 82".split(" ").map((code) => opt(Number(code), ""));
const STRANGE_VALUES = [
  opt(50, "0a4d001400"),
  opt(51, "0102030405"),
  opt(57, "00"),
  opt(57, "0000"),
  opt(57, "ffff"),
  opt(61, "00"),
  opt(81, "00"),
  opt(81, "000000"),
  opt(82, "00"),
  opt(12, "00"),
  opt(116, "01"),
  opt(52, "04"),
  opt(52, "ff"),
  opt(124, "00"),
];

export const CONFORMANCE_GROUPS: readonly CaseGroup[] = [
  {
    name: "client identifiers that go back",
    conf: `authoritative; ping-check off; echo-client-id on; ${subnet(`${configured} ${pool}`)}`,
    cases: [
      { name: "the client's own", expect: OFFER_ACK_NAK, steps: toRefusal(1, ID) },
      { name: "for want of it the configured one", expect: OFFER_ACK_NAK, steps: toRefusal(2) },
      ...asking(10),
    ],
  },
  {
    name: "client identifiers that do not",
    conf: `authoritative; ping-check off; ${subnet(`${configured} ${pool}`)}
class "echo" { match if substring(option host-name, 0, 4) = "echo"; echo-client-id on; }`,
    cases: [
      { name: "the client's own", expect: OFFER_ACK_NAK, steps: toRefusal(1, ID) },
      { name: "for want of it the configured one", expect: OFFER_ACK_NAK, steps: toRefusal(2) },
      { name: "a class in which they do", expect: OFFER_ACK_NAK, steps: toRefusal(3, ID, text(12, "echo")) },
      { name: "another class", expect: OFFER_ACK_NAK, steps: toRefusal(4, ID, text(12, "noecho")) },
      ...asking(10),
    ],
  },
  {
    name: "every standard option",
    conf: `authoritative; ping-check off;\n${Object.values(VALUES).map(eachClass).join("\n")}\n${subnet(pool)}`,
    cases: Object.keys(VALUES).map(eachOption),
  },
  {
    name: "fields and lengths astray",
    conf: `authoritative; ping-check off; option domain-name "example.org"; ${subnet(pool)}`,
    cases: [
      {
        name: "addresses in a DISCOVER that have no business there",
        expect: times(8, "OFFER"),
        steps: ["ciaddr", "yiaddr", "siaddr"]
          .flatMap((field, at) =>
            ["10.77.0.109", "255.255.255.255"].map((value, on) => discover(c(1 + 2 * at + on), [], { [field]: value })),
          )
          .concat(discover(c(7), [], { sname: "me", file: "you", secs: 65535, flags: 0x7fff }), relayed(discover(c(8), [], { hops: 17 }))),
      },
      {
        name: "in a REQUEST to be refused",
        expect: ["none", "NAK"],
        steps: ["ciaddr", "siaddr"].map((field, at) =>
          request(c(10 + at), [ip(50, "172.16.0.1"), ip(54, "10.77.0.1")], { [field]: "255.255.255.255" }),
        ),
      },
      {
        name: "options without a value",
        expect: times(STRANGE_LENGTHS.length, "OFFER"),
        steps: STRANGE_LENGTHS.map((o, at) => discover(c(20 + at), [o])),
      },
      {
        name: "options of another shape",
        expect: times(STRANGE_VALUES.length, "OFFER"),
        steps: STRANGE_VALUES.map((o, at) => discover(c(40 + at), [o])),
      },
      {
        name: "an option in pieces",
        expect: times(3, "OFFER"),
        steps: [
          [opt(55, "06"), opt(12, "61"), opt(55, "0f")],
          [opt(50, "0a4d"), opt(50, "0096")],
          [opt(61, "0102"), opt(61, "0304")],
        ].map((o, at) => discover(c(60 + at), o)),
      },
      {
        name: "times asked for",
        expect: ["OFFER", "ACK", "ACK", "ACK"],
        steps: [
          discover(c(70), [u32(51, 700)]),
          accept(c(70), [u32(51, 800)]),
          ...[0, 1].map((time) => accept(c(70), [u32(51, time), u16(57, 576)])),
        ],
      },
      {
        name: "many machines with one identifier, one machine with many",
        expect: ["OFFER", "ACK", "OFFER", "ACK", "OFFER", "ACK", "OFFER", "ACK", "none", "OFFER"],
        steps: [
          ...[80, 81].flatMap((n) => [discover(c(n), [ID]), accept(c(n), [ID])]),
          ...[opt(61, "0102"), opt(61, "0103")].flatMap((id) => [discover(c(80), [id]), accept(c(80), [id])]),
          release(c(80), [opt(61, "0103"), ip(54, "10.77.0.1")]),
          discover(c(82), [opt(61, "0103")]),
        ],
      },
    ],
  },
];
