import { expect, test } from "vitest";
import { formatDiagnostic } from "../../../edge-agent/config/diagnostics.ts";
import { formatIpv4 } from "../../../edge-agent/values/ipv4.ts";
import { configOf, load } from "../../support/load-config.ts";

test("a lone subnet has a network of its own, and its ranges make one pool", () => {
  const config = configOf(`
    default-lease-time 600;
    subnet 10.0.0.0 netmask 255.255.255.0 { option routers 10.0.0.1; range 10.0.0.10 10.0.0.20; range 10.0.0.40; }`);
  expect(config.networks.map((network) => network.name)).toEqual(["10.0.0.0/24"]);
  expect(config.networks[0]?.scope).toBe(config.subnets[0]?.scope);
  expect(config.pools).toHaveLength(1);
  expect(config.pools[0]?.ranges.map((range) => [formatIpv4(range.first), formatIpv4(range.last)])).toEqual([
    ["10.0.0.10", "10.0.0.20"],
    ["10.0.0.40", "10.0.0.40"],
  ]);
  expect(config.pools[0]?.prohibit).toEqual([{ kind: "dynamic-bootp-clients" }]);
  expect(config.global.statements).toMatchObject([
    { kind: "parameter", name: "default-lease-time", value: { kind: "number", value: 600 } },
  ]);
  expect(config.subnets[0]?.scope.statements).toMatchObject([
    { kind: "option", option: { name: "routers", code: 3 }, value: { kind: "bytes", value: Uint8Array.of(10, 0, 0, 1) } },
  ]);
});

test("hosts are found by hardware, client identifier and address", () => {
  const config = configOf(
    `group { option host-name "g";
       host a { hardware ethernet 00:16:3e:01:02:03; fixed-address 10.0.0.5, printer.example; }
       host b { option dhcp-client-identifier 1:2:3; } }`,
    {},
    { "printer.example": ["10.0.0.6", "10.0.0.7"] },
  );
  const [a, b] = config.hosts.all;
  expect(config.hosts.byHardware({ htype: 1, bytes: Uint8Array.of(0, 0x16, 0x3e, 1, 2, 3) })).toEqual([a]);
  expect(config.hosts.byClientId(Uint8Array.of(1, 2, 3))).toEqual([b]);
  expect(a?.addresses.map(formatIpv4)).toEqual(["10.0.0.5", "10.0.0.6", "10.0.0.7"]);
  expect(a?.scope.parent?.kind).toBe("group");
});

test("errors are all reported at once, with line, caret and advice", () => {
  const { config, diagnostics } = load(
    'option routers 10.0.0.1\nauthoritative;\noption foo "x";\nsubnet 10.0.0.1 netmask 255.255.255.0 { }\n',
  );
  expect(config).toBeUndefined();
  expect(diagnostics.map(formatDiagnostic)).toEqual([
    'dhcpd.conf:2:1: error: semicolon expected.\nauthoritative;\n^\n  found "authoritative"; write ";" after "1" on line 1',
    'dhcpd.conf:3:8: error: unknown option dhcp.foo\noption foo "x";\n       ^\n  define it first: option foo code NUMBER = TYPE;',
    "dhcpd.conf:4:37: error: subnet 10.0.0.1 netmask 255.255.255.0: bad subnet number/mask combination.\n" +
      "subnet 10.0.0.1 netmask 255.255.255.0 { }\n                                    ^\n" +
      "  the subnet that this address is in begins at 10.0.0.0",
  ]);
});

test("hosts declared later stand behind all others; what has an error leaves no trace", () => {
  const loaded = load('group "g" { next-server 10.0.0.9; }\nhost a { hardware ethernet 00:16:3e:01:02:03; fixed-address 10.0.0.5; }');
  const add = (text: string) => {
    const added = loaded.addHosts(text);
    return added.ok ? added.value.all.map(({ name, scope }) => `${name}<${scope.parent?.name}`) : added.error;
  };
  const first = loaded.config?.hosts.all[0];
  expect(add('host b { dynamic; hardware ethernet 00:16:3e:01:02:04; group "g"; }')).toEqual(["a<", "b<g"]);
  expect(add("host d { fixed-address 10.0.0.8; }\nhost e { fixed-address }")).toMatch(/expecting|expected/);
  expect(add("host a { fixed-address 10.0.0.8; }")).toBe("host a: already exists");
  expect(add("host a { dynamic; deleted; }\nhost c { fixed-address 10.0.0.6; }")).toEqual(["b<g", "c<"]);
  expect(loaded.config?.hosts.all).toEqual([first]);
  expect(loaded.diagnostics).toEqual([]);
});
