import { expect, test } from "vitest";
import type { Statement } from "../../../edge-agent/config/expression.ts";
import { configOf } from "../../support/load-config.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const globals = (text: string, hosts: Record<string, readonly string[]> = {}): readonly Statement[] =>
  configOf(text, {}, hosts).global.statements;
/** The constant that `option TEXT;` sets. */
const constantOf = (text: string): unknown => {
  const statement = globals(`option ${text};`)[0];
  return statement?.kind === "option" && statement.value?.kind === "bytes" ? statement.value.value : statement;
};

test.each([
  ["routers 10.0.0.1, 10.0.0.2", bytes(10, 0, 0, 1, 10, 0, 0, 2)],
  ["time-offset -18000", bytes(0xff, 0xff, 0xb9, 0xb0)],
  ["boot-size 0x1ff", bytes(1, 255)],
  ["interface-mtu 010", bytes(0, 8)],
  ["ip-forwarding on", bytes(1)],
  ["policy-filter 10.0.0.0 255.0.0.0, 11.0.0.0 255.0.0.0", bytes(10, 0, 0, 0, 255, 0, 0, 0, 11, 0, 0, 0, 255, 0, 0, 0)],
  ['host-name "a\\102\\x43"', bytes(97, 66, 67)],
  ["dhcp-client-identifier 1:2:ab", bytes(1, 2, 0xab)],
  ['domain-search "a.bc", "d.a.bc"', bytes(1, 97, 2, 98, 99, 0, 1, 100, 0xc0, 0)],
  ["slp-service-scope true", bytes(1)],
  ["dhcp6.name-servers ::1", bytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
])("option %s", (text, value) => {
  expect(constantOf(text)).toEqual(value);
});

test("a host name gives its first address, in an array all of them", () => {
  const hosts = { "a.example": ["10.0.0.1", "10.0.0.2"] };
  expect(globals("option ntp-servers a.example; next-server a.example;", hosts)).toMatchObject([
    { value: { kind: "host-addresses", host: "a.example", resolved: bytes(10, 0, 0, 1, 10, 0, 0, 2) } },
    { value: { kind: "host-addresses", host: "a.example", resolved: bytes(10, 0, 0, 1) } },
  ]);
});

test("operators group as in dhcpd: what binds tighter takes the rest", () => {
  const [statement] = globals('if known and "a" = "b" or static { }');
  expect(statement).toMatchObject({
    condition: { kind: "and", left: { kind: "known" }, right: { kind: "or", left: { kind: "equal" }, right: { kind: "static" } } },
  });
  const [sum] = globals(`set x = extract-int("a", 8) + lease-time * lease-time;`);
  expect(sum).toMatchObject({ value: { operator: "*", left: { operator: "+" } } });
});

test("allow, deny and ignore are parameters with a number", () => {
  expect(globals("allow booting; deny unknown-clients; ignore client-updates;")).toMatchObject([
    { kind: "parameter", name: "allow-booting", value: { value: 1 } },
    { kind: "parameter", name: "boot-unknown-clients", value: { value: 0 } },
    { kind: "parameter", name: "client-updates", value: { value: 2 } },
  ]);
});

test("a failover peer has dhcpd's defaults, and split fills the first buckets", () => {
  const config = configOf(`failover peer "f" { primary; peer address 10.0.0.2; mclt 60; split 9; }
    subnet 10.0.0.0 netmask 255.255.255.0 { pool { failover peer "f"; range 10.0.0.5; } pool { failover peer "f"; range 10.0.0.9; } }`);
  expect(config.failoverPeers[0]).toMatchObject({
    port: 647,
    peerPort: 647,
    mclt: 60,
    maxResponseDelay: 20,
    maxUnackedUpdates: 100,
    loadBalanceMaxSeconds: 0,
  });
  expect(config.failoverPeers[0]?.hba?.slice(0, 3)).toEqual(bytes(255, 1, 0));
  expect(config.pools.map((pool) => [pool.failoverPeer, pool.ranges.length])).toEqual([["f", 2]]);
});

test("options that are defined in the file encode as their type says", () => {
  const config = configOf(
    `option space pxe; option pxe.a code 1 = { ip-address, array of unsigned integer 16 }; option pxe.a 10.0.0.1 1, 2;`,
  );
  expect(config.global.statements).toMatchObject([{ option: { space: "pxe", code: 1 }, value: { value: bytes(10, 0, 0, 1, 0, 1, 0, 2) } }]);
  expect(config.optionDefinitions.get("pxe")?.get(1)?.repeat).toBe("last-field");
});
