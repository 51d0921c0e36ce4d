import { accept, agent, type CaseGroup, discover, inform, ip, mac, opt, prl, relayed, request, text, u16, u32 } from "./case.ts";

const c = (number: number) => mac(2, number);
const filler = (letter: string, length: number): string => letter.repeat(length);

const many = `
authoritative; ping-check off;
default-lease-time 1200; max-lease-time 2400; min-lease-time 300;
option domain-name "example.org";
option domain-name-servers 10.77.0.2, 10.77.0.3;
option ntp-servers 10.77.0.4;
option time-offset -3600;
option netbios-name-servers 10.77.0.5;
option netbios-node-type 8;
option host-name "given";
option domain-search "a.example.org", "b.example.org", "example.org";
option static-routes 10.1.0.0 10.77.0.7, 10.2.0.0 10.77.0.8;
option ip-forwarding off;
option interface-mtu 1400;
option root-path "10.77.0.6:/srv/nfs/root,rsize=8192";
option tftp-server-name "tftp.example.org";
option bootfile-name "pxelinux.0";
option log-servers 10.77.0.9;
option dhcp-renewal-time 500;
option dhcp-rebinding-time 900;
option code-200-text code 200 = text;
option code-200-text "${filler("x", 100)}";
option code-201-text code 201 = text;
option code-201-text "${filler("y", 255)}";
option code-202-text code 202 = text;
option code-202-text "${filler("z", 400)}";
option many code 203 = array of ip-address;
option many ${Array.from({ length: 80 }, (_, n) => `10.1.1.${n}`).join(", ")};
option mixed code 204 = { boolean, unsigned integer 16, ip-address, text };
option mixed true 4711 10.77.0.9 "tail";
option nested code 205 = array of { integer 8, unsigned integer 32 };
option nested -1 4000000000, 2 3;
option raw code 206 = string;
option raw 01:02:ff;
option flag code 207 = boolean;
option flag off;
option empty code 208 = text;
option empty "";
next-server 10.77.0.6; filename "boot.img"; server-name "boot.example.org";
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; option routers 10.77.0.1, 10.77.0.254; option broadcast-address 10.77.0.255; }
`;

const spaces = `
authoritative; ping-check off;
option space ACME;
option ACME.server code 1 = ip-address;
option ACME.name code 2 = text;
option ACME.flags code 3 = unsigned integer 8;
option space BIG code width 2 length width 2;
option BIG.first code 1 = unsigned integer 16;
option BIG.second code 2 = text;
option space ENC;
option ENC.one code 1 = unsigned integer 8;
option enc-200 code 200 = encapsulate ENC;
option ENC.one 77;
class "acme" {
  match if substring(option vendor-class-identifier, 0, 4) = "ACME";
  vendor-option-space ACME;
  option ACME.server 10.77.0.40;
  option ACME.name "acme-host";
  option ACME.flags 7;
}
class "raw43" { match if option vendor-class-identifier = "RAW"; option vendor-encapsulated-options 01:04:0a:4d:00:29:ff; }
class "enterprise" { match if substring(option vendor-class-identifier, 0, 3) = "ENT"; vendor-option-space ACME; option ACME.flags = pick-first-value(option ACME.flags, 09); }
class "enterprise-125" { match if exists vivco; option vivso 00:00:00:09:03:01:01:ff; }
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }
`;

const times = (statements: string, pool = ""): string => `
authoritative; ping-check off; ${statements}
subnet 10.77.0.0 netmask 255.255.255.0 { pool { range 10.77.0.100 10.77.0.149; ${pool} } }
`;
const timeCases = (group: number): CaseGroup["cases"] => [
  { name: "no time asked for", expect: ["OFFER", "ACK"], steps: [discover(mac(group, 1)), accept(mac(group, 1))] },
  { name: "a short time", expect: ["OFFER", "ACK"], steps: [discover(mac(group, 2), [u32(51, 10)]), accept(mac(group, 2), [u32(51, 10)])] },
  {
    name: "a long time",
    expect: ["OFFER", "ACK"],
    steps: [discover(mac(group, 3), [u32(51, 1_000_000)]), accept(mac(group, 3), [u32(51, 1_000_000)])],
  },
  {
    name: "infinity",
    expect: ["OFFER", "ACK"],
    steps: [discover(mac(group, 4), [u32(51, 0xffffffff)]), accept(mac(group, 4), [u32(51, 0xffffffff)])],
  },
  {
    name: "T1 and T2 on request",
    expect: ["OFFER", "ACK"],
    steps: [discover(mac(group, 5), [prl(58, 59, 51)]), accept(mac(group, 5), [prl(58, 59, 51)])],
  },
];

export const OPTION_GROUPS: readonly CaseGroup[] = [
  {
    name: "request lists and sizes",
    conf: many,
    cases: [
      { name: "no list", expect: ["OFFER", "ACK"], steps: [discover(c(1)), accept(c(1))] },
      { name: "the order of the list", expect: ["OFFER"], steps: [discover(c(2), [prl(15, 6, 3, 1, 28)])] },
      { name: "the list backwards", expect: ["OFFER"], steps: [discover(c(3), [prl(28, 1, 3, 6, 15)])] },
      { name: "what nobody configured", expect: ["OFFER"], steps: [discover(c(4), [prl(99, 150, 3)])] },
      { name: "an item twice", expect: ["OFFER"], steps: [discover(c(5), [prl(3, 6, 3)])] },
      { name: "an empty list", expect: ["OFFER"], steps: [discover(c(6), [opt(55, "")])] },
      {
        name: "classic dhclient's list",
        expect: ["OFFER"],
        steps: [discover(c(7), [prl(1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42)])],
      },
      { name: "Windows' list", expect: ["OFFER"], steps: [discover(c(8), [prl(1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252)])] },
      { name: "file and server name on request", expect: ["OFFER"], steps: [discover(c(9), [prl(66, 67, 17)])] },
      { name: "lease time and identifier in the list", expect: ["OFFER"], steps: [discover(c(10), [prl(51, 54, 53, 1)])] },
      { name: "T1 and T2", expect: ["OFFER"], steps: [discover(c(11), [prl(58, 59)])] },
      { name: "domain search, compressed", expect: ["OFFER"], steps: [discover(c(12), [prl(119)])] },
      { name: "255 bytes of text", expect: ["OFFER"], steps: [discover(c(13), [u16(57, 1400), prl(201)])] },
      { name: "a long option (RFC 3396)", expect: ["OFFER"], steps: [discover(c(14), [u16(57, 1400), prl(202)])] },
      { name: "a long list of addresses", expect: ["OFFER"], steps: [discover(c(15), [u16(57, 1400), prl(203)])] },
      { name: "a long option within 576 bytes", expect: ["OFFER"], steps: [discover(c(16), [prl(202)])] },
      {
        name: "everything, large",
        expect: ["OFFER"],
        steps: [discover(c(17), [u16(57, 1500), prl(1, 3, 6, 15, 200, 201, 202, 203, 204, 205, 206, 207, 208)])],
      },
      { name: "everything, default size", expect: ["OFFER"], steps: [discover(c(18), [prl(1, 3, 6, 15, 200, 201, 202, 203)])] },
      { name: "everything, 576", expect: ["OFFER"], steps: [discover(c(19), [u16(57, 576), prl(1, 3, 6, 15, 200, 201, 202, 203)])] },
      {
        name: "size of 300 is too small to count",
        expect: ["OFFER"],
        steps: [discover(c(20), [u16(57, 300), prl(1, 3, 6, 15, 200, 201)])],
      },
      { name: "size of 700 with overload", expect: ["OFFER"], steps: [discover(c(21), [u16(57, 700), prl(1, 3, 6, 15, 200, 201, 203)])] },
      { name: "records, arrays, booleans", expect: ["OFFER"], steps: [discover(c(22), [prl(204, 205, 206, 207, 208)])] },
      { name: "integers and flags", expect: ["OFFER"], steps: [discover(c(23), [prl(2, 19, 26, 46, 33)])] },
      { name: "subnet mask comes first", expect: ["OFFER"], steps: [discover(c(24), [prl(121, 3, 33, 1)])] },
      { name: "the same in the ACK", expect: ["OFFER", "ACK"], steps: [discover(c(25), [prl(1, 3)]), accept(c(25), [prl(6, 15, 1)])] },
      { name: "NAK carries little", expect: ["NAK"], steps: [request(c(26), [prl(1, 3, 6, 15), ip(50, "10.99.0.1")])] },
      {
        name: "client identifier comes back (RFC 6842)",
        expect: ["OFFER"],
        steps: [discover(c(27), [opt(61, "01020000000227"), prl(61, 1)])],
      },
      { name: "NAK with client identifier", expect: ["NAK"], steps: [request(c(28), [opt(61, "ff1122334455"), ip(50, "10.99.0.1")])] },
      {
        name: "inform with everything",
        expect: ["ACK"],
        steps: [inform(c(29), "10.77.0.42", [u16(57, 1500), prl(1, 3, 6, 15, 51, 54, 58, 59, 200, 204)])],
      },
      {
        name: "a relayed reply may not exceed 576",
        expect: ["OFFER"],
        steps: [relayed(discover(c(30), [prl(1, 3, 6, 200, 201)]), undefined, [agent(opt(1, "0102030405"))])],
      },
    ],
  },
  {
    name: "vendor options",
    conf: spaces,
    cases: [
      {
        name: "option 43 from a space",
        expect: ["OFFER", "ACK"],
        steps: [discover(c(40), [text(60, "ACME phone"), prl(43, 60)]), accept(c(40), [text(60, "ACME phone"), prl(43)])],
      },
      { name: "option 43 not asked for", expect: ["OFFER"], steps: [discover(c(41), [text(60, "ACME phone"), prl(1)])] },
      { name: "no list at all", expect: ["OFFER"], steps: [discover(c(42), [text(60, "ACME phone")])] },
      { name: "raw option 43", expect: ["OFFER"], steps: [discover(c(43), [text(60, "RAW"), prl(43)])] },
      { name: "another vendor", expect: ["OFFER"], steps: [discover(c(44), [text(60, "OTHER"), prl(43)])] },
      { name: "what the client encapsulated", expect: ["OFFER"], steps: [discover(c(45), [text(60, "ENT"), opt(43, "030105"), prl(43)])] },
      { name: "vendor class 124", expect: ["OFFER"], steps: [discover(c(46), [opt(124, "0000000904434f5245"), prl(124, 125)])] },
      { name: "a custom encapsulated option", expect: ["OFFER"], steps: [discover(c(47), [prl(200)])] },
    ],
  },
  { name: "default times", conf: times(""), cases: timeCases(0x21) },
  {
    name: "minimum, default, maximum times",
    conf: times("min-lease-time 600; default-lease-time 1200; max-lease-time 2400;"),
    cases: timeCases(0x22),
  },
  { name: "infinite leases", conf: times("default-lease-time -1; max-lease-time -1;"), cases: timeCases(0x23) },
  {
    name: "times of a pool",
    conf: times("default-lease-time 1200; max-lease-time 2400;", "default-lease-time 90; max-lease-time 120; option dhcp-renewal-time 40;"),
    cases: timeCases(0x24),
  },
  {
    name: "known in DHCPINFORM",
    conf: `authoritative; ping-check off;
      class "acquainted" { match if known; option nis-domain "class"; }
      subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.149;
        if known { option domain-name "known"; next-server 10.77.0.4; } else { option domain-name "unknown"; }
        pool { range 10.77.0.160 10.77.0.169; if known { option root-path "pool"; } } }
      host h { hardware ethernet ${(c(90).match(/../g) ?? []).join(":")}; if known { option host-name "host"; } if static { option merit-dump "static"; } }
      host f { hardware ethernet ${(c(91).match(/../g) ?? []).join(":")}; fixed-address 10.77.0.9; if known { option host-name "fixed"; } }`,
    cases: [
      { name: "a host without address", expect: ["ACK"], steps: [inform(c(90), "10.77.0.42", [prl(12, 14, 15, 17, 40)])] },
      { name: "a host in a pool", expect: ["ACK"], steps: [inform(c(90), "10.77.0.161", [prl(12, 14, 15, 17, 40)])] },
      { name: "a host with address", expect: ["ACK"], steps: [inform(c(91), "10.77.0.9", [prl(12, 14, 15, 17, 40)])] },
      { name: "a host with another address", expect: ["ACK"], steps: [inform(c(91), "10.77.0.43", [prl(12, 14, 15, 17, 40)])] },
      { name: "the same with a lease", expect: ["OFFER"], steps: [discover(c(90), [prl(12, 14, 15, 17, 40)])] },
    ],
  },
  {
    name: "which address after a start with leases",
    conf: `authoritative; ping-check off; class "none" { match if option host-name = "none"; } shared-network wire {
      subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.109; pool { deny members of "none"; range 10.77.0.130 10.77.0.133; } }
      subnet 10.50.0.0 netmask 255.255.255.0 { range 10.50.0.100 10.50.0.101; } }`,
    leases: [
      ["10.77.0.102", "active", "2037"],
      ["10.77.0.105", "free", "2020"],
      ["10.77.0.131", "active", "2037"],
      ["10.77.0.106", "abandoned", "2037"],
    ]
      .map(
        ([address, state, year], number) => `lease ${address} {
  starts 3 2020/01/01 00:00:00;
  ends 4 ${year}/01/01 00:00:00;
  binding state ${state};
  hardware ethernet 02:00:00:00:77:0${number};
}\n`,
      )
      .join(""),
    cases: Array.from({ length: 13 }, (_, number) => ({
      name: `client ${number}`,
      expect: ["OFFER"] as const,
      steps: [discover(c(100 + number))],
    })),
  },
];
