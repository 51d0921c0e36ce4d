import { ASKED, asking, discover, type ExpressionCase, host, long, named, one, option, plain } from "./expression-request.ts";

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
