import type { HardwareAddress } from "../values/hardware-address.ts";
import { hexPairs } from "../values/hardware-address.ts";
import type { Ipv4Address } from "../values/ipv4.ts";
import type { HostDeclaration, HostTable } from "./agent-config.ts";

const NONE: readonly HostDeclaration[] = [];

/** Indexes host declarations, so that a client's are found in constant time however many there are. */
export function hostTable(all: readonly HostDeclaration[]): HostTable {
  const byHardware = new Map<string, HostDeclaration[]>();
  const byClientId = new Map<string, HostDeclaration[]>();
  const byAddress = new Map<Ipv4Address, HostDeclaration[]>();
  const byOption: HostDeclaration[] = [];
  for (const host of all) {
    if (host.hardware !== undefined) append(byHardware, hardwareKey(host.hardware), host);
    if (host.clientId !== undefined) append(byClientId, hexPairs(host.clientId, ""), host);
    if (host.identifier !== undefined) byOption.push(host);
    for (const address of host.addresses) append(byAddress, address, host);
  }
  return {
    all,
    byOption,
    byHardware: (hardware) => byHardware.get(hardwareKey(hardware)) ?? NONE,
    byClientId: (clientId) => (byClientId.size === 0 ? NONE : (byClientId.get(hexPairs(clientId, "")) ?? NONE)),
    byAddress: (address) => byAddress.get(address) ?? NONE,
  };
}

const hardwareKey = (hardware: HardwareAddress): string => `${hardware.htype}/${hexPairs(hardware.bytes, "")}`;

function append<K>(map: Map<K, HostDeclaration[]>, key: K, host: HostDeclaration): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [host]);
  else list.push(host);
}
