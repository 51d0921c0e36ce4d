import { MESSAGE_TYPE, OPTION } from "../../../edge-agent/dhcp/wire/option-codes.ts";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import { formatIpv4 } from "../../../edge-agent/values/ipv4.ts";
import type { Machine } from "../machine.ts";
import type { Checker } from "./checker.ts";

/** No DHCPACK leaves before the lease it speaks of is on disk. */
export function commitBeforeAck(): Checker {
  const granted = new Map<Machine, Map<number, Lease>>();
  return {
    name: "no ACK before its commit",
    durable(_scene, machine, writes) {
      const own = granted.get(machine) ?? new Map<number, Lease>();
      granted.set(machine, own);
      for (const write of writes) if (write.kind === "lease" && write.lease.status === "ACTIVE") own.set(write.lease.address, write.lease);
      return undefined;
    },
    answered(_scene, machine, answer) {
      if (answer.options.get(OPTION.messageType)?.[0] !== MESSAGE_TYPE.DHCPACK) return undefined;
      const lease = granted.get(machine)?.get(answer.yiaddr);
      const isTheirs = lease?.hardware?.bytes.every((byte, index) => byte === answer.chaddr[index]) === true;
      return isTheirs ? undefined : `an ACK of ${formatIpv4(answer.yiaddr)} leaves ${machine.name}, whose disk does not know of it`;
    },
  };
}
