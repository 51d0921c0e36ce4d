import { accept, type CaseGroup, discover, ip, mac, opt, prl, relayed, release, request, text, u16 } from "./case.ts";

const c = (number: number) => mac(5, number);

const classes = `
authoritative; ping-check off;
class "phones" { match if substring(option vendor-class-identifier, 0, 5) = "phone"; option domain-name "phones.example.org"; default-lease-time 900; }
class "limited" { match if option vendor-class-identifier = "few"; lease limit 1; }
class "by-vendor" { match option vendor-class-identifier; option time-offset 1; }
subclass "by-vendor" "sub-a" { option time-offset 2; option domain-name "sub-a.example.org"; }
subclass "by-vendor" 73:75:62:2d:62 { option time-offset 3; }
class "by-hardware" { match hardware; }
subclass "by-hardware" 1:${(mac(5, 5).match(/../g) ?? []).join(":")} { option domain-name "mac.example.org"; }
class "spawning" { spawn with option user-class; lease limit 2; option log-servers 10.77.0.9; }
class "substring-match" { match pick-first-value(option dhcp-client-identifier, hardware); option swap-server 10.77.0.8; }
subclass "substring-match" "chosen";
class "inner" { match if known; }
subnet 10.77.0.0 netmask 255.255.255.0 {
  option domain-name "subnet.example.org";
  pool { allow members of "phones"; range 10.77.0.10 10.77.0.12; option routers 10.77.0.254; }
  pool { allow members of "limited"; range 10.77.0.20 10.77.0.29; }
  pool { allow members of "spawning"; range 10.77.0.40 10.77.0.59; }
  pool { deny members of "phones"; deny members of "limited"; deny members of "spawning"; range 10.77.0.100 10.77.0.149; option routers 10.77.0.1; }
}
`;

/** `lease limit`: what a lease is billed to when its client comes with another class, in a DISCOVER and in a REQUEST. */
const limits = (more: string): string => `
authoritative; ping-check off; ${more}
class "few" { match if substring(option vendor-class-identifier, 0, 3) = "few"; lease limit 1; }
class "some" { match if suffix(option vendor-class-identifier, 4) = "some"; lease limit 2; }
class "any" { match if exists user-class; }
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.149; option domain-name "subnet.example.org"; }
`;

const few = (number: number, vendor = "few") => [discover(c(number), [text(60, vendor)]), accept(c(number), [text(60, vendor)])];

const limitCases = (threshold: boolean): CaseGroup["cases"] => [
  { name: "the one", expect: ["OFFER", "ACK"], steps: few(1) },
  { name: "one too many", expect: ["none"], steps: [discover(c(2), [text(60, "few")])] },
  { name: "outside the class, nothing changes", expect: ["OFFER", "ACK"], steps: few(2, "else") },
  { name: "its DISCOVER outside the class frees the place", expect: ["OFFER"], steps: [discover(c(1))] },
  { name: "which another in a lease takes with its DISCOVER", expect: ["OFFER"], steps: [discover(c(2), [text(60, "few")])] },
  { name: "so that the first is refused", expect: ["none"], steps: [discover(c(1), [text(60, "few")])] },
  { name: "even what it holds", expect: ["none"], steps: [request(c(1), [text(60, "few"), ip(50, "10.77.0.100")])] },
  { name: "the other asks for its lease outside the class", expect: ["OFFER", "ACK"], steps: few(2, "else") },
  { name: "an INIT-REBOOT bills", expect: ["ACK"], steps: [request(c(1), [text(60, "few"), ip(50, "10.77.0.100")])] },
  { name: "a class without limit", expect: ["OFFER", "ACK"], steps: [discover(c(1), [text(77, "u")]), accept(c(1), [text(77, "u")])] },
  { name: "a full class, then one with room", expect: ["OFFER", "ACK", "OFFER", "ACK"], steps: [...few(3), ...few(4, "few-some")] },
  { name: "the last place of the second", expect: ["OFFER", "ACK"], steps: few(5, "few-some") },
  { name: "both full", expect: ["none"], steps: [discover(c(6), [text(60, "few-some")])] },
  {
    name: "a lease moves to the class it comes with",
    expect: ["OFFER", "none", "OFFER", "OFFER", "ACK"],
    steps: [discover(c(3)), discover(c(6), [text(60, "some")]), discover(c(4), [text(60, "few")]), ...few(6, "some")],
  },
  {
    name: "a release frees the place",
    expect: ["OFFER", "OFFER", "ACK", "none", "OFFER", "ACK"],
    steps: [discover(c(4)), ...few(7), release(c(7)), ...few(8)],
  },
  ...(threshold
    ? [
        { name: "an unaltered lease", expect: ["OFFER", "ACK"] as const, steps: few(9, "else"), wait: [0, 2] },
        { name: "again at once", expect: ["OFFER", "ACK"] as const, steps: few(9, "else"), wait: [2, 0] },
      ]
    : []),
];

const conditions = `
authoritative; ping-check off;
option arch code 93 = unsigned integer 16;
option client-fqdn-text code 210 = text;
option result code 211 = text;
option number code 212 = unsigned integer 32;
option small code 213 = unsigned integer 8;
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }
if exists user-class and option user-class = "iPXE" { filename "http://10.77.0.6/boot.ipxe"; }
elsif option arch = 00:07 { filename "bootx64.efi"; next-server 10.77.0.7; }
elsif option arch = 00:00 { filename "pxelinux.0"; next-server 10.77.0.6; }
else { filename "none"; }
switch (substring(option vendor-class-identifier, 0, 3)) {
  case "one": option result "case one"; break;
  case "two": option result "case two";
  case "tri": option number 3; break;
  default: option result "default";
}
if option host-name = "concat" { option result = concat("h-", option host-name, "-", binary-to-ascii(16, 8, ":", hardware)); }
if option host-name = "suffix" { option result = suffix(option host-name, 3); }
if option host-name = "case" { option result = ucase(concat(option host-name, lcase("XyZ"))); }
if option host-name = "reverse" { option result = reverse(2, "abcdef"); }
if option host-name = "pick" { option result = pick-first-value(option nis-domain, option host-name, "never"); }
if option host-name = "numbers" { option number = encode-int(extract-int(hardware, 32), 32); option small = encode-int(extract-int(substring(hardware, 6, 1), 8), 8); }
if option host-name = "encode" { option result = concat(encode-int(65, 8), encode-int(16962, 16)); }
if option host-name = "decimal" { option result = binary-to-ascii(10, 8, ".", packet(28, 6)); }
if option host-name = "octal" { option result = binary-to-ascii(8, 32, "/", packet(28, 4)); }
if option host-name = "packet" { option result = binary-to-ascii(16, 8, "", packet(0, 4)); }
if option host-name = "leased" { option result = binary-to-ascii(10, 8, ".", leased-address); }
if option host-name = "time" { option number = encode-int(lease-time, 32); }
if option host-name = "config" { option result = pick-first-value(config-option domain-name, "no domain"); }
if option host-name ~= "^re[0-9]+$" { option result "regex"; }
if option host-name ~~ "^ICASE" { option result "icase"; }
if not (exists host-name) { option number 404; }
if option host-name = "or" or option host-name = "either" { option result "or"; }
if option host-name != "unequal" and exists nis-domain { option result "nis"; }
if known { option small 1; } else { option small 2; }
if static { option swap-server 1.1.1.1; }
set seen = option host-name;
if option host-name = "variable" { option result = concat("v-", seen); unset seen; if defined(seen) { option number 1; } else { option number 2; } }
define twice(arg) { return concat(arg, arg); }
if option host-name = "function" { option result = twice("ab"); }
if option host-name = "eval" { eval twice("ab"); option result "evaluated"; }
if option host-name = "gethost" { option result = host-decl-name; }
host declared { hardware ethernet ${(mac(5, 99).match(/../g) ?? []).join(":")}; }
host fixed { hardware ethernet ${(mac(5, 98).match(/../g) ?? []).join(":")}; fixed-address 10.77.0.98; }
`;

const hostName = (name: string, number: number): CaseGroup["cases"][number] => ({
  name: `expression: ${name}`,
  expect: ["OFFER", "ACK"],
  steps: [discover(c(number), [text(12, name), prl(211, 212, 213, 16)]), accept(c(number), [text(12, name), prl(211, 212, 213, 16)])],
});

const expressions = [
  "concat",
  "suffix",
  "case",
  "reverse",
  "pick",
  "numbers",
  "encode",
  "decimal",
  "octal",
  "packet",
  "leased",
  "time",
  "config",
  "re42",
  "rex",
  "icaseful",
  "either",
  "unequal",
  "variable",
  "function",
  "eval",
  "gethost",
];

const overriding = `
authoritative; ping-check off;
option domain-name "global"; option time-offset 1;
append domain-name-servers 10.1.1.1;
option domain-name-servers 10.1.1.2;
default option nis-domain "nis-default";
supersede option root-path "superseded";
class "c" { match if option vendor-class-identifier = "c"; option domain-name "class"; option log-servers 10.2.2.2; }
shared-network n { option domain-name "shared"; option log-servers 10.2.2.1;
  subnet 10.77.0.0 netmask 255.255.255.0 { option domain-name "subnet"; option time-offset 2;
    pool { option domain-name "pool"; option time-offset 3; range 10.77.0.100 10.77.0.149; }
    group { option time-offset 4; host h { hardware ethernet ${(mac(5, 90).match(/../g) ?? []).join(":")}; fixed-address 10.77.0.90; } host g { hardware ethernet ${(mac(5, 91).match(/../g) ?? []).join(":")}; option domain-name "host"; } }
  }
}
`.replace(/^(append|default|supersede) .*\n/gm, "");

const scope = (name: string, number: number, vendor: string): CaseGroup["cases"][number] => ({
  name,
  expect: ["OFFER"],
  steps: [discover(c(number), [text(60, vendor), prl(15, 2, 6, 7, 17, 40)])],
});

export const CLASS_GROUPS: readonly CaseGroup[] = [
  {
    name: "classes and pools",
    conf: classes,
    cases: [
      {
        name: "a member's pool, options and time",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(1), [text(60, "phone-1"), prl(3, 15)]), accept(c(1), [text(60, "phone-1"), prl(3, 15)])],
      },
      { name: "not a member", expect: ["OFFER"], steps: [discover(c(2), [prl(3, 15)])] },
      { name: "a subclass by text", expect: ["OFFER"], steps: [discover(c(3), [text(60, "sub-a"), prl(2, 15)])] },
      { name: "a subclass by bytes", expect: ["OFFER"], steps: [discover(c(4), [text(60, "sub-b"), prl(2, 15)])] },
      { name: "no such subclass", expect: ["OFFER"], steps: [discover(c(6), [text(60, "sub-c"), prl(2, 15)])] },
      { name: "a subclass by hardware", expect: ["OFFER"], steps: [discover(c(5), [prl(15)])] },
      { name: "a subclass by identifier", expect: ["OFFER"], steps: [discover(c(7), [text(61, "chosen"), prl(16)])] },
      {
        name: "lease limit: the first",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(8), [text(60, "few")]), accept(c(8), [text(60, "few")])],
      },
      { name: "lease limit: one too many", expect: ["none"], steps: [discover(c(9), [text(60, "few")])] },
      {
        name: "lease limit: the first again",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(8), [text(60, "few")]), accept(c(8), [text(60, "few")])],
      },
      {
        name: "spawned class, first member",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(10), [text(77, "door"), prl(7)]), accept(c(10), [text(77, "door"), prl(7)])],
      },
      {
        name: "spawned class, second member",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(11), [text(77, "door"), prl(7)]), accept(c(11), [text(77, "door"), prl(7)])],
      },
      { name: "spawned class, third member", expect: ["none"], steps: [discover(c(12), [text(77, "door")])] },
      { name: "another spawned class", expect: ["OFFER"], steps: [discover(c(13), [text(77, "window"), prl(7)])] },
      {
        name: "a class left behind in the request",
        expect: ["OFFER", "NAK"],
        steps: [discover(c(14), [text(60, "phone-2")]), accept(c(14))],
      },
      {
        name: "a full class pool",
        expect: ["OFFER", "ACK", "none"],
        steps: [discover(c(15), [text(60, "phone")]), accept(c(15), [text(60, "phone")]), discover(c(16), [text(60, "phone")])],
      },
    ],
  },
  { name: "lease limits", conf: limits("dhcp-cache-threshold 0;"), cases: limitCases(false) },
  { name: "lease limits and young leases", conf: limits("dhcp-cache-threshold 99;"), cases: limitCases(true) },
  {
    name: "a threshold over 99 is the usual one",
    conf: `authoritative; ping-check off; dhcp-cache-threshold 100; default-lease-time 12; max-lease-time 12;
      subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.110; }`,
    cases: [
      {
        name: "past a quarter of its time a lease begins anew",
        wait: [0, 5],
        expect: ["ACK", "ACK"],
        steps: [request(mac(42, 1), [ip(50, "10.77.0.100")]), request(mac(42, 1), [ip(50, "10.77.0.100")])],
      },
    ],
  },
  {
    name: "conditions and expressions",
    conf: conditions,
    cases: [
      {
        name: "PXE by BIOS",
        expect: ["OFFER", "ACK"],
        steps: [
          discover(c(30), [
            text(60, "PXEClient:Arch:00000:UNDI:002001"),
            u16(93, 0),
            opt(94, "010201"),
            opt(97, `00${"ab".repeat(16)}`),
            prl(1, 3, 43, 54, 60, 66, 67, 128, 129),
          ]),
          accept(c(30), [text(60, "PXEClient:Arch:00000:UNDI:002001"), u16(93, 0)]),
        ],
      },
      {
        name: "PXE by UEFI",
        expect: ["OFFER"],
        steps: [discover(c(31), [text(60, "PXEClient:Arch:00007:UNDI:003000"), u16(93, 7), prl(66, 67)])],
      },
      { name: "iPXE", expect: ["OFFER"], steps: [discover(c(32), [text(77, "iPXE"), u16(93, 7)])] },
      { name: "neither", expect: ["OFFER"], steps: [discover(c(33))] },
      ...["one", "two", "tri", "xyz"].map((vendor, n): CaseGroup["cases"][number] => ({
        name: `switch: ${vendor}`,
        expect: ["OFFER"],
        steps: [discover(c(34 + n), [text(60, vendor), prl(211, 212)])],
      })),
      ...expressions.map((name, n) => hostName(name, 40 + n)),
      { name: "expression: nis", expect: ["OFFER"], steps: [discover(c(70), [text(12, "x"), text(40, "nis"), prl(211)])] },
      { name: "known", expect: ["OFFER"], steps: [discover(c(99), [text(12, "gethost"), prl(211, 213)])] },
      { name: "static", expect: ["OFFER"], steps: [discover(c(98), [prl(213, 16)])] },
      { name: "relayed hops do not matter", expect: ["OFFER"], steps: [relayed(discover(c(71), [text(12, "packet"), prl(211)]))] },
    ],
  },
  {
    name: "scopes",
    conf: overriding,
    cases: [
      scope("pool over subnet", 80, "x"),
      scope("class over pool?", 81, "c"),
      scope("group of a host with address", 90, "x"),
      scope("host without address", 91, "c"),
    ],
  },
  {
    name: "further statements",
    conf: `authoritative; ping-check off; use-host-decl-names on; option domain-name "example.org";
      server-identifier 10.77.0.1; server-name "me"; always-reply-rfc1048 on; use-lease-addr-for-default-route on;
      subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.149; site-option-space "none-such"; }`.replace(
      'site-option-space "none-such"; ',
      "",
    ),
    cases: [
      { name: "no name to be had", expect: ["OFFER", "ACK"], steps: [discover(c(85), [prl(12, 3, 66)]), accept(c(85), [prl(12, 3, 66)])] },
      { name: "the address is the router", expect: ["OFFER"], steps: [discover(c(86), [prl(3)])] },
      { name: "request for it", expect: ["ACK"], steps: [request(c(87), [ip(50, "10.77.0.120")])] },
    ],
  },
];
