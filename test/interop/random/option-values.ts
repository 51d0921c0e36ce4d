import { DHCP_OPTIONS } from "../../../edge-agent/config/option-tables.ts";
import type { Prng } from "../../simulation/prng.ts";

type Choices = readonly [string, ...string[]];

/** Values of each letter of an option's format, legal and odd. */
const VALUES: Readonly<Record<string, Choices>> = {
  I: ["10.1.2.3", "0.0.0.0", "255.255.255.255", "10.77.0.1", "192.168.1.254"],
  l: ["0", "-1", "3600", "-2147483648", "2147483647", "0x10"],
  L: ["0", "1", "4294967295", "3600", "0xff"],
  s: ["0", "-1", "-32768", "32767"],
  S: ["0", "1", "65535", "1500", "0x100"],
  b: ["0", "-1", "-128", "127"],
  B: ["0", "1", "255", "8", "0x0f"],
  f: ["on", "off", "true", "false"],
  X: ["01:02:03", "ff", "0:1:2:a:b", '"text"', "de:ad:be:ef:00:11:22:33:44:55:66:77:88:99:aa:bb"],
  d: ["a.example", "x", "deep.sub.domain.example.org"],
  D: ['"a.example"', '"a.example", "b.a.example", "example"', '"x.example.org", "y.example.org", "example.org"'],
  "6": ["::1", "2001:db8::1", "fe80::1:2:3"],
};

const TEXTS = [
  "",
  "a",
  "abc",
  "x.example",
  "with space",
  "tab\\tnl\\n",
  "nul\\000mid",
  "\\377\\376",
  'quo\\"te',
  "back\\\\",
  "UPPER.lower",
];
const LONG_TEXTS = ["very-long-".repeat(12), "x".repeat(255), "\\x41\\x42", "trail."];

/** A string of the configuration, with its quotes. */
export const quoted = (c: Prng): string => `"${c.pick([...TEXTS, ...LONG_TEXTS] as unknown as Choices)}"`;

const letter = (name: string, c: Prng): string => (name === "t" ? quoted(c) : c.pick(VALUES[name] ?? [""]));

/** An option that can be given a value. */
export interface Valued {
  readonly name: string;
  readonly code: number;
  readonly format: string;
}

/** Standard options that a configuration may set without the protocol's own machinery minding. */
export const STANDARD: readonly Valued[] = DHCP_OPTIONS.filter(
  ([code, , format]) => ![50, 52, 53, 54, 55, 61, 81, 82, 118].includes(code) && !/[EN]/.test(format),
).map(([code, name, format]) => ({ name, code, format }));

/** Types of options that a configuration defines, and their formats. */
export const TYPES: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ["text", "t"],
  ["string", "X"],
  ["ip-address", "I"],
  ["array of ip-address", "IA"],
  ["boolean", "f"],
  ["integer 8", "b"],
  ["integer 16", "s"],
  ["integer 32", "l"],
  ["unsigned integer 8", "B"],
  ["unsigned integer 16", "S"],
  ["unsigned integer 32", "L"],
  ["array of integer 8", "bA"],
  ["array of unsigned integer 16", "SA"],
  ["array of boolean", "fA"],
  ["domain-list", "D"],
  ["domain-list compressed", "D"],
  ["ip6-address", "6"],
  ["{ ip-address, boolean, text }", "Ift"],
  ["{ unsigned integer 16, string }", "SX"],
  ["array of { unsigned integer 8, ip-address }", "BIA"],
  ["{ integer 8, array of unsigned integer 8 }", "bBa"],
];

/** A value in an option's own syntax; empty if there is none to draw. */
export function valueText({ format }: Valued, c: Prng): string {
  if (format.startsWith("D")) return letter("D", c);
  const letters = format.replace(/[Aao.]/g, "");
  if (/[^IlLsSbBftXd6]/.test(letters)) return "";
  const record = (): string => [...letters].map((one) => letter(one, c)).join(" ");
  if (format.endsWith("A")) return Array.from({ length: 1 + c.below(4) }, record).join(", ");
  const more = format.endsWith("a") ? Array.from({ length: c.below(3) }, () => `, ${letter(letters.at(-1) ?? "", c)}`).join("") : "";
  return `${record()}${more}`;
}

/** Without lease times: the two servers may differ by a tick of the clock. */
const LEAVES: Choices = [
  ...(["hardware", "option host-name", "option vendor-class-identifier", "option dhcp-client-identifier", "leased-address"] as const),
  ...(["config-option domain-name", "config-option routers", "config-option host-name"] as const),
  ...(["option agent.circuit-id", "option user-class", "packet(28, 6)", "null", "option dhcp-parameter-request-list"] as const),
  ...(["config-option subnet-mask", "config-option vend.one", "option dhcp-server-identifier", "config-option agent.remote-id"] as const),
];
const NUMBERS: Choices = ["0", "1", "2", "3", "5"];

/** A data expression of dhcp-eval(5). */
export function data(c: Prng, depth = 0): string {
  if (depth > 2 || c.chance(0.4)) return c.chance(0.2) ? quoted(c) : c.pick(LEAVES);
  const inner = (): string => data(c, depth + 1);
  const number = (): string => (c.chance(0.8) ? c.pick(NUMBERS) : `extract-int(${inner()}, ${c.pick([8, 16, 32])})`);
  const made: readonly [() => string, ...(() => string)[]] = [
    () => `concat(${inner()}, ${inner()})`,
    () => `substring(${inner()}, ${number()}, ${number()})`,
    () => `suffix(${inner()}, ${number()})`,
    () => `lcase(${inner()})`,
    () => `ucase(${inner()})`,
    () => `pick-first-value(${inner()}, ${inner()})`,
    () => `reverse(1, ${inner()})`,
    () => `binary-to-ascii(${c.pick([8, 10, 16])}, 8, ${quoted(c)}, ${inner()})`,
    () => `encode-int(${number()}, ${c.pick([8, 16, 32])})`,
  ];
  return c.pick(made)();
}

/** A condition. */
export function condition(c: Prng, depth = 0): string {
  const inner = (): string => (depth < 2 ? condition(c, depth + 1) : "known");
  const asked = ["host-name", "user-class", "agent.circuit-id", "vendor-class-identifier"] as const;
  const made: readonly [() => string, ...(() => string)[]] = [
    () => `exists ${c.pick(asked)}`,
    () => "known",
    () => "static",
    () => `substring(${data(c, 2)}, 0, 3) = ${quoted(c)}`,
    () => `option host-name != ${data(c, 2)}`,
    () => `option host-name ~= "${c.pick(["^b", "[0-9]$", "x*", "."])}"`,
    () => `not (${inner()})`,
    () => `(${inner()} and ${inner()})`,
    () => `(${inner()} or ${inner()})`,
  ];
  return c.pick(made)();
}
