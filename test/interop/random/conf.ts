import type { Prng } from "../../simulation/prng.ts";
import { wildParts } from "./wild-conf.ts";

/** Client identities of the random differential test: hardware addresses, and a client identifier for some of them. */
export const CLIENTS = Array.from({ length: 8 }, (_, number) => ({
  mac: `02aabb0000${(number + 16).toString(16)}`,
  id: number % 3 === 0 ? undefined : number % 3 === 1 ? `0102aabb0000${(number + 16).toString(16)}` : `ff0000${number}${number}abcdef`,
}));

const colons = (hex: string): string => hex.match(/../g)?.join(":") ?? "";

/** Values that may stand behind an option, all legal. */
const OPTIONS: readonly [string, readonly [string, ...string[]]][] = [
  ["routers", ["10.77.0.1", "10.77.0.1, 10.77.0.2"]],
  ["domain-name", ['"a.example"', '"b.example.org"']],
  ["domain-name-servers", ["10.1.1.1", "10.1.1.1, 10.1.1.2, 10.1.1.3"]],
  ["domain-search", ['"a.example"', '"x.example", "y.x.example"']],
  ["time-offset", ["-3600", "7200"]],
  ["ntp-servers", ["10.2.2.2"]],
  ["host-name", ['"named"']],
  ["root-path", ['"10.9.9.9:/srv/root"']],
  ["tftp-server-name", ['"tftp.example"']],
  ["bootfile-name", ['"pxe.0"']],
  ["vendor-encapsulated-options", ["01:02:03:04", "06:01:08:ff"]],
  ["static-routes", ["10.5.0.1 10.77.0.3"]],
  ["interface-mtu", ["1400"]],
  ["broadcast-address", ["10.77.0.255"]],
  ["netbios-node-type", ["8"]],
  ["netbios-name-servers", ["10.3.3.3"]],
  ["dhcp-max-message-size", ["600", "1400"]],
  ["dhcp-renewal-time", ["400"]],
  ["dhcp-rebinding-time", ["800"]],
  ["subnet-mask", ["255.255.255.0", "255.255.0.0"]],
  ["ip-forwarding", ["true", "off"]],
  ["nis-domain", ['"nis"']],
  ["www-server", ["10.4.4.4"]],
  ["custom-text", ['"custom"', '""']],
  ["custom-record", ['10.6.6.6 7 "seven"']],
  ["custom-numbers", ["1, 2, 65535"]],
  ["custom-flag", ["on", "false"]],
  ["maker.one", ["11"]],
  ["maker.two", ['"vendor text"']],
  ["fqdn.no-client-update", ["true"]],
];

const DEFINITIONS = `
option custom-text code 201 = text;
option custom-record code 202 = { ip-address, unsigned integer 8, text };
option custom-numbers code 203 = array of unsigned integer 16;
option custom-flag code 204 = boolean;
option space maker;
option maker.one code 1 = unsigned integer 8;
option maker.two code 2 = text;
`;

const PARAMETERS: readonly ((chance: Prng) => string)[] = [
  (c) => `default-lease-time ${c.pick([600, 1200, 43200])};`,
  (c) => `max-lease-time ${c.pick([900, 7200, 86400])};`,
  (c) => `min-lease-time ${c.pick([60, 1000, 3600])};`,
  (c) => `next-server 10.77.0.${c.pick([4, 5])};`,
  (c) => `filename "${c.pick(["boot.img", "a/very/long/path/to/a/boot/image.efi"])}";`,
  (c) => `server-name "${c.pick(["boots", "server.example.org"])}";`,
  (c) => `always-broadcast ${c.pick(["on", "off"])};`,
  (c) => `use-host-decl-names ${c.pick(["on", "off"])};`,
  (c) => `always-reply-rfc1048 ${c.pick(["on", "off"])};`,
  (c) => `echo-client-id ${c.pick(["on", "off"])};`,
  (c) => `use-lease-addr-for-default-route ${c.pick(["on", "off"])};`,
  (c) => `vendor-option-space ${c.pick(["maker", "maker"])};`,
  (c) => `option dhcp-parameter-request-list ${c.pick(["1, 3, 6, 15", "51, 1, 201", "12"])};`,
  (c) => `stash-agent-options ${c.pick(["on", "off"])};`,
];

const CONDITIONS: readonly ((chance: Prng) => string)[] = [
  (c) => `option vendor-class-identifier = "${c.pick(["pxe", "phone", "none"])}"`,
  (c) => `substring(option vendor-class-identifier, 0, ${c.pick([2, 3])}) = "${c.pick(["px", "ph", "pxe"])}"`,
  (c) => `hardware = 1:${colons(c.pick(CLIENTS as unknown as [(typeof CLIENTS)[number]]).mac)}`,
  () => "exists user-class",
  () => "not exists dhcp-requested-address",
  () => "known",
  (c) => `option dhcp-message-type = ${c.pick([1, 3])}`,
  () => `suffix(concat("x", option host-name), 1) = "1"`,
  () => `option agent.circuit-id = "port1"`,
  () => `exists agent.remote-id or option user-class ~= "^i"`,
  (c) => `binary-to-ascii(16, 8, ":", substring(hardware, 1, 6)) = "2:aa:bb:0:0:1${c.below(8)}"`,
  () => `pick-first-value(option host-name, "none") = "none"`,
  (c) => `extract-int(substring(hardware, 6, 1), 8) ${c.pick(["=", "!="])} 17`,
  () => "static",
  () => `packet(24, 4) != 0`,
];

const DYNAMIC_OPTIONS: readonly string[] = [
  'option custom-text = concat("h-", option host-name);',
  "option routers = packet(24, 4);",
  'option domain-name = pick(option domain-name, "fallback.example");',
  "option custom-numbers = encode-int(extract-int(substring(hardware, 5, 2), 16), 16);",
  'option host-name = concat("dhcp-", binary-to-ascii(10, 8, "-", leased-address));',
  "append domain-name-servers 10.8.8.8;",
  "prepend domain-name-servers 10.8.8.9;",
  'supersede domain-name "superseded.example";',
  'default domain-name "default.example";',
  "option custom-text = lcase(ucase(option host-name));",
  "option dhcp-lease-time 1234;",
  "option maker.one = encode-int(lease-time, 8);",
];

function plainOption(c: Prng): string {
  const [name, values] = c.pick(OPTIONS as unknown as [(typeof OPTIONS)[number]]);
  return `option ${name} ${c.pick(values as [string])};`;
}

/** One statement that may stand in any scope. */
function statement(c: Prng, depth: number): string {
  const kind = c.unit();
  if (kind < 0.45) return plainOption(c);
  if (kind < 0.75) return c.pick(PARAMETERS as unknown as [(typeof PARAMETERS)[number]])(c);
  if (kind < 0.85) return c.pick(DYNAMIC_OPTIONS as unknown as [string]);
  if (depth > 2) return "";
  return conditional(c, depth);
}

function conditional(c: Prng, depth: number): string {
  const condition = (): string => c.pick(CONDITIONS as unknown as [(typeof CONDITIONS)[number]])(c);
  const parts = [`if ${condition()} { ${statements(c, 2, depth + 1)} }`];
  if (c.chance(0.4)) parts.push(`elsif ${condition()} { ${statements(c, 2, depth + 1)} }`);
  if (c.chance(0.5)) parts.push(`else { ${statements(c, 2, depth + 1)} }`);
  if (c.chance(0.2))
    return `switch (option vendor-class-identifier) { case "pxe": ${plainOption(c)} break; case "phone": ${plainOption(c)} default: ${plainOption(c)} }`;
  return parts.join(" ");
}

const statements = (c: Prng, most: number, depth: number): string =>
  Array.from({ length: c.below(most + 1) }, () => statement(c, depth)).join("\n  ");

const PERMITS = [
  "allow known-clients",
  "deny known-clients",
  "allow unknown-clients",
  "deny unknown-clients",
  'allow members of "pxe"',
  'deny members of "pxe"',
  'allow members of "phones"',
  "allow dynamic bootp clients",
  "deny dynamic bootp clients",
  "allow all clients",
  'deny members of "odd"',
] as const;

function pools(c: Prng, net: string): string {
  const parts: string[] = [];
  const count = c.below(4);
  if (count === 0 || c.chance(0.3))
    parts.push(`range ${c.chance(0.2) ? "dynamic-bootp " : ""}${net}.100 ${net}.${c.pick([102, 105, 119])};`);
  for (let at = 0; at < count; at += 1) {
    const permits = Array.from({ length: c.below(3) }, () => `${c.pick(PERMITS as unknown as [string])};`).join(" ");
    const from = 130 + at * 30;
    parts.push(`pool { ${permits} range ${net}.${from} ${net}.${from + c.pick([1, 4, 20])}; ${statements(c, 2, 1)} }`);
  }
  return parts.join("\n  ");
}

const subnet = (c: Prng, net: string): string =>
  `subnet ${net}.0 netmask 255.255.255.0 {\n  ${c.chance(0.85) ? pools(c, net) : ""}\n  ${statements(c, 4, 0)}\n  ${c.chance(0.3) ? "authoritative;" : ""} ${c.chance(0.1) ? "not authoritative;" : ""}\n}`;

function host(c: Prng, number: number): string {
  const client = c.pick(CLIENTS as unknown as [(typeof CLIENTS)[number]]);
  const identity =
    client.id !== undefined && c.chance(0.4)
      ? `option dhcp-client-identifier ${colons(client.id)};`
      : `hardware ethernet ${colons(client.mac)};`;
  const addresses = [
    "",
    `fixed-address 10.77.0.${20 + number};`,
    `fixed-address 10.50.0.${20 + number}, 10.77.0.${20 + number};`,
    "fixed-address 10.99.0.9;",
  ];
  const deny = c.chance(0.1) ? "deny booting;" : "";
  return `host h${number} { ${identity} ${c.pick(addresses as [string])} ${deny} ${statements(c, 3, 1)} }`;
}

const CLASSES = (c: Prng): string => `
class "pxe" { match if substring(option vendor-class-identifier, 0, 3) = "pxe"; ${statements(c, 2, 1)} ${c.chance(0.3) ? "lease limit 1;" : ""} }
class "phones" { match if option vendor-class-identifier = "phone"; ${statements(c, 2, 1)} }
class "odd" { match hardware; ${c.chance(0.2) ? "lease limit 2;" : ""} }
subclass "odd" 1:${colons((CLIENTS[1] as { mac: string }).mac)};
subclass "odd" 1:${colons((CLIENTS[4] as { mac: string }).mac)} { ${statements(c, 2, 1)} }
${c.chance(0.3) ? 'class "spawned" { spawn with option agent.circuit-id; lease limit 2; }' : ""}
${c.chance(0.3) ? `class "named" { match pick-first-value(option host-name, option vendor-class-identifier); }\nsubclass "named" "box1" { ${statements(c, 2, 1)} }` : ""}
`;

const RARER = [
  "dhcp-cache-threshold 0;",
  "dhcp-cache-threshold 100;",
  "adaptive-lease-time-threshold 30;",
  "infinite-is-reserved on;",
  "dynamic-bootp-lease-length 900;",
  "min-secs 1;",
  "min-lease-time 500; max-lease-time 600;",
  "default-lease-time 3; max-lease-time 4;",
  "abandon-lease-time 600;",
  "one-lease-per-client on;",
  "update-conflict-detection off;",
  'on commit { set seen = pick-first-value(option host-name, "nobody"); }',
  "on commit { if exists host-name { set seen = option host-name; } else { unset seen; } }",
  'on release { set left = hardware; } on expiry { set over = binary-to-ascii(10, 8, ".", leased-address); }',
  'on expiry or release { set gone = concat(seen, "!"); }',
  'option maker.two = concat("v-", option vendor-class-identifier); vendor-option-space maker;',
  'if exists agent.circuit-id { option custom-text = concat("c-", option agent.circuit-id, "-", option agent.remote-id); }',
] as const;

const rarer = (c: Prng): string => Array.from({ length: 1 + c.below(5) }, () => c.pick(RARER as unknown as [string])).join("\n");

/** Classes that limit leases, hosts found by an option or with several addresses. */
function moreDeclarations(c: Prng): string {
  const client = (): { readonly mac: string; readonly id: string | undefined } => c.pick(CLIENTS as unknown as [(typeof CLIENTS)[number]]);
  const made = [
    () => 'class "doors" { spawn with option agent.remote-id; lease limit 1; }',
    () => 'class "guests" { match if not exists dhcp-client-identifier; lease limit 2; }',
    () =>
      `class "by-id" { match option dhcp-client-identifier; lease limit 1; } subclass "by-id" ${colons(client().id ?? "00abcd")} { lease limit 2; }`,
    () => 'class "boxes" { match if substring(option host-name, 0, 3) = "box"; lease limit 3; option domain-name "boxes.example"; }',
    () => `host n1 { host-identifier option host-name "${c.pick(["box1", "box2"])}"; fixed-address 10.77.0.70, 10.50.0.70, 10.78.0.70; }`,
    () => `host n2 { hardware ethernet ${colons(client().mac)}; fixed-address 10.50.0.71, 10.78.0.71; option root-path "n2"; }`,
    () => `host n3 { option dhcp-client-identifier ${colons(client().id ?? "00abcd")}; option nis-domain "n3"; default-lease-time 77; }`,
    () =>
      `group { option root-path "grouped"; host n4 { hardware ethernet ${colons(client().mac)}; } host n5 { option dhcp-client-identifier ${colons(client().id ?? "00abcd")}; } }`,
  ];
  return Array.from({ length: 1 + c.below(4) }, () => c.pick(made as [() => string])())
    .filter((text, at, all) => all.findIndex((other) => other.slice(0, 12) === text.slice(0, 12)) === at)
    .join("\n");
}

/** A dhcpd.conf drawn from `c`: legal, and on the network of the differential cases; `wide` and `wild` have more of the language in it. */
export function randomConf(c: Prng, wide?: Prng, wild?: Prng): string {
  const parts = wild === undefined ? { before: "", after: "" } : wildParts(wild);
  const globals = [
    `ping-check off; ddns-update-style none; ${wide === undefined ? "dhcp-cache-threshold 0;" : rarer(wide)}`,
    c.chance(0.5) ? "authoritative;" : "",
    c.chance(0.1) ? "server-identifier 10.77.0.6;" : "",
    c.chance(0.2) ? "one-lease-per-client on;" : "",
    c.chance(0.2) ? "deny duplicates;" : "",
    c.chance(0.1) ? "ignore client-updates;" : "",
    c.chance(0.2) ? "deny unknown-clients;" : "",
    c.chance(0.15) ? "ignore declines;" : "",
    c.chance(0.3) ? "allow bootp;" : "",
    c.chance(0.1) ? "get-lease-hostnames off;" : "",
    c.chance(0.15) ? "allow leasequery;" : "",
    c.chance(0.1) ? "ignore-client-uids on;" : "",
    statements(c, 5, 0),
  ].join("\n");
  const first = subnet(c, "10.77.0");
  const second = subnet(c, "10.50.0");
  const more = wide === undefined ? "" : moreDeclarations(wide);
  const networks = c.chance(0.5) ? `shared-network wire { ${statements(c, 2, 1)}\n${first}\n${second} }` : `${first}\n${second}`;
  const hosts = Array.from({ length: c.below(6) }, (_, number) => host(c, number));
  const grouped =
    hosts.length > 2 ? `group { ${statements(c, 3, 1)}\n${hosts.slice(0, 2).join("\n")} }\n${hosts.slice(2).join("\n")}` : hosts.join("\n");
  return `${DEFINITIONS}\n${parts.before}\n${globals}\n${CLASSES(c)}\n${networks}\nsubnet 10.78.0.0 netmask 255.255.255.0 { ${c.chance(0.5) ? "range 10.78.0.100 10.78.0.110;" : ""} ${statements(c, 2, 0)} }\n${grouped}\n${more}\n${parts.after}`;
}
