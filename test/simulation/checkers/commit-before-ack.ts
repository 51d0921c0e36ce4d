import { MESSAGE_TYPE, OPTION } from "../../../edge-agent/dhcp/wire/option-codes.ts";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import { formatIpv4 } from "../../../edge-agent/values/ipv4.ts";
import type { Machine } from "../machine.ts";
import type { Checker } from "./checker.ts";

/** No DHCPACK leaves before the lease it speaks of is on disk. */
export function commitBeforeAck(): Checker {
  /** All that one commit wrote: an address may have changed hands within it, before the first ACK left. */
  const granted = new Map<Machine, Map<number, Lease[]>>();
  return {
    name: "no ACK before its commit",
    durable(_scene, machine, writes) {
      const own = granted.get(machine) ?? new Map<number, Lease[]>();
      granted.set(machine, own);
      const together = new Map<number, Lease[]>();
      for (const write of writes) {
        if (write.kind !== "lease" || write.lease.status !== "ACTIVE") continue;
        const { address } = write.lease;
        together.set(address, [...(together.get(address) ?? []), write.lease]);
      }
      for (const [address, leases] of together) own.set(address, leases);
      return undefined;
    },
    answered(_scene, machine, answer) {
      if (answer.options.get(OPTION.messageType)?.[0] !== MESSAGE_TYPE.DHCPACK) return undefined;
      const leases = granted.get(machine)?.get(answer.yiaddr) ?? [];
      const isTheirs = leases.some(({ hardware }) => hardware?.bytes.every((byte, index) => byte === answer.chaddr[index]) === true);
      return isTheirs ? undefined : `an ACK of ${formatIpv4(answer.yiaddr)} leaves ${machine.name}, whose disk does not know of it`;
    },
  };
}
