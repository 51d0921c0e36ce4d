import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Ipv4Address, parseIpv4 } from "../values/ipv4.ts";

/** A network interface of this machine as it was when asked. */
export interface NetworkInterface {
  readonly name: string;
  /** The kernel's number; 0 if there is no such interface. */
  readonly index: number;
  /** Primary first. */
  readonly addresses: readonly Ipv4Address[];
  readonly hardware: Uint8Array;
  readonly loopback: boolean;
  readonly up: boolean;
  readonly broadcast: boolean;
}

const IFF_UP = 1;
const IFF_BROADCAST = 2;
const IFF_LOOPBACK = 8;
const SYS_CLASS_NET = "/sys/class/net";

/** All interfaces, with or without addresses. `indexOf` gives the kernel's number of a name, 0 for an unknown one. */
export function listInterfaces(indexOf: (name: string) => number): readonly NetworkInterface[] {
  const addressed = addressesByName();
  const names = new Set([...addressed.keys(), ...systemNames()]);
  return [...names].map((name) => describeInterface(name, addressed.get(name), indexOf)).filter(({ index }) => index > 0);
}

/** One interface by name; index 0 and no addresses if there is none. */
export const findInterface = (name: string, indexOf: (name: string) => number): NetworkInterface =>
  describeInterface(name, addressesByName().get(name), indexOf);

interface Addressed {
  readonly addresses: Ipv4Address[];
  readonly mac: string;
  readonly internal: boolean;
}

function describeInterface(name: string, addressed: Addressed | undefined, indexOf: (name: string) => number): NetworkInterface {
  const flags = Number(systemFile(name, "flags") ?? (addressed === undefined ? 0 : IFF_UP | IFF_BROADCAST));
  const mac = systemFile(name, "address") ?? addressed?.mac ?? "";
  return {
    name,
    index: indexOf(name),
    addresses: addressed?.addresses ?? [],
    hardware: Uint8Array.from(mac === "" ? [] : mac.split(":").map((pair) => Number.parseInt(pair, 16))),
    loopback: (flags & IFF_LOOPBACK) !== 0 || addressed?.internal === true,
    up: (flags & IFF_UP) !== 0,
    broadcast: (flags & IFF_BROADCAST) !== 0,
  };
}

/** IPv4 addresses; those with a label such as "eth0:1" belong to eth0. */
function addressesByName(): Map<string, Addressed> {
  const found = new Map<string, Addressed>();
  for (const [label, entries] of Object.entries(networkInterfaces())) {
    const name = label.split(":")[0] ?? label;
    for (const entry of entries ?? []) {
      const known = found.get(name) ?? { addresses: [], mac: entry.mac, internal: entry.internal };
      const address = entry.family === "IPv4" ? parseIpv4(entry.address) : undefined;
      if (address?.ok) known.addresses.push(address.value);
      found.set(name, known);
    }
  }
  return found;
}

function systemNames(): string[] {
  try {
    return readdirSync(SYS_CLASS_NET);
  } catch {
    return [];
  }
}

function systemFile(name: string, file: string): string | undefined {
  try {
    return readFileSync(`${SYS_CLASS_NET}/${name}/${file}`, "utf8").trim();
  } catch {
    return undefined;
  }
}
