import { formatIpv4, type Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import type { Machine } from "../machine.ts";
import type { Checker, Scene } from "./checker.ts";

/** A free address is never both servers' to give: FREE for the primary and BACKUP for the secondary at once. */
export function oneOwner(): Checker {
  const statusOf = (machine: Machine | undefined, address: Ipv4Address) => machine?.disk.leases.get(address)?.status ?? "FREE";
  return {
    name: "only the owner of a free address gives it out",
    durable(scene: Scene, _machine, writes) {
      const [primary, secondary] = scene.machines;
      if (!scene.swarm.pair || scene.partnerDown || primary?.lostDisk === true || secondary?.lostDisk === true) return undefined;
      for (const write of writes) {
        if (write.kind !== "lease" || statusOf(primary, write.lease.address) !== "FREE") continue;
        if (statusOf(secondary, write.lease.address) === "BACKUP")
          return `${formatIpv4(write.lease.address)} is FREE here and BACKUP there`;
      }
      return undefined;
    },
  };
}
