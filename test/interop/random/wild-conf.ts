import type { Prng } from "../../simulation/prng.ts";
import { CLIENTS } from "./conf.ts";

const colons = (hex: string): string => hex.match(/../g)?.join(":") ?? "";
const client = (c: Prng): (typeof CLIENTS)[number] => c.pick(CLIENTS as unknown as [(typeof CLIENTS)[number]]);

/** Vendor spaces of other widths, within each other, and chosen by what the client says. */
const SPACES = `
option space wide code width 2 length width 2;
option wide.one code 300 = text;
option wide.two code 2 = array of ip-address;
option space inner;
option inner.flag code 1 = boolean;
option inner.text code 2 = text;
option space outer;
option outer.name code 1 = text;
option outer.inner code 2 = encapsulate inner;
option outer-holder code 210 = encapsulate outer;
option wide-holder code 211 = encapsulate wide;
option pair code 205 = { integer 16, ip-address };
option pairs code 206 = array of { unsigned integer 8, ip-address };
option names code 207 = domain-list;
option raw code 208 = string;
option signed code 209 = array of integer 32;
`;

const STATEMENTS: readonly ((c: Prng) => string)[] = [
  () => 'option wide.one "three hundred"; option wide.two 10.1.2.3, 10.1.2.4;',
  (c) => `option inner.flag ${c.pick(["on", "off"])}; option inner.text "within";`,
  () => 'option outer.name "without";',
  () => 'vendor-option-space outer; option outer.name "by vendor";',
  () => 'if option vendor-class-identifier = "pxe" { vendor-option-space wide; } else { vendor-option-space inner; }',
  (c) => `option pair -${c.below(300)} 10.6.7.8;`,
  () => "option pairs 1 10.1.1.1, 2 10.1.1.2;",
  () => 'option names "a.example.org", "b.example.org", "example.org";',
  () => "option raw 00:01:02; option signed -1, 70000;",
  () => "option raw = concat(option user-class, 00, hardware, suffix(option host-name, 2));",
  () => "option raw = encode-int(client-state, 8);",
  () => "if exists fqdn.fqdn { option domain-name = option fqdn.domainname; }",
  () => "option fqdn.server-update on; option fqdn.rcode1 255; option fqdn.rcode2 255; option fqdn.encoded off;",
  (c) => `option dhcp-max-message-size ${c.pick([300, 576, 900])};`,
  () => 'option host-name = pick-first-value(option host-name, host-decl-name, binary-to-ascii(16, 8, "-", substring(hardware, 1, 6)));',
  () => 'if known { option root-path "known"; } elsif static { option root-path "static"; } else { option root-path "neither"; }',
  () =>
    'switch (substring(option vendor-class-identifier, 0, 2)) { case "px": option root-path "px"; break; default: option root-path "other"; }',
  () => "default-lease-time 6; max-lease-time 7; min-lease-time 5;",
  () => 'log(info, concat("seen ", option host-name));',
  () => "if packet(0, 1) = 01 and not (option dhcp-message-type = 8) { option nis-servers 10.1.9.9; }",
  () => 'option slp-directory-agent true 10.1.1.9; option slp-service-scope false "one,two";',
  () => "option policy-filter 10.1.0.0 255.255.0.0;",
];

const GLOBALS: readonly ((c: Prng) => string)[] = [
  () => "allow leasequery;",
  () => "allow leasequery;",
  () => "ignore booting;",
  () => "deny bootp;",
  () => "allow unknown-clients;",
  () => "deny declines;",
  () => "update-static-leases on;",
  () => "ping-timeout 1;",
  () => "use-host-decl-names on;",
  () => "server-id-check on;",
  () => "check-secs-byte-order on;",
  () => "do-forward-updates off;",
];

const DECLARATIONS: readonly ((c: Prng, number: number) => string)[] = [
  (c, n) =>
    `class "spawn${n}" { spawn with ${c.pick(["substring(hardware, 1, 5)", "option host-name", "option user-class"])}; lease limit ${1 + c.below(2)}; }`,
  (c, n) =>
    `class "deep${n}" { match if ${c.pick(["exists fqdn.fqdn", "exists vendor-encapsulated-options", "option dhcp-message-type = 3"])}; ${one(c)} }`,
  (c, n) =>
    `class "sub${n}" { match substring(option vendor-class-identifier, 0, 3); } subclass "sub${n}" "pxe" { ${one(c)} lease limit 1; } subclass "sub${n}" "pho" { ${one(c)} }`,
  (c, n) => `host far${n} { hardware ethernet ${colons(client(c).mac)}; fixed-address 172.16.0.${n + 1}; ${one(c)} }`,
  (c, n) => `host no${n} { hardware ethernet ${colons(client(c).mac)}; ${c.pick(["deny", "ignore"])} booting; }`,
  (c, n) => `host two${n} { hardware ethernet ${colons(client(c).mac)}; fixed-address 10.77.0.${40 + n}, 10.78.0.${40 + n}; ${one(c)} }`,
  (c, n) =>
    `host agent${n} { host-identifier option agent.circuit-id "${c.pick(["port1", "port2"])}"; fixed-address 10.77.0.${50 + n}; ${one(c)} }`,
  (c, n) => `group { ${one(c)} host g${n} { hardware ethernet ${colons(client(c).mac)}; ${one(c)} } }`,
];

const one = (c: Prng): string => c.pick(STATEMENTS as unknown as [(typeof STATEMENTS)[number]])(c);
const some = (c: Prng, most: number): string => Array.from({ length: c.below(most + 1) }, () => one(c)).join("\n");

/** What stands before a drawn configuration, and after it. */
export function wildParts(c: Prng): { readonly before: string; readonly after: string } {
  const globals = Array.from({ length: c.below(4) }, () => c.pick(GLOBALS as unknown as [(typeof GLOBALS)[number]])(c)).join("\n");
  const declared = Array.from({ length: c.below(5) }, (_, number) =>
    c.pick(DECLARATIONS as unknown as [(typeof DECLARATIONS)[number]])(c, number),
  ).join("\n");
  const third = `subnet 10.60.0.0 netmask 255.255.255.128 { pool { ${c.pick(["allow", "deny"])} members of "pxe"; ${c.pick(["allow", "deny"])} unknown-clients; range 10.60.0.10 10.60.0.12; ${some(c, 2)} } pool { ${c.pick(["allow all clients;", "deny known-clients;", ""])} range 10.60.0.20 10.60.0.21; } ${some(c, 2)} }`;
  return { before: `${SPACES}\n${globals}\n${some(c, 5)}`, after: `${declared}\n${c.chance(0.6) ? third : ""}` };
}
