import {
  accept,
  type CaseGroup,
  discover,
  ip,
  mac,
  message,
  opt,
  prl,
  rebind,
  relayed,
  release,
  request,
  type Step,
  text,
} from "./case.ts";

const c = (number: number) => mac(4, number);
const bootp = (chaddr: string, more: Partial<Extract<Step["packet"], { xid: number }>> = {}): Step => ({
  packet: { xid: 0, chaddr, options: [], ...more },
});
const colons = (chaddr: string): string => chaddr.match(/../g)?.join(":") ?? "";
const hardware = (number: number): string => `hardware ethernet ${colons(c(number))};`;

const hosts = `
authoritative; ping-check off;
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; option routers 10.77.0.1; option domain-name "subnet.example.org"; }
subnet 10.50.0.0 netmask 255.255.255.0 { range 10.50.0.100 10.50.0.199; }
host by-hardware { ${hardware(1)} fixed-address 10.77.0.21; option domain-name "host.example.org"; }
host by-text-id { option dhcp-client-identifier "printer"; fixed-address 10.77.0.22; }
host by-hex-id { option dhcp-client-identifier 01:aa:bb:cc; fixed-address 10.77.0.23; }
host wrong-subnet { ${hardware(4)} fixed-address 10.99.0.5; option domain-name "wrong.example.org"; }
host two-subnets { ${hardware(5)} fixed-address 10.50.0.25, 10.77.0.25; }
host no-address { ${hardware(6)} option domain-name "noaddress.example.org"; default-lease-time 777; }
host denied { ${hardware(7)} deny booting; }
host in-range { ${hardware(8)} fixed-address 10.77.0.108; }
host boots { ${hardware(9)} fixed-address 10.77.0.29; next-server 10.77.0.6; filename "boots.img"; server-name "boots"; option host-name "explicit"; }
host by-circuit { host-identifier option agent.circuit-id "port7"; fixed-address 10.77.0.30; }
group { option domain-name "group.example.org"; use-host-decl-names on;
  host grouped { ${hardware(11)} fixed-address 10.77.0.31; }
  host grouped-free { ${hardware(12)} }
}
host infinite { ${hardware(13)} fixed-address 10.77.0.33; default-lease-time 4294967295; max-lease-time 4294967295; }
host token { hardware token-ring ${colons(c(14))}; fixed-address 10.77.0.34; }
host next-by-both { ${hardware(15)} option dhcp-client-identifier "both"; fixed-address 10.77.0.35; }
host ignored { ${hardware(16)} ignore booting; fixed-address 10.77.0.36; }
`;

const fixed = (name: string, number: number, more: Step = discover(c(number), [prl(1, 3, 12, 15)])): CaseGroup["cases"][number] => ({
  name,
  expect: ["OFFER", "ACK"],
  steps: [more, accept(c(number), [prl(1, 3, 12, 15)])],
});

const ids = `authoritative; ping-check off; subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }`;

const bootpConf = `
authoritative; ping-check off; allow bootp;
option domain-name "example.org";
subnet 10.77.0.0 netmask 255.255.255.0 {
  option routers 10.77.0.1; next-server 10.77.0.6; filename "default.img";
  pool { range dynamic-bootp 10.77.0.200 10.77.0.209; dynamic-bootp-lease-length 3600; }
  pool { range 10.77.0.100 10.77.0.149; }
}
host static { ${hardware(60)} fixed-address 10.77.0.60; filename "static.img"; option host-name "static"; }
`;

const policy = (statements: string, pool = ""): string => `
authoritative; ping-check off; ${statements}
host known { ${hardware(80)} option host-name "known"; }
host fixed { ${hardware(81)} fixed-address 10.77.0.81; }
subnet 10.77.0.0 netmask 255.255.255.0 { pool { ${pool} range 10.77.0.100 10.77.0.149; } }
`;
type Answer = "OFFER" | "none";
const policyCases = (
  known: Answer,
  fixedHost: Answer,
  unknown: Answer,
  reboot: "ACK" | "NAK" | "none" = unknown === "OFFER" ? "ACK" : "NAK",
): CaseGroup["cases"] => [
  { name: "a known client", expect: [known], steps: [discover(c(80))] },
  { name: "a known client with an address", expect: [fixedHost], steps: [discover(c(81))] },
  { name: "an unknown client", expect: [unknown], steps: [discover(c(82))] },
  {
    name: "an unknown client by init-reboot",
    expect: [reboot],
    steps: [request(c(83), [ip(50, "10.77.0.120")])],
  },
];

export const CLIENT_GROUPS: readonly CaseGroup[] = [
  {
    name: "hosts",
    conf: hosts,
    cases: [
      fixed("by hardware address", 1),
      {
        name: "by text identifier",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(2), [text(61, "printer")]), accept(c(2), [text(61, "printer")])],
      },
      { name: "text identifier with a leading zero", expect: ["OFFER"], steps: [discover(c(62), [opt(61, "007072696e746572")])] },
      { name: "by hexadecimal identifier", expect: ["OFFER"], steps: [discover(c(3), [opt(61, "01aabbcc")])] },
      fixed("fixed address in a subnet elsewhere", 4),
      fixed("two fixed addresses, this network", 5),
      { name: "two fixed addresses, the other network", expect: ["OFFER"], steps: [relayed(discover(c(5)), "10.50.0.1")] },
      fixed("a host without address", 6),
      { name: "deny booting", expect: ["none"], steps: [discover(c(7))] },
      fixed("fixed address inside the range", 8),
      fixed("boot parameters", 9),
      { name: "by agent option", expect: ["OFFER"], steps: [relayed(discover(c(10)), undefined, [opt(82, "0105706f727437")])] },
      fixed("host name by declaration", 11),
      fixed("host name by declaration, dynamic address", 12),
      fixed("endless", 13),
      { name: "hardware type matters: ethernet", expect: ["OFFER"], steps: [discover(c(14))] },
      { name: "hardware type matters: token ring", expect: ["OFFER"], steps: [discover(c(14), [], { htype: 6 })] },
      { name: "both criteria, identifier given", expect: ["OFFER"], steps: [discover(c(75), [text(61, "both")])] },
      { name: "both criteria, hardware only", expect: ["OFFER"], steps: [discover(c(15))] },
      { name: "ignore booting", expect: ["none"], steps: [discover(c(16))] },
      { name: "init-reboot with the fixed address", expect: ["ACK"], steps: [request(c(1), [ip(50, "10.77.0.21")])] },
      { name: "init-reboot with another address", expect: ["NAK"], steps: [request(c(1), [ip(50, "10.77.0.150")])] },
      {
        name: "another asks for a fixed address",
        expect: ["OFFER", "none"],
        steps: [discover(c(70), [ip(50, "10.77.0.21")]), request(c(70), [ip(50, "10.77.0.21")])],
      },
      {
        name: "renewal and release of a fixed address",
        expect: ["OFFER", "ACK", "ACK", "none", "OFFER"],
        steps: [discover(c(1)), accept(c(1)), rebind(c(1)), release(c(1)), discover(c(1))],
      },
    ],
  },
  {
    name: "client identifiers",
    conf: ids,
    cases: [
      {
        name: "one identifier on two interfaces",
        expect: ["OFFER", "ACK", "OFFER"],
        steps: [discover(c(30), [text(61, "me")]), accept(c(30), [text(61, "me")]), discover(c(31), [text(61, "me")])],
      },
      {
        name: "one interface, two identifiers",
        expect: ["OFFER", "ACK", "OFFER"],
        steps: [discover(c(32), [text(61, "a")]), accept(c(32), [text(61, "a")]), discover(c(32), [text(61, "b")])],
      },
      { name: "identifier of length 0", expect: ["none", "none"], steps: [discover(c(33), [opt(61, "")]), accept(c(33), [opt(61, "")])] },
      {
        name: "identifier of length 1",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(34), [opt(61, "07")]), accept(c(34), [opt(61, "07")])],
      },
      {
        name: "identifier of 255 bytes",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(35), [opt(61, "ab".repeat(255))]), accept(c(35), [opt(61, "ab".repeat(255))])],
      },
      { name: "identifier dropped in the request", expect: ["OFFER", "ACK"], steps: [discover(c(36), [text(61, "x")]), accept(c(36))] },
      { name: "identifier first used in the request", expect: ["OFFER", "ACK"], steps: [discover(c(37)), accept(c(37), [text(61, "y")])] },
      {
        name: "identifier with quotes and zeros",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(38), [opt(61, "00225c0aff")]), accept(c(38), [opt(61, "00225c0aff")])],
      },
      {
        name: "host name with odd bytes",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(39), [opt(12, "612262005cff")]), accept(c(39), [opt(12, "612262005cff")])],
      },
      {
        name: "two network cards, then identifiers",
        expect: ["OFFER", "ACK", "OFFER", "ACK"],
        steps: [discover(c(45)), accept(c(45)), discover(c(45), [text(61, "later")]), accept(c(45), [text(61, "later")])],
      },
    ],
  },
  {
    name: "bootp",
    conf: bootpConf,
    cases: [
      { name: "static", expect: ["BOOTREPLY"], steps: [bootp(c(60))] },
      { name: "dynamic", expect: ["BOOTREPLY", "BOOTREPLY"], steps: [bootp(c(61)), bootp(c(61))] },
      { name: "without cookie", expect: ["BOOTREPLY"], steps: [{ packet: { xid: 0, chaddr: c(62) } }] },
      { name: "with request list", expect: ["BOOTREPLY"], steps: [bootp(c(63), { options: [prl(1, 3)] })] },
      { name: "to another server's name", expect: ["BOOTREPLY"], steps: [bootp(c(64), { sname: "elsewhere" })] },
      { name: "asking for a file", expect: ["BOOTREPLY"], steps: [bootp(c(65), { file: "mine.img" })] },
      { name: "with ciaddr", expect: ["BOOTREPLY"], steps: [bootp(c(66), { ciaddr: "10.77.0.77" })] },
      { name: "broadcast flag", expect: ["BOOTREPLY"], steps: [bootp(c(67), { flags: 0x8000 })] },
      { name: "a dhcp client in both pools", expect: ["OFFER", "ACK"], steps: [discover(c(68)), accept(c(68))] },
      { name: "relayed", expect: ["BOOTREPLY"], steps: [relayed(bootp(c(69)))] },
      { name: "a 548 byte request", expect: ["BOOTREPLY"], steps: [bootp(c(71), { padTo: 548 })] },
    ],
  },
  { name: "bootp by default", conf: ids, cases: [{ name: "dynamic without dynamic-bootp", expect: ["none"], steps: [bootp(c(72))] }] },
  {
    name: "deny bootp",
    conf: `deny bootp; ${bootpConf.replace("allow bootp;", "")}`,
    cases: [
      { name: "static", expect: ["none"], steps: [bootp(c(60))] },
      { name: "dhcp goes on", expect: ["OFFER"], steps: [discover(c(60))] },
    ],
  },
  { name: "deny unknown-clients", conf: policy("deny unknown-clients;"), cases: policyCases("OFFER", "OFFER", "none", "none") },
  { name: "ignore unknown-clients", conf: policy("ignore unknown-clients;"), cases: policyCases("OFFER", "OFFER", "none", "none") },
  { name: "pool for known clients", conf: policy("", "allow known-clients;"), cases: policyCases("OFFER", "OFFER", "none") },
  { name: "pool for unknown clients", conf: policy("", "deny known-clients;"), cases: policyCases("none", "OFFER", "OFFER") },
  { name: "pool for nobody", conf: policy("", "deny all clients;"), cases: policyCases("none", "OFFER", "none") },
  { name: "pool for dynamic bootp only", conf: policy("", "allow dynamic bootp clients;"), cases: policyCases("none", "OFFER", "none") },
  {
    name: "deny booting everywhere",
    conf: policy("deny booting;"),
    cases: [
      { name: "a known client", expect: ["none"], steps: [discover(c(80))] },
      { name: "an unknown client", expect: ["none"], steps: [discover(c(82))] },
    ],
  },
  {
    name: "always-broadcast",
    conf: `always-broadcast on; ${ids}`,
    cases: [{ name: "replies are broadcast", expect: ["OFFER", "ACK"], steps: [discover(c(90)), accept(c(90))] }],
  },
  {
    name: "deny declines, one lease per client",
    conf: `deny declines; one-lease-per-client true; ${ids}`,
    cases: [
      {
        name: "a decline is not believed",
        expect: ["OFFER", "ACK", "none", "OFFER"],
        steps: [
          discover(c(91)),
          accept(c(91)),
          (r) => message(4, c(91), [ip(50, r[1]?.yiaddr ?? ""), ip(54, "10.77.0.1")]),
          discover(c(91)),
        ],
      },
      {
        name: "the second lease frees the first",
        expect: ["OFFER", "ACK", "ACK"],
        steps: [discover(c(92)), accept(c(92)), request(c(92), [ip(50, "10.77.0.180")])],
      },
    ],
  },
  {
    name: "deny duplicates",
    conf: `deny duplicates; ${ids}`,
    cases: [
      {
        name: "new identifier frees the old lease",
        expect: ["OFFER", "ACK", "OFFER", "ACK"],
        steps: [
          discover(c(93), [text(61, "a")]),
          accept(c(93), [text(61, "a")]),
          discover(c(93), [text(61, "b")]),
          accept(c(93), [text(61, "b")]),
        ],
      },
    ],
  },
];
