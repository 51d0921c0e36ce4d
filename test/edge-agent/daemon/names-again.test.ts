import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Configuration } from "../../../edge-agent/daemon/configuration.ts";
import { NamesAgain } from "../../../edge-agent/daemon/names-again.ts";
import type { Logger } from "../../../edge-agent/rim/logger.ts";
import { formatIpv4 } from "../../../edge-agent/values/ipv4.ts";

const dns = vi.hoisted(() => ({ names: new Map<string, readonly string[]>(), asked: [] as string[] }));
vi.mock("node:dns/promises", () => ({
  lookup: async (name: string) => {
    dns.asked.push(name);
    const found = dns.names.get(name);
    if (found === undefined) throw new Error("ENOTFOUND");
    return found.map((address) => ({ address, family: 4 }));
  },
}));

const silent = { line: () => {}, log: () => {} } as unknown as Logger;
const file = join(mkdtempSync(join(tmpdir(), "tandem-names-")), "dhcpd.conf");
const HOST = "host h { hardware ethernet 2:0:0:0:0:1; fixed-address printer.example; option routers gate.example; }";
const SUBNET = "subnet 10.0.0.0 netmask 255.255.255.0 { }";

beforeEach(() => {
  dns.names.clear();
  dns.names.set("gate.example", ["10.0.0.1"]);
  dns.asked.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

const read = async (): Promise<Configuration> => {
  writeFileSync(file, `${SUBNET}\n${HOST}\n`);
  return (await Configuration.read(file, silent)) as Configuration;
};
const fixed = ({ config }: Configuration): string[] => config.hosts.all.flatMap(({ addresses }) => addresses.map(formatIpv4));

test("a name that had no address at the start is looked up again by itself, and its host then has one", async () => {
  const configuration = await read();
  expect(fixed(configuration)).toEqual([]);
  dns.asked.length = 0;
  expect(await configuration.lookUpNames("missing")).toBe(false);
  dns.names.set("printer.example", ["10.0.0.9"]);
  expect(await configuration.lookUpNames("missing")).toBe(true);
  expect(dns.asked).toEqual(["printer.example", "printer.example"]);
  expect(fixed(configuration)).toEqual(["10.0.0.9"]);
});

test("all names follow what DNS says, in whatever order it says it; one that is gone keeps what it had", async () => {
  dns.names.set("printer.example", ["10.0.0.9", "10.0.0.10"]);
  const configuration = await read();
  dns.names.set("printer.example", ["10.0.0.10", "10.0.0.9"]);
  dns.names.delete("gate.example");
  expect(await configuration.lookUpNames("all")).toBe(false);
  dns.names.set("printer.example", ["10.0.0.11"]);
  expect(await configuration.lookUpNames("all")).toBe(true);
  expect(fixed(configuration)).toEqual(["10.0.0.11"]);
});

test("what was written into the files meanwhile waits for a reload", async () => {
  const configuration = await read();
  writeFileSync(file, `${SUBNET}\n`);
  dns.names.set("printer.example", ["10.0.0.9"]);
  await configuration.lookUpNames("missing");
  expect(fixed(configuration)).toEqual(["10.0.0.9"]);
});

test("missing names are asked for every minute, all of them every hour, until it is closed", async () => {
  vi.useFakeTimers();
  const asked: string[] = [];
  const names = new NamesAgain(async (which) => void asked.push(which));
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(asked.filter((which) => which === "missing")).toHaveLength(60);
  expect(asked.filter((which) => which === "all")).toHaveLength(1);
  names.close();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(asked).toHaveLength(61);
});
