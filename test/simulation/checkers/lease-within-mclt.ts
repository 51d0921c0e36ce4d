import { MESSAGE_TYPE, OPTION } from "../../../edge-agent/dhcp/wire/option-codes.ts";
import { formatIpv4, ipv4FromBytes } from "../../../edge-agent/values/ipv4.ts";
import { type Checker, otherThan, trueTime } from "./checker.ts";

/**
 * No lease reaches further than MCLT past what the partner has on its disk, whatever the server believes it has acknowledged. A lease runs
 * from the request: what was decided when the process was frozen, and leaves when it goes on, is none the longer for that.
 */
export function leaseWithinMclt(): Checker {
  return {
    name: "no lease is longer than what the partner knows plus MCLT",
    answered(scene, machine, answer) {
      const partner = otherThan(scene, machine);
      if (!scene.swarm.pair || partner === undefined || scene.partnerDown) return undefined;
      if (answer.options.get(OPTION.messageType)?.[0] !== MESSAGE_TYPE.DHCPACK) return undefined;
      const seconds = ipv4FromBytes(answer.options.get(OPTION.leaseTime) ?? new Uint8Array(4));
      if (seconds > scene.swarm.maximumLeaseTime + 60) return `a lease of ${seconds} s, longer than max-lease-time`;
      const known = partner.disk.leases.get(answer.yiaddr);
      const horizon = Math.max(known?.ends ?? 0, known?.failover?.tsfp ?? 0, known?.failover?.tstp ?? 0);
      const limit = Math.max(scene.now, trueTime(partner, horizon)) + scene.swarm.mclt * 1000 + scene.slack;
      const wasDecidedBefore = scene.now - machine.resumedAt <= scene.swarm.commitDelay * 4 + 1;
      const until = (wasDecidedBefore ? machine.pausedAt : scene.now) + seconds * 1000;
      if (until <= limit || partner.lostDisk) return undefined;
      const excess = Math.round((until - limit) / 1000);
      return `${machine.name} gives ${formatIpv4(answer.yiaddr)} for ${seconds} s, ${excess} s more than ${partner.name} knows of`;
    },
  };
}
