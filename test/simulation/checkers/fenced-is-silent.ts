import { ctlKey, srvKey } from "../../../cloud/contract/tables.ts";
import { isClearPending } from "../../../edge-agent/agent/ledger-link.ts";
import type { DhcpMessage } from "../../../edge-agent/dhcp/wire/message.ts";
import { MESSAGE_TYPE, OPTION } from "../../../edge-agent/dhcp/wire/option-codes.ts";
import { ACT_MILLIS } from "../../../edge-agent/ledger/lengths.ts";
import { formatIpv4, ipv4FromBytes } from "../../../edge-agent/values/ipv4.ts";
import { SITE } from "../ledger/cloud.ts";
import { serverOf } from "../ledger/names.ts";
import type { Machine } from "../machine.ts";
import { type Checker, otherThan, relationshipOf, type Scene, siteOf, trueTime } from "./checker.ts";

/** The longest partner lease, and a while on its way. */
const SHARED_MILLIS = 45_000;

interface Down {
  /** On evidence: since the grant. On a word: since the survivor knows of it, before which the two go on as a pair. */
  since: number | undefined;
  readonly lapsed: boolean;
}

/**
 * A server that the ledger has declared down serves nobody: at once if that was on evidence, within its autonomy if it was on
 * somebody's word. One that cannot know may extend what its partner has acknowledged, no further than that plus MCLT; one that
 * knows may not even do that.
 */
export function fencedIsSilent(): Checker {
  const down = new Map<Machine, Down>();
  const knowsSince = new Map<Machine, number>();
  /** When the sole server last told its partner anything while it might serve: they have recovered, and the ledger has yet to hear of that. */
  let sharedAt = Number.NEGATIVE_INFINITY;
  const isSharing = (scene: Scene, machine: Machine): boolean => {
    const [site, relationship] = [siteOf(machine), relationshipOf(machine)];
    if (site === undefined || relationship === undefined) return false;
    // alone in the ledger, which it has not heard since it lost its disk: until then it is one of a pair, by failover's rules
    const isUnaware = site.core.standing.mode === "PAIR" && scene.ledger?.cloud.row(srvKey(SITE, serverOf(machine)))?.["mode"] === "SOLE";
    return isUnaware ? relationship.endpoint.communicating : isClearPending(site, relationship);
  };
  return {
    name: "a fenced or unaware server serves nobody",
    ledgerChanged(scene) {
      for (const machine of scene.machines) {
        const isDown = scene.ledger?.cloud.row(srvKey(SITE, serverOf(machine)))?.["mode"] === "DOWN";
        if (!isDown) down.delete(machine);
        else if (!down.has(machine)) {
          const lapsed = scene.ledger?.cloud.row(ctlKey(SITE))?.["basis"] === "lapsed";
          down.set(machine, { lapsed, since: lapsed ? scene.now : undefined });
        }
      }
      return undefined;
    },
    atRest(scene, machine) {
      const partner = otherThan(scene, machine);
      const told = partner === undefined ? undefined : down.get(partner);
      if (isSharing(scene, machine)) sharedAt = scene.now;
      if (told !== undefined && siteOf(machine)?.core.standing.mode === "SOLE") told.since ??= scene.now;
      if (siteOf(machine)?.core.standing.mode !== "DOWN") knowsSince.delete(machine);
      else if (!knowsSince.has(machine)) knowsSince.set(machine, scene.now);
      return undefined;
    },
    told(scene, machine) {
      if (isSharing(scene, machine)) sharedAt = scene.now;
      return undefined;
    },
    answered(scene, machine, answer) {
      const type = answer.options.get(OPTION.messageType)?.[0];
      const told = down.get(machine);
      if (scene.ledger === undefined || (type !== MESSAGE_TYPE.DHCPOFFER && type !== MESSAGE_TYPE.DHCPACK)) return undefined;
      // what was decided before may still leave, even after a sleep
      const late = ACT_MILLIS + scene.swarm.commitDelay * 4;
      if (scene.now - machine.resumedAt <= late || scene.now - sharedAt <= SHARED_MILLIS + late) return undefined;
      const known = siteOf(machine)?.core.standing.mode === "DOWN" ? knowsSince.get(machine) : undefined;
      if (known !== undefined && scene.now - known > late) return `${machine.name} knows that it is declared down, and answers`;
      // alone on somebody's word at its own console, and out of the ledger's reach: what he swore to is all that there is
      if (told?.since === undefined || siteOf(machine)?.forced !== undefined) return undefined;
      // beside a partner that is no agent of ours nothing fences a server that has not heard: failover's own waits have to do
      if (siteOf(machine)?.core.config.partnerIsForeign === true) return undefined;
      const autonomy = told.lapsed ? 0 : scene.ledger.swarm.autonomySeconds * 1020;
      if (scene.now - told.since <= autonomy + late) return undefined;
      if (type === MESSAGE_TYPE.DHCPACK) return beyond(scene, machine, answer);
      return `${machine.name}, declared down ${Math.round((scene.now - told.since) / 1000)} s ago, offers an address`;
    },
  };
}

function beyond(scene: Scene, machine: Machine, answer: DhcpMessage): string | undefined {
  const times = machine.disk.leases.get(answer.yiaddr)?.failover;
  const granted = ipv4FromBytes(answer.options.get(OPTION.leaseTime) ?? new Uint8Array(4)) * 1000;
  const limit = trueTime(machine, (times?.tsfp ?? 0) + scene.swarm.mclt) + scene.slack;
  if (scene.now + granted <= limit) return undefined;
  return `${machine.name} is declared down and extends ${formatIpv4(answer.yiaddr)} beyond what is acknowledged plus MCLT`;
}
