import type { Lease } from "../../../edge-agent/leases/lease.ts";
import { sameHardware } from "../../../edge-agent/values/hardware-address.ts";
import { formatIpv4, type Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import type { Client } from "../client.ts";
import type { Holding } from "../client-types.ts";
import type { Checker, Scene } from "./checker.ts";
import { trueTime } from "./checker.ts";

/** One address, two clients. */
interface Conflict {
  readonly address: Ipv4Address;
  readonly clients: readonly [Client, Client];
  readonly since: number;
  /** Both servers had a lease of another client, at the last look; when the first of the two ends, true milliseconds. */
  both: { readonly endsAt: number } | undefined;
}
/** The looks at a server that is at rest are that far apart. */
const LOOK_MILLIS = 30_000;

/** So long servers that nothing keeps apart any more may go by what they were told before they meet. */
const MEETING_MILLIS = 15_000;

/**
 * What holds though an operator swears to what is not so. An address goes to two clients only while somebody's word stands
 * against the truth: never before, and never once the two servers have agreed again and what was given meanwhile has run out.
 * Where the servers meet with two leases of one address, one of them says so in its log, and one lease stands. In the end every
 * address has one holder.
 */
export function conflictsAreSettled(): Checker {
  const held = new Map<Ipv4Address, { readonly client: Client; readonly holding: Holding }>();
  const reported = new Map<Ipv4Address, number>();
  const open = new Map<Ipv4Address, Conflict>();
  return {
    name: "conflicts come from false words only, are reported, and are settled",
    bound(scene, client, holding) {
      const other = held.get(holding.address);
      held.set(holding.address, { client, holding });
      if (other === undefined || other.client === client || other.holding.until - scene.slack <= scene.now) return undefined;
      const trusted = scene.now - scene.lastFalseWord > 1000 * (scene.swarm.maximumLeaseTime + 60 + 2 * scene.swarm.mclt);
      if (trusted && !scene.partnerDown) {
        return `${formatIpv4(holding.address)} went to ${client.name} and is ${other.client.name}'s, though nobody forced anything`;
      }
      open.set(holding.address, { address: holding.address, clients: [other.client, client], since: scene.now, both: undefined });
      return undefined;
    },
    gone(_scene, client, holding) {
      if (held.get(holding.address)?.client === client) held.delete(holding.address);
      if (open.get(holding.address)?.clients.includes(client) === true) open.delete(holding.address);
      return undefined;
    },
    logged(scene, _machine, text) {
      const address = /^Lease conflict at ([\d.]+):/.exec(text)?.[1];
      for (const conflict of open.values()) if (formatIpv4(conflict.address) === address) reported.set(conflict.address, scene.now);
      return undefined;
    },
    atRest(scene) {
      for (const conflict of open.values()) {
        const complaint = look(scene, conflict, reported.get(conflict.address));
        if (complaint !== undefined) return complaint;
      }
      return undefined;
    },
    atEnd(scene) {
      const holders = Map.groupBy(
        scene.clients.filter(({ holding, phase }) => holding !== undefined && phase !== "off" && holding.until > scene.now + scene.slack),
        ({ holding }) => holding?.address,
      );
      for (const [address, clients] of holders) {
        const fresh = clients.filter(({ holding }) => (holding?.since ?? 0) > scene.healedAt + MEETING_MILLIS);
        if (fresh.length > 1)
          return `${formatIpv4(address!)} is ${fresh.map(({ name }) => name).join("'s and ")}'s, long after all is well`;
      }
      return undefined;
    },
  };
}

/** While both disks have their own client, the conflict is latent; when that has come to an end, it was time or it was told. */
function look(scene: Scene, conflict: Conflict, reportedAt: number | undefined): string | undefined {
  const [left, right] = scene.machines.map(({ disk }) => disk.leases.get(conflict.address));
  const before = conflict.both;
  const isLatent = left?.status === "ACTIVE" && right?.status === "ACTIVE" && !sameOwner(left, right);
  const ends = scene.machines.map((machine, index) => trueTime(machine, [left, right][index]?.ends ?? 0));
  conflict.both = isLatent ? { endsAt: Math.min(...ends) } : undefined;
  if (before === undefined || isLatent) return undefined;
  if (before.endsAt < scene.now + LOOK_MILLIS + scene.slack || (reportedAt ?? -1) >= conflict.since) return undefined;
  const isRival = left?.status === "ACTIVE" && right?.status === "ACTIVE";
  return isRival ? `of two leases of ${formatIpv4(conflict.address)} one stands, and no server has said so` : undefined;
}

const sameOwner = (left: Lease, right: Lease): boolean => sameHardware(left.hardware, right.hardware);
