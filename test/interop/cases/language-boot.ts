import { accept, agent, type CaseGroup, type DifferentialCase, discover, mac, opt, prl, relayed, relayedLater, text, u16 } from "./case.ts";

const c = (number: number) => mac(20, number);
const e = (number: number) => mac(21, number);
const colons = (chaddr: string): string => (chaddr.match(/../g) ?? []).join(":");

/** Boot recipes as sites have them: by architecture class, user class, host, pool, relay port. */
const boot = `
authoritative; ping-check off;
option space PXE; option PXE.mtftp-ip code 1 = ip-address; option PXE.discovery-control code 6 = unsigned integer 8;
option PXE.boot-server code 8 = { unsigned integer 16, unsigned integer 8, ip-address };
option PXE.boot-menu code 9 = { unsigned integer 16, unsigned integer 8, text };
option PXE.menu-prompt code 10 = { unsigned integer 8, text };
option space ipxe; option ipxe-encap-opts code 175 = encapsulate ipxe;
option ipxe.priority code 1 = signed integer 8; option ipxe.keep-san code 8 = unsigned integer 8; option ipxe.no-pxedhcp code 176 = unsigned integer 8;
option ipxe.http code 19 = unsigned integer 8; option ipxe.bzimage code 24 = unsigned integer 8;
option arch code 93 = unsigned integer 16; option iscsi-initiator-iqn code 203 = string;
class "pxe" { match if substring(option vendor-class-identifier, 0, 9) = "PXEClient"; next-server 10.77.0.6; option vendor-class-identifier "PXEClient"; vendor-option-space PXE;
  option PXE.mtftp-ip 0.0.0.0; option PXE.discovery-control 3; option PXE.boot-server 32768 1 10.77.0.6; option PXE.boot-menu 15 4 "boot"; option PXE.menu-prompt 10 "choose";
  if option arch = 00:06 { filename "ia32.efi"; } elsif option arch = 00:07 or option arch = 00:09 { filename "x64.efi"; }
  elsif option arch = 00:0b { filename "arm64.efi"; } else { filename "pxelinux.0"; } }
class "http" { match if substring(option vendor-class-identifier, 0, 10) = "HTTPClient"; option vendor-class-identifier "HTTPClient"; filename "http://10.77.0.6/x64.efi"; }
class "ipxe" { match if option user-class = "iPXE"; filename = concat("http://10.77.0.6/boot/", binary-to-ascii(16, 8, "-", substring(hardware, 1, 6)), ".ipxe");
  option ipxe.no-pxedhcp 1; option ipxe.priority -10; if exists ipxe.http { option ipxe.keep-san 1; } }
class "by-arch" { match option arch; } subclass "by-arch" 00:10 { filename "x64-http.efi"; server-name "tftp-b"; } subclass "by-arch" 00:12 { filename "arm-http.efi"; }
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.20 10.77.0.250; filename "subnet.img"; next-server 10.77.0.5; server-name "subnet-server";
  option tftp-server-name "tftp.example.org"; option root-path = concat("iscsi:10.77.0.6::::iqn.2026-01.org.example:", pick-first-value(host-decl-name, "any")); }
host special { hardware ethernet ${colons(c(90))}; filename "special.img"; next-server 10.77.0.77; option root-path "nfs"; }
host nothing { hardware ethernet ${colons(c(91))}; filename ""; }
host phone { hardware ethernet ${colons(c(92))}; fixed-address 10.77.0.12; option tftp-server-name = binary-to-ascii(10, 8, ".", leased-address); }
`;
const PXE_LIST = prl(1, 3, 43, 54, 60, 66, 67, 128, 129, 130, 150, 175);
const pxe = (name: string, number: number, architecture: number, vendor = "PXEClient:Arch:00000:UNDI:002001"): DifferentialCase => {
  const options = [text(60, vendor), u16(93, architecture), opt(94, "010201"), opt(97, `00${"ab".repeat(16)}`), PXE_LIST, u16(57, 1260)];
  return { name, expect: ["OFFER", "ACK"], steps: [discover(c(number), options), accept(c(number), options)] };
};
const asked = (name: string, chaddr: string, ...options: Parameters<typeof discover>[1] & object): DifferentialCase => ({
  name,
  expect: ["OFFER"],
  steps: [discover(chaddr, options)],
});

/** Vendor spaces: option 43 of several vendors, 124 and 125, spaces within spaces, odd widths. */
const encapsulation = `
authoritative; ping-check off;
option space acme; option acme.a code 1 = text; option acme.b code 2 = array of ip-address; option acme.c code 3 = boolean;
option space zeta; option zeta.url code 10 = text; option zeta.n code 20 = unsigned integer 32;
option space wide code width 2 length width 2; option wide.one code 258 = text; option wide.two code 3 = unsigned integer 16;
option space inner; option inner.x code 1 = unsigned integer 8; option inner.y code 2 = text;
option space outer; option outer.in code 7 = encapsulate inner; option outer.flag code 8 = boolean;
option outer-option code 201 = encapsulate outer; option wide-option code 202 = encapsulate wide;
option space docsis code width 1 length width 1; option docsis.tftp-servers code 2 = array of ip-address; option docsis.name code 5 = text;
option vendor.docsis code 4491 = encapsulate docsis;
option space forum; option forum.acs code 1 = text; option vendor.forum code 3561 = encapsulate forum;
option local-a code 210 = text; option space site; option site.one code 210 = text; option site.two code 211 = unsigned integer 8;
class "acme" { match if option vendor-class-identifier = "acme"; vendor-option-space acme; option acme.a "A"; option acme.b 10.77.0.1, 10.77.0.2; option acme.c on; }
class "zeta" { match if option vendor-class-identifier = "zeta"; vendor-option-space zeta; option zeta.n 7; if option host-name = "url" { option zeta.url = concat("http://", option host-name, "/"); } }
class "raw" { match if option vendor-class-identifier = "raw"; option vendor-encapsulated-options 01:02:aa:bb:ff; }
class "both" { match if option vendor-class-identifier = "both"; option vendor-encapsulated-options 63:01:01; vendor-option-space zeta; option zeta.n 9; }
class "expr" { match if option vendor-class-identifier = "expr"; option vendor-encapsulated-options = concat(01:04, encode-int(lease-time, 32)); }
class "site" { match if option vendor-class-identifier = "site"; site-option-space "site"; option site.one "of the site"; option site.two 5; }
class "echo" { match if exists acme.a; option local-a = concat("you sent ", option acme.a); vendor-option-space acme; }
option outer.flag true; option inner.x 9; option wide.one "w"; option wide.two 513;
option docsis.tftp-servers 10.77.0.8, 10.77.0.9; option forum.acs "http://acs/";
option local-a "global";
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.20 10.77.0.250; pool { range 10.77.0.2 10.77.0.9; allow members of "zeta"; option zeta.n 70; } }
`;
const vendor = (name: string, number: number, identifier: string, ...more: Parameters<typeof discover>[1] & object): DifferentialCase =>
  asked(name, e(number), text(60, identifier), ...more);

/** Conditions in every scope, and which of two settings wins. */
const SCOPES = ["global", "network", "subnet", "pool", "group", "host", "class", "subclass"] as const;
const conditional = (scope: string, code: number): string => `
  if option nis-domain = "${scope}" { option cond-${code} "if ${scope}"; } elsif exists nis-domain { option cond-${code} = concat("not ${scope} but ", option nis-domain); } else { option cond-${code} "none"; }
  switch (option nis-domain) { case "${scope}": option sw-${code} "case"; break; case "other": option sw-${code} "other"; default: option both "${scope}"; }
`;
const s = (number: number) => mac(22, number);
const scopes = `
authoritative; ping-check off;
option both code 199 = text;
${SCOPES.map((_, n) => `option cond-${n} code ${200 + n} = text; option sw-${n} code ${210 + n} = text;`).join("\n")}
class "c" { match if option vendor-class-identifier = "c"; ${conditional("class", 6)} }
class "d" { match option vendor-class-identifier; } subclass "d" "d" { ${conditional("subclass", 7)} }
${conditional("global", 0)}
shared-network n { ${conditional("network", 1)}
  subnet 10.77.0.0 netmask 255.255.255.0 { ${conditional("subnet", 2)} pool { ${conditional("pool", 3)} range 10.77.0.20 10.77.0.250; } }
  subnet 10.90.0.0 netmask 255.255.255.0 { option both "other subnet"; } }
group { ${conditional("group", 4)} host h { hardware ethernet ${colons(s(90))}; ${conditional("host", 5)} } host f { hardware ethernet ${colons(s(91))}; fixed-address 10.77.0.9; ${conditional("host", 5)} } }
`;
const ALL_CONDITIONAL = prl(199, ...SCOPES.flatMap((_, n) => [200 + n, 210 + n]));
const scoped = (name: string, number: number, nis: string | undefined, identifier?: string): DifferentialCase => {
  const options = [ALL_CONDITIONAL, u16(57, 1400), ...(nis ? [text(40, nis)] : []), ...(identifier ? [text(60, identifier)] : [])];
  return { name, expect: ["OFFER", "ACK"], steps: [discover(s(number), options), accept(s(number), options)] };
};

/** Option 82: classes by circuit, hosts by relay option, spawned limits by port. */
const o = (number: number) => mac(23, number);
const ports = `
authoritative; ping-check off; stash-agent-options true;
class "port" { match option agent.circuit-id; lease limit 1; } subclass "port" "p1" { option domain-name "one"; } subclass "port" 70:32 { lease limit 2; option domain-name "two"; }
class "customer" { spawn with option agent.remote-id; lease limit 2; }
class "suffix" { match if suffix(option agent.circuit-id, 2) = "/9"; option host-name = concat("sw-", binary-to-ascii(16, 8, "", option agent.remote-id)); }
host by-relay { host-identifier option agent.remote-id "door"; fixed-address 10.77.0.15; option domain-name "door"; }
host by-circuit { host-identifier option agent.circuit-id 63:64; option domain-name "cd"; }
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.20 10.77.0.250;
  if exists agent.link-selection { option nis-domain "link"; } if option agent.circuit-id ~= "^eth[0-9]+/" { option nis-domain = substring(option agent.circuit-id, 3, 4); } }
`;
const port = (
  name: string,
  number: number,
  circuit: string | undefined,
  remote: string | undefined,
  expect: DifferentialCase["expect"],
): DifferentialCase => {
  const relay = agent(...(circuit ? [text(1, circuit)] : []), ...(remote ? [text(2, remote)] : []));
  const list = prl(12, 15, 40);
  const steps = [relayed(discover(o(number), [list]), undefined, [relay]), relayedLater(accept(o(number), [list]), undefined, [relay])];
  return { name, expect, steps: steps.slice(0, expect.length) };
};
const GRANTED: DifferentialCase["expect"] = ["OFFER", "ACK"];

export const BOOT_GROUPS: readonly CaseGroup[] = [
  {
    name: "boot recipes",
    conf: boot,
    cases: [
      ...[0, 6, 7, 9, 11, 16, 18].map((architecture) => pxe(`PXE of architecture ${architecture}`, 1 + architecture, architecture)),
      pxe("HTTP boot", 30, 16, "HTTPClient:Arch:00016:UNDI:003001"),
      asked("iPXE", c(31), text(77, "iPXE"), text(60, "PXEClient:Arch:00007"), u16(93, 7), opt(175, "130101180101"), PXE_LIST),
      asked("iPXE without http", c(32), text(77, "iPXE"), u16(93, 7), PXE_LIST),
      asked("PXE without a list", c(33), text(60, "PXEClient"), u16(93, 7)),
      asked("file and server name as options", c(34), prl(66, 67, 17)),
      asked("a host's own file", c(90), prl(17, 66, 67)),
      asked("a host without a file", c(91), prl(17, 66, 67)),
      asked("a fixed address in an expression", c(92), prl(17, 66, 67)),
      asked("PXE for a host", c(90), text(60, "PXEClient"), u16(93, 7), PXE_LIST),
      asked("architecture of 1 byte", c(35), opt(93, "07"), text(60, "PXEClient"), PXE_LIST),
    ],
  },
  {
    name: "encapsulated spaces",
    conf: encapsulation,
    cases: [
      vendor("a vendor's space", 1, "acme", prl(43)),
      vendor("another vendor's", 2, "zeta", prl(43)),
      vendor("with a conditional option", 3, "zeta", text(12, "url"), prl(43)),
      vendor("written in hex", 4, "raw", prl(43)),
      vendor("hex and a space", 5, "both", prl(43)),
      vendor("an expression", 6, "expr", prl(43)),
      vendor("not asked for", 7, "acme", prl(1, 3)),
      vendor("no list", 8, "acme"),
      vendor("site options", 9, "site", prl(210, 211)),
      vendor("site option not asked for", 10, "site", prl(1)),
      vendor("no vendor of ours", 11, "none", prl(43, 210)),
      asked("spaces within spaces", e(12), prl(201)),
      asked("wide codes and lengths", e(13), prl(202)),
      asked("enterprise options", e(14), prl(125)),
      asked("enterprise options that the client sent too", e(15), opt(125, "0000118b0501030a0b0c"), prl(125, 124)),
      asked("vendor class of an enterprise", e(16), opt(124, "0000118b0403616263"), prl(124, 125)),
      asked("what the client encapsulated, read", e(17), text(60, "acme"), opt(43, "0103466f6f"), prl(43, 210)),
      asked("what the client encapsulated, cut", e(18), text(60, "acme"), opt(43, "010946"), prl(43, 210)),
      asked("everything", e(19), text(60, "acme"), u16(57, 1400), prl(43, 125, 201, 202, 210)),
    ],
  },
  {
    name: "conditions in every scope",
    conf: scopes,
    cases: [
      scoped("no name", 1, undefined),
      ...SCOPES.map((scope, n) =>
        scoped(`true in ${scope}`, 2 + n, scope, scope === "class" ? "c" : scope === "subclass" ? "d" : undefined),
      ),
      scoped("another", 20, "other", "c"),
      scoped("another in a subclass", 21, "other", "d"),
      scoped("a host in a group", 90, "group"),
      scoped("a host's own", 90, "host"),
      scoped("a fixed address, group", 91, "group"),
      scoped("a fixed address, host", 91, "host"),
      scoped("a fixed address, subnet", 91, "subnet"),
    ],
  },
  {
    name: "relay ports",
    conf: ports,
    cases: [
      port("a port's subclass", 1, "p1", undefined, GRANTED),
      port("a second client on it", 2, "p1", undefined, ["none"]),
      port("the first again", 1, "p1", undefined, GRANTED),
      port("a subclass with its own limit", 3, "p2", undefined, GRANTED),
      port("its second client", 4, "p2", undefined, GRANTED),
      port("its third client", 5, "p2", undefined, ["none"]),
      port("a customer's first", 6, undefined, "k1", GRANTED),
      port("a customer's second", 7, undefined, "k1", GRANTED),
      port("a customer's third", 8, undefined, "k1", ["none"]),
      port("another customer", 9, undefined, "k2", GRANTED),
      port("a class by the port's end", 10, "ge-0/9", "k3", GRANTED),
      port("a host by remote id", 11, undefined, "door", GRANTED),
      port("a host by circuit id", 12, "cd", undefined, GRANTED),
      port("a regular expression of the port", 13, "eth12/3", undefined, GRANTED),
      port("no sub-option of ours", 14, undefined, undefined, GRANTED),
    ],
  },
];
