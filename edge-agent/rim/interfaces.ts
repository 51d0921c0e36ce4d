import koffi from "koffi";
import { type Ipv4Address, ipv4 } from "../values/ipv4.ts";

/** A network interface of this machine as it was when asked. */
export interface NetworkInterface {
  /** As asked for: of an address's label ("eth0:1") the label. */
  readonly name: string;
  /** The kernel's number; 0 if there is no such interface. */
  readonly index: number;
  /** Primary first; none while it is down. A cable that is out takes none away. */
  readonly addresses: readonly Ipv4Address[];
  readonly hardware: Uint8Array;
  readonly loopback: boolean;
  readonly up: boolean;
  readonly broadcast: boolean;
}

const IFF_UP = 1;
const IFF_BROADCAST = 2;
const IFF_LOOPBACK = 8;
const AF_INET = 2;
const AF_PACKET = 17;
/** Bytes of struct sockaddr_ll, the longest address that is read; getifaddrs gives every address room for it. */
const ADDRESS_BYTES = 20;
const ENTRIES_MOST = 65_536;

const libc = koffi.load(null);
koffi.struct("ifaddrs", {
  ...{ next: "void *", name: "const char *", flags: "unsigned int", address: "void *" },
  ...{ netmask: "void *", broadcast: "void *", data: "void *" },
});
const getifaddrs = libc.func("int getifaddrs(_Out_ void **list)") as (list: unknown[]) => number;
const freeifaddrs = libc.func("void freeifaddrs(void *list)") as (list: unknown) => void;

/** All interfaces that are there, with or without addresses. */
export function listInterfaces(): readonly NetworkInterface[] {
  const entries = readEntries();
  return entries.filter(({ bytes }) => familyOf(bytes) === AF_PACKET).map(({ name }) => describe(name, name, entries));
}

/** One interface by its name or the label of an address of its; index 0 and no addresses if there is none. */
export function findInterface(name: string): NetworkInterface {
  const entries = readEntries();
  return describe(name, entries.some((entry) => entry.name === name) ? deviceOf(name) : name, entries);
}

/** An entry of getifaddrs(3): an interface's own (AF_PACKET), or one for an address of it. */
interface Entry {
  /** The interface, or the address's label. */
  readonly name: string;
  readonly flags: number;
  /** A struct sockaddr; empty where there is none. */
  readonly bytes: Uint8Array;
}

const deviceOf = (label: string): string => label.split(":")[0] ?? label;
const familyOf = (bytes: Uint8Array): number => (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);

/**
 * From getifaddrs(3), not from `os.networkInterfaces()`: that leaves out interfaces without a carrier, and a server must not
 * refuse to start because the switch is still booting.
 */
function readEntries(): readonly Entry[] {
  const list: unknown[] = [null];
  if (getifaddrs(list) !== 0) return [];
  const entries: Entry[] = [];
  try {
    for (let at = list[0]; at !== null && at !== undefined && entries.length < ENTRIES_MOST; ) {
      const { next, name, flags, address } = koffi.decode(at, "ifaddrs") as {
        next: unknown;
        name: string;
        flags: number;
        address: unknown;
      };
      const bytes = address === null ? [] : (koffi.decode(address, "uint8_t", ADDRESS_BYTES) as Iterable<number>);
      entries.push({ name, flags, bytes: Uint8Array.from(bytes) });
      at = next;
    }
  } finally {
    freeifaddrs(list[0]);
  }
  return entries;
}

function describe(name: string, device: string, entries: readonly Entry[]): NetworkInterface {
  const own = entries.find((entry) => entry.name === device && familyOf(entry.bytes) === AF_PACKET);
  const flags = own?.flags ?? 0;
  const up = (flags & IFF_UP) !== 0;
  const belongs = (label: string): boolean => (name === device ? deviceOf(label) === device : label === name);
  return {
    ...{ name, index: own === undefined ? 0 : indexOf(own.bytes), up },
    addresses: up ? entries.filter((entry) => familyOf(entry.bytes) === AF_INET && belongs(entry.name)).map(addressOf) : [],
    hardware: own === undefined ? new Uint8Array() : own.bytes.subarray(12, 12 + Math.min(own.bytes[11] ?? 0, 8)),
    loopback: (flags & IFF_LOOPBACK) !== 0,
    broadcast: (flags & IFF_BROADCAST) !== 0,
  };
}

/** sin_addr of a struct sockaddr_in. */
const addressOf = ({ bytes }: Entry): Ipv4Address => ipv4(new DataView(bytes.buffer, bytes.byteOffset).getUint32(4));

/** sll_ifindex of a struct sockaddr_ll. */
const indexOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true);
