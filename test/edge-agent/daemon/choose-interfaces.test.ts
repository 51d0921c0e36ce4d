import { expect, test } from "vitest";
import { loadConfig } from "../../../edge-agent/config/load.ts";
import { chooseInterfaces, declaredInterfaces } from "../../../edge-agent/daemon/choose-interfaces.ts";
import type { NetworkInterface } from "../../../edge-agent/rim/interfaces.ts";
import { type Ipv4Address, parseIpv4 } from "../../../edge-agent/values/ipv4.ts";

const configured = (text: string) => {
  const { config, diagnostics } = loadConfig({
    path: "c",
    text,
    readFile: () => ({ ok: false, error: "none" }),
    resolveHost: () => undefined,
  });
  if (config === undefined) throw new Error(JSON.stringify(diagnostics));
  return config;
};
const address = (text: string): Ipv4Address => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const networkInterface = (name: string, addresses: readonly string[], more: Partial<NetworkInterface> = {}): NetworkInterface => ({
  ...{ name, index: 7, hardware: new Uint8Array(6), loopback: false, up: true, broadcast: true },
  addresses: addresses.map(address),
  ...more,
});

const CONFIG = configured(`
shared-network hall { subnet 10.1.0.0 netmask 255.255.255.0 {} subnet 10.2.0.0 netmask 255.255.255.0 {} }
shared-network yard { interface "eth7"; subnet 10.5.0.0 netmask 255.255.255.0 {} }
subnet 10.3.0.0 netmask 255.255.255.0 {}
subnet 127.0.0.0 netmask 255.0.0.0 {}
`);
const LO = networkInterface("lo", ["127.0.0.1"], { loopback: true });

const chosen = (present: readonly NetworkInterface[], requested: readonly NetworkInterface[] = []) => {
  const choice = chooseInterfaces(CONFIG, present, requested);
  if (!choice.ok) return choice.error;
  return {
    serving: choice.value.serving.map((each) => `${each.networkInterface.name} ${each.network.name}`),
    ignored: choice.value.ignored.map(({ name }) => name),
  };
};

test("all that can broadcast and have a subnet, but not loopback", () => {
  const present = [
    LO,
    networkInterface("eth0", ["10.2.0.1", "10.1.0.1"]),
    networkInterface("eth1", ["10.3.0.1"]),
    networkInterface("eth2", ["10.4.0.1"]),
    networkInterface("eth3", ["10.3.0.2"], { up: false }),
    networkInterface("tun0", ["10.3.0.3"], { broadcast: false }),
    networkInterface("eth7", []),
  ];
  expect(chosen(present)).toEqual({ serving: ["eth0 hall", "eth1 10.3.0.0/24", "eth7 yard"], ignored: ["eth2"] });
});

test("named ones only, loopback among them", () => {
  const eth0 = networkInterface("eth0", ["10.1.0.1"]);
  expect(chosen([eth0, LO], [LO])).toEqual({ serving: ["lo 127.0.0.0/8"], ignored: [] });
  expect(chosen([eth0], [networkInterface("nosuch0", [], { index: 0 })])).toEqual({ serving: [], ignored: ["nosuch0"] });
});

test("an interface in two networks is refused", () => {
  expect(chosen([networkInterface("eth0", ["10.1.0.1", "10.3.0.1"])])).toBe("Interface eth0 matches multiple shared networks");
});

test("interface statements of networks and of subnets name devices", () => {
  expect(declaredInterfaces(CONFIG)).toEqual(["eth7"]);
  expect(declaredInterfaces(configured("subnet 10.1.0.0 netmask 255.255.255.0 { interface a; }"))).toContain("a");
});
