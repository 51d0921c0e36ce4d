import { expect, test } from "vitest";
import { configOf } from "../../support/load-config.ts";

const CLASSES = `class "a" { match if known; } class "b" { match if known; }`;
const poolsOf = (...pools: readonly string[]): number =>
  configOf(
    `${CLASSES} subnet 10.0.0.0 netmask 255.255.255.0 { ${pools.map((text, at) => `pool { ${text} range 10.0.0.${10 + at}; }`).join(" ")} }`,
  ).pools.length;

test("pools that say the same are one, whatever the order of their permits", () => {
  expect(poolsOf("", "")).toBe(1);
  expect(poolsOf(`allow members of "a"; allow members of "b";`, `allow members of "b"; allow members of "a";`)).toBe(1);
});

test("pools that differ stay apart", () => {
  expect(poolsOf("", "deny unknown-clients;")).toBe(2);
  expect(poolsOf("", "option time-offset 1;")).toBe(2);
  // the same number of permits, and each of the first among those of the second
  expect(poolsOf(`allow members of "a"; allow members of "a";`, `allow members of "a"; allow members of "b";`)).toBe(2);
});

test.each([
  ["pool { allow all clients; range 10.0.0.10; }", "range dynamic-bootp", [["10", "99"]]],
  ["pool { deny dynamic bootp clients; range 10.0.0.10; }", "range", [["10", "99"]]],
  ["pool { allow all clients; range 10.0.0.10; }", "range", [["10"], ["99"]]],
  ["pool { range 10.0.0.10; }", "range", [["10"], ["99"]]],
  // the one before the one that is found, as dhcpd has it
  ["pool { range 10.0.0.10; } pool { allow all clients; range 10.0.0.20; }", "range dynamic-bootp", [["10", "99"], ["20"]]],
] as const)("%s and a %s outside of pools", (pools, range, wanted) => {
  const conf = `shared-network a { subnet 10.0.0.0 netmask 255.255.255.0 { ${pools} } subnet 10.1.0.0 netmask 255.255.255.0 { ${range} 10.1.0.99; } }`;
  expect(configOf(conf).pools.map(({ ranges }) => ranges.map(({ first }) => String(first & 255)))).toEqual(wanted);
});
