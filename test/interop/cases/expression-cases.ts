import { ascii, bytesOf, type OptionBytes, type Packet } from "../../support/dhcp-packet.ts";

/** A DHCPDISCOVER, but for its transaction. */
export type Request = Omit<Packet, "xid">;

/** Statements of the global scope, and requests to a server that has them. */
export interface ExpressionCase {
  readonly name: string;
  readonly conf: string;
  readonly requests: readonly Request[];
}

const CHADDR = "02:aa:bb:cc:dd:01";
const discover = (...options: OptionBytes[]): Request => ({
  op: 1,
  htype: 1,
  hlen: 6,
  chaddr: CHADDR,
  options: [[53, Uint8Array.of(1)], ...options],
});
const asking = (...codes: number[]): OptionBytes => [55, Uint8Array.from(codes)];
const host = (name: string): OptionBytes => [12, ascii(name)];
const option = (code: number, hex: string): OptionBytes => [code, bytesOf(hex)];
/** Options that expressions put their values into: domain-name, root-path, nis-domain, merit-dump, nds-tree-name. */
const ASKED = asking(15, 17, 40, 14, 86);
const plain = discover(ASKED);
const named = (name: string): Request => discover(ASKED, host(name));
const one = (name: string, conf: string, ...requests: Request[]): ExpressionCase => ({
  name,
  conf,
  requests: requests.length === 0 ? [plain] : requests,
});

const long = (letter: string, size: number): string => `"${letter.repeat(size)}"`;

export const DATA_CASES: readonly ExpressionCase[] = [
  one("substring within", `option domain-name = substring("abcdef", 2, 3);`),
  one("substring past the end in concat", `option domain-name = concat("[", substring("abc", 5, 2), "]");`),
  one("substring longer than the data", `option domain-name = substring("abc", 1, 99);`),
  one("substring of an absent option", `option domain-name = substring(option host-name, 0, 2);`, plain, named("xyz")),
  one("empty substring equals empty string", `if substring("abc", 9, 1) = "" { option domain-name "empty"; }`),
  one("suffix", `option domain-name = suffix("abcdef", 2); option root-path = suffix("abc", 9);`),
  one("lcase and ucase", `option domain-name = lcase("AbC1-Z"); option root-path = ucase(option host-name);`, named("pc-7z"), plain),
  one("concat of many", `option domain-name = concat("a", "b", option host-name, "d");`, plain, named("c")),
  one("pick-first-value", `option domain-name = pick-first-value(option host-name, "none");`, plain, named("c")),
  one("pick-first-value and empty data", `option domain-name = pick-first-value(substring("abc", 5, 1), "second");`),
  one("binary-to-ascii of hardware", `option domain-name = binary-to-ascii(16, 8, ":", substring(hardware, 1, 6));`),
  one(
    "binary-to-ascii base 10 and 2",
    `option domain-name = binary-to-ascii(10, 8, ".", 0a:0b); option root-path = binary-to-ascii(2, 8, "-", 05:07);`,
  ),
  one("binary-to-ascii width 16", `option domain-name = binary-to-ascii(8, 16, ".", 01:02:03:04);`),
  one("binary-to-ascii width 32", `option domain-name = binary-to-ascii(10, 32, ".", ff:ff:ff:ff:00:00:00:01);`),
  one(
    "binary-to-ascii around dhcpd's extra digit",
    `option domain-name = binary-to-ascii(10, 32, ".", 54:0b:e4:00:54:0b:e3:ff:3b:9a:ca:00:54:0b:e4:01);`,
  ),
  one(
    "binary-to-ascii in odd bases",
    `option domain-name = binary-to-ascii(7, 32, ".", ff:ff:ff:ff:00:00:00:07); option root-path = binary-to-ascii(3, 16, ".", ff:ff:00:02); option nis-domain = binary-to-ascii(20, 8, ".", 20:30); option merit-dump = binary-to-ascii(16, 32, ".", ff:ff:ff:ff:00:00:00:0f);`,
  ),
  one("binary-to-ascii base 1", `option domain-name = binary-to-ascii(1, 8, ".", 01:02:00);`),
  one("binary-to-ascii of a part of an integer", `option domain-name = binary-to-ascii(10, 16, ".", 01:02:03);`),
  one("reverse", `option domain-name = reverse(1, "abcd"); option root-path = reverse(2, "abcd"); option nis-domain = reverse(2, "abc");`),
  one("leased-address", `option domain-name = binary-to-ascii(10, 8, ".", leased-address);`),
  one("leased-address reversed", `option domain-name = concat(binary-to-ascii(10, 8, ".", reverse(1, leased-address)), ".in-addr.arpa");`),
  one("hardware", `option domain-name = concat("x", hardware, "x");`),
  one("packet", `option domain-name = binary-to-ascii(16, 8, ":", packet(28, 6)); option root-path = packet(9000, 2);`),
  one(
    "encode-int",
    `option domain-name = encode-int(300, 8); option root-path = encode-int(66051, 32); option nis-domain = encode-int(65, 16);`,
  ),
  one("extract-int", `option domain-name = encode-int(extract-int(option host-name, 16), 32);`, named("ab"), named("a"), plain),
  one("lease-time", `option domain-name = encode-int(lease-time, 32);`),
  one("gethostname", `option domain-name = gethostname();`),
  one("host-decl-name without a host", `option domain-name = pick-first-value(host-decl-name, "no host");`),
  one(
    "filename and server-name of the packet",
    `option domain-name = filename; option root-path = server-name;`,
    { ...plain, file: "boot", sname: "srv" },
    plain,
  ),
  one(
    "config-option",
    `option domain-name = config-option root-path; option root-path "one"; if config-option root-path = "one" { option nis-domain "seen"; } option root-path "two";`,
  ),
];

export const TRUTH_CASES: readonly ExpressionCase[] = [
  one(
    "nothing equals nothing",
    `if option host-name = option nis-domain { option domain-name "equal"; } else { option domain-name "different"; }`,
    plain,
    named("x"),
  ),
  one("nothing differs from data", `if option host-name != "x" { option domain-name "different"; }`, plain, named("x"), named("y")),
  one(
    "not (false and true)",
    `if not (exists host-name and exists nis-domain) { option domain-name "not and"; } else { option domain-name "else"; }`,
    plain,
    named("x"),
  ),
  one(
    "or",
    `if exists host-name or exists nis-domain { option domain-name "or"; } elsif not exists host-name { option domain-name "elsif"; }`,
    plain,
    named("x"),
  ),
  one(
    "and or precedence",
    `if exists host-name and exists nis-domain or option host-name = "x" { option domain-name "yes"; }`,
    plain,
    named("x"),
    named("y"),
  ),
  one("exists of an empty option", `if exists user-class { option domain-name "there"; }`, discover(ASKED, option(77, "")), plain),
  one(
    "known and static",
    `if known { option domain-name "known"; } else { option domain-name "unknown"; } if static { option root-path "static"; }`,
  ),
  one("comparison of numbers", `if extract-int(option host-name, 8) = 97 { option domain-name "a"; }`, named("a"), named("b"), plain),
  one("~=", `if option host-name ~= "^pc-[0-9]+$" { option domain-name "match"; }`, named("pc-17"), named("pc-x"), plain),
  one("~~", `if option host-name ~~ "^PC-[a-z]$" { option domain-name "match"; }`, named("pc-X"), named("pc-1")),
  one(
    "~= with a bracket class",
    `if option host-name ~= "[[:upper:]][[:digit:]]$" { option domain-name "match"; }`,
    named("aB7"),
    named("ab7"),
  ),
  one("~= with a malformed pattern", `if not (option host-name ~= "(") { option domain-name "false, not nothing"; }`, named("a"), plain),
  one("~= on a substring", `if substring(option host-name, 0, 2) ~= "b$" { option domain-name "match"; }`, named("abz"), named("acb")),
  one(
    "~= alternatives and repetition",
    `if option host-name ~= "^(foo|ba{2,3}r)+$" { option domain-name "match"; }`,
    named("foobaar"),
    named("bar"),
    named("baaar"),
  ),
  one(
    "switch with fall-through and default",
    `switch (option host-name) { case "a": option domain-name "a"; case "b": option root-path "b"; break; default: option nis-domain "default"; }`,
    named("a"),
    named("b"),
    named("c"),
    plain,
  ),
  one(
    "break in if in switch",
    `switch (option host-name) { case "a": if exists dhcp-message-type { option domain-name "in if"; break; option root-path "no"; } option nis-domain "after if"; break; default: option merit-dump "default"; }`,
    named("a"),
    named("b"),
  ),
  one(
    "numeric switch",
    `switch (extract-int(option host-name, 8)) { case 97: option domain-name "a"; break; case 98: option domain-name "b"; }`,
    named("a"),
    named("b"),
    named("c"),
  ),
  one(
    "nested if",
    `if exists host-name { if option host-name = "a" { option domain-name "a"; } elsif option host-name = "b" { option domain-name "b"; } else { option domain-name "other"; } }`,
    named("a"),
    named("b"),
    named("c"),
    plain,
  ),
];

export const VARIABLE_CASES: readonly ExpressionCase[] = [
  one(
    "options see the last value of a variable",
    `set vname = "one"; option domain-name = vname; set vname = "two"; option root-path = concat(vname, "x");`,
  ),
  one(
    "functions",
    `define func1 (parg) { return concat(parg, "!"); } option domain-name = func1("x"); option root-path = concat(func1("a"), "b"); set vname = func1("v"); option nis-domain = vname; if func1("a") = "a!" { option merit-dump "equal"; }`,
  ),
  one(
    "a function that sets",
    `define func1 (parg) { set vname = parg; return "r"; } set vname = "before"; set wname = func1("after"); option domain-name = vname; option root-path = wname;`,
  ),
  one("unset", `set vname = "one"; unset vname; option domain-name = pick-first-value(vname, "gone");`),
  one(
    "a variable in terms of itself",
    `set vname = "a"; set vname = concat(vname, "b"); option domain-name = pick-first-value(vname, "nothing");`,
  ),
  one("on commit is not for an offer", `option domain-name "before"; on commit { option domain-name "after"; set vname = "v"; }`),
];

export const OPERATOR_CASES: readonly ExpressionCase[] = [
  one("append and prepend", `option domain-name "base"; append domain-name " more"; prepend domain-name "pre "; append nis-domain "only";`),
  one("default", `default root-path "d"; default root-path "d2"; option domain-name "set"; default domain-name "default";`),
  one(
    "supersede with nothing",
    `option domain-name "x"; supersede domain-name = option nds-tree-name; default domain-name "later"; send nds-tree-name "s";`,
  ),
  one("append of nothing", `option domain-name "x"; append domain-name = option host-name;`, plain, named("y")),
  one(
    "append in an inner scope",
    `option domain-name-servers 1.1.1.1; append domain-name-servers 2.2.2.2; if exists host-name { prepend domain-name-servers 3.3.3.3; }`,
    discover(asking(6)),
    discover(asking(6), host("a")),
  ),
];

const VENDOR = `option space ACME; option ACME.one code 1 = text; option ACME.ip code 2 = ip-address; option ACME.h code 33 = unsigned integer 8; option ACME.x code 17 = unsigned integer 8; option ACME.e code 18 = unsigned integer 8;`;
const SUB = `option space sub; option sub.a code 1 = text; option sub.b code 2 = ip-address; option subcarrier code 200 = encapsulate sub;`;

export const SPACE_CASES: readonly ExpressionCase[] = [
  one(
    "relay agent options",
    `if exists agent.circuit-id { option domain-name = option agent.circuit-id; } option root-path = option agent.remote-id; if exists relay-agent-information { option nis-domain "there"; }`,
    discover(ASKED, option(82, "010241420201 09".replaceAll(" ", ""))),
    plain,
  ),
  one(
    "relay agent options that are malformed, padded, empty or repeated",
    `option domain-name = option agent.circuit-id;`,
    ...["01c841", "010241420000ff", "0100020141", "0101410101420201 43".replaceAll(" ", ""), "", "0100", "ff"].map((hex) =>
      discover(ASKED, option(82, hex)),
    ),
  ),
  one("raw relay agent option", `option root-path = option relay-agent-information;`, discover(ASKED, option(82, "01024142020109"))),
  one(
    "fqdn in text",
    `option domain-name = option fqdn.hostname; option root-path = option fqdn.domainname; option nis-domain = option fqdn.fqdn; option merit-dump = option fqdn.server-update;`,
    discover(ASKED, option(81, `010000${Buffer.from("ab.example.com").toString("hex")}`)),
    discover(ASKED, option(81, `020000${Buffer.from("ab.c\0").toString("hex")}`)),
  ),
  one(
    "fqdn in labels",
    `option domain-name = option fqdn.hostname; option root-path = option fqdn.domainname; option nis-domain = option fqdn.fqdn; option merit-dump = option fqdn.encoded;`,
    discover(ASKED, option(81, "0500000261620363 6f6d00".replaceAll(" ", ""))),
    discover(ASKED, option(81, "040000026162")),
  ),
  one("final NULs of text", `option domain-name = concat(option host-name, "x"); option root-path "r";`, named("pc\0"), named("pc\0\0")),
  one(
    "vendor-option-space",
    `${VENDOR} vendor-option-space ACME; option ACME.h 7; option ACME.one "o"; option ACME.ip 1.2.3.4; option ACME.x 5; option ACME.e 6;`,
    discover(asking(43)),
    discover(asking(15)),
    discover(),
  ),
  one("vendor-option-space without options", `${VENDOR} vendor-option-space ACME;`, discover(asking(43))),
  one(
    "vendor-encapsulated-options in full",
    `${VENDOR} vendor-option-space ACME; option ACME.h 7; option vendor-encapsulated-options 01:02:03;`,
    discover(asking(43)),
  ),
  one("encapsulate", `${SUB} option sub.a "abc"; option sub.b 1.1.1.1;`, discover(asking(200)), discover(asking(15)), discover()),
  one(
    "encapsulate with values computed",
    `${SUB} option sub.a = concat("h-", option host-name);`,
    discover(asking(200), host("x")),
    discover(asking(200)),
  ),
  one("a record of integer and text", `option wide code 201 = {unsigned integer 8, text}; option wide 5 "t";`, discover(asking(201))),
  one(
    "VIVCO",
    `option space vc; option vendor-class.foo code 4491 = text; option vendor-class.foo "vc";`,
    discover(asking(124)),
    discover(),
  ),
  one(
    "VIVSO with an option of its own",
    `option space isp code width 1 length width 1; option isp.a code 1 = text; option vendor.isp code 4491 = encapsulate isp; option vendor.raw code 9 = text; option isp.a "abc"; option vendor.raw "own";`,
    discover(asking(125)),
    discover(),
  ),
  one(
    "VIVSO of an encapsulated space alone",
    `option space isp code width 1 length width 1; option isp.a code 1 = text; option vendor.isp code 4491 = encapsulate isp; option isp.a "abc";`,
    discover(asking(125)),
    discover(),
  ),
  one(
    "wide codes and lengths",
    `option space wide code width 2 length width 2; option wide.a code 300 = text; option widecarrier code 202 = encapsulate wide; option wide.a "abc";`,
    discover(asking(202)),
  ),
  one(
    "site-option-space",
    `option space site1; option site1.foo code 230 = text; option site1.bar code 240 = text; option own code 231 = text; option own "dhcp"; option site1.foo "f"; option site1.bar "b"; site-option-space "site1"; option domain-name "d";`,
    discover(asking(15, 230, 231, 240)),
    discover(),
  ),
  one(
    "fqdn sent",
    `option fqdn.fqdn "x.example.org"; option fqdn.encoded true; option fqdn.no-client-update true; option fqdn.rcode1 255;`,
    discover(asking(81)),
    discover(),
    discover(asking(15)),
  ),
];

const SEVERAL = `option domain-name "a"; option routers 10.77.0.1; option time-offset 5; option root-path "x"; option tftp-server-name "t"; option ntp-servers 1.2.3.4; option mobile-ip-home-agent 1.2.3.4; option smtp-server 1.1.1.1; option nis-domain "n"; option default-ip-ttl 9; option bootfile-name "b";`;
const LARGE = `option domain-name ${long("d", 200)}; option root-path ${long("r", 250)}; option nis-domain ${long("n", 100)}; option merit-dump ${long("m", 60)}; option nds-tree-name ${long("z", 150)}; option host-name "h";`;
const AGENT = option(82, "01024142");

export const SIZE_CASES: readonly ExpressionCase[] = [
  one("no request list: everything, in dhcpd's order", SEVERAL, discover()),
  one(
    "a request list orders",
    SEVERAL,
    discover(asking(67, 66, 42, 15, 3, 1)),
    discover(asking(3, 1, 3, 15, 15)),
    discover(asking(250, 0, 255, 15)),
  ),
  one(
    "a configured request list counts instead",
    `option dhcp-parameter-request-list 15,17,3,1; ${SEVERAL}`,
    discover(asking(40)),
    discover(),
  ),
  one(
    "mandatory whether asked for or not",
    `option dhcp-message "hi"; option dhcp-renewal-time 100; option dhcp-rebinding-time 400; option dhcp-client-identifier "cid";`,
    discover(asking(15)),
    discover(),
  ),
  one("renewal times beyond the lease", `option dhcp-renewal-time 100; option dhcp-rebinding-time 900;`, discover(asking(58, 59))),
  one(
    "a renewal time beyond the rebinding time",
    `option dhcp-renewal-time 500; option dhcp-rebinding-time 400;`,
    discover(asking(58, 59)),
  ),
  one("subnet-mask configured", `option subnet-mask 255.255.0.0; option routers 10.77.0.1;`, discover(asking(3, 1)), discover(asking(15))),
  one("filename, server-name, next-server", `filename "boot"; server-name "srv"; next-server 1.2.3.4;`, discover(asking(66, 67))),
  one(
    "overload of both fields",
    LARGE,
    discover(asking(15, 17, 40, 14, 86, 12)),
    discover(asking(12, 14, 40, 17, 86, 15)),
    discover(asking(86, 86, 12, 40, 17)),
  ),
  one(
    "option 57: larger, absurd, tiny",
    LARGE,
    ...["0400", "0900", "000a", "0258", "ffff"].map((size) => discover(asking(15, 17, 40, 14, 86, 12), option(57, size))),
  ),
  one(
    "the configuration's dhcp-max-message-size",
    `option dhcp-max-message-size 700; ${LARGE}`,
    discover(asking(15, 17, 40, 14, 86, 12)),
    discover(asking(15, 17), option(57, "0300")),
  ),
  one(
    "relay agent information stays last",
    LARGE,
    discover(asking(15, 17, 40, 14, 86, 12), AGENT),
    discover(asking(15, 17, 40, 14, 86, 12), AGENT, option(57, "0400")),
    discover(asking(82, 12), AGENT),
  ),
  one(
    "no room in fields that are used",
    `filename "boot"; server-name "srv"; ${LARGE}`,
    discover(asking(15, 17, 40, 14, 86, 12)),
    discover(asking(12, 40, 17, 86, 15)),
  ),
  one("only file is free", `server-name "srv"; ${LARGE}`, discover(asking(15, 17, 40, 14, 86, 12))),
  one("only sname is free", `filename "boot"; ${LARGE}`, discover(asking(15, 17, 40, 14, 86, 12))),
  one(
    "RFC 3396: values over 255 bytes",
    `option blob code 210 = text; option blob = concat(${long("a", 200)}, ${long("b", 200)}); option domain-name "d";`,
    discover(asking(210, 15)),
    discover(asking(15, 210), option(57, "05dc")),
  ),
  one(
    "a value that fits nowhere leaves room for others",
    `option blob code 210 = text; option blob = concat(${long("a", 250)}, ${long("b", 250)}, ${long("c", 250)}); option domain-name "d";`,
    discover(asking(210, 15)),
  ),
  ...[250, 274, 275, 276, 277, 278, 279, 280, 281, 282, 283].map((size) =>
    one(
      `the last bytes of the area: ${size}`,
      `option blob code 210 = text; option blob = concat(${long("a", 150)}, ${long("b", size - 150)}); option domain-name "d";`,
      discover(asking(15, 210)),
      discover(asking(15, 1, 210)),
      discover(asking(15, 210), AGENT),
    ),
  ),
  ...[110, 120, 121, 122, 123, 124, 125, 126].map((size) =>
    one(
      `the last bytes of a field: ${size}`,
      `option blob code 210 = text; option blob = ${long("a", 250)}; option second code 211 = text; option second = ${long("b", size)}; option third code 212 = text; option third = ${long("c", 61)};`,
      discover(asking(210, 211, 212)),
    ),
  ),
];
