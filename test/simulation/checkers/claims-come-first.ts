import type { Item } from "../../../cloud/contract/expression.ts";
import { addressText, ctlKey, curKey, curPartition, srvKey } from "../../../cloud/contract/tables.ts";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import { clientName } from "../../../edge-agent/ledger/binding-event.ts";
import type { Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import { NO_TIME } from "../../../edge-agent/values/time.ts";
import { SITE } from "../ledger/cloud.ts";
import { serverOf } from "../ledger/names.ts";
import { EPOCH_MILLIS, type Machine } from "../machine.ts";
import { type Checker, type Scene, siteOf } from "./checker.ts";
import { FIRST_CLAIM } from "./history-consistent.ts";

/**
 * A server that is alone gives a free address of its partner's only when the ledger has its claim to it. A claim goes in only from the
 * one that is alone in that epoch, and never over another client's lease that may still be extended. Nothing else goes in either from a
 * server that has yet to hear of a new epoch.
 */
export function claimsComeFirst(): Checker {
  /** What each address was on a machine's disk. */
  const statuses = new Map<Machine, Map<Ipv4Address, Lease["status"]>>();
  return {
    name: "claims come before addresses, and the ledger takes no outdated word",
    ledgerChanged(scene) {
      for (const { before, after } of scene.ledger?.cloud.lately ?? []) {
        const outlived = after === undefined ? undefined : stale(scene, before, after);
        if (outlived !== undefined) return outlived;
        if (after === undefined || !(Number(after["seq"]) >= FIRST_CLAIM)) continue;
        const wrong = standing(scene, after) ?? taken(scene, before, after);
        if (wrong !== undefined) return `${addressText(String(after["a"]))}: ${wrong}`;
      }
      return undefined;
    },
    diskLost(_scene, machine) {
      statuses.delete(machine);
      return undefined;
    },
    durable(scene, machine, writes) {
      const known = statuses.get(machine) ?? new Map<Ipv4Address, Lease["status"]>();
      statuses.set(machine, known);
      for (const write of writes) {
        if (write.kind !== "lease") continue;
        const former = known.get(write.lease.address) ?? "FREE";
        known.set(write.lease.address, write.lease.status);
        if (write.lease.status !== "ACTIVE" || former !== (machine === scene.machines[0] ? "BACKUP" : "FREE")) continue;
        const wrong = unclaimed(scene, machine, write.lease);
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    },
  };
}

/** A server's item was written by a server that believes in an older epoch than the item has. */
function stale(scene: Scene, before: Item | undefined, after: Item): string | undefined {
  const machine = scene.machines.find((each) => after["pk"] === srvKey(SITE, serverOf(each)).pk);
  const core = machine === undefined ? undefined : siteOf(machine)?.core;
  const isItsOwn = before?.["hb"] !== after["hb"] && before?.["ep"] === after["ep"] && before?.["boot"] === after["boot"];
  if (core === undefined || !isItsOwn || core.boot !== after["boot"] || core.standing.epoch >= Number(after["ep"])) return undefined;
  return `the ledger takes the word of ${machine?.name}, which believes in epoch ${core.standing.epoch}, in epoch ${after["ep"]}`;
}

/** What is wrong with who claims; undefined if he is alone in that epoch. */
function standing(scene: Scene, { claim, srv, ep }: Item): string | undefined {
  const ctl = scene.ledger?.cloud.row(ctlKey(SITE));
  if (claim !== 1 || (ctl?.["sole"] === srv && ctl?.["ep"] === ep)) return undefined;
  return `${srv} claims it in epoch ${ep}, but ${ctl?.["sole"] ?? "nobody"} is alone, in epoch ${ctl?.["ep"]}`;
}

function taken(scene: Scene, before: Item | undefined, after: Item): string | undefined {
  if (after["pk"] !== curPartition(SITE) || before?.["st"] !== "ACTIVE" || before["cid"] === after["cid"]) return undefined;
  const left = Number(before["pex"]) + scene.swarm.mclt * 1000 - EPOCH_MILLIS - scene.now;
  return left <= scene.slack
    ? undefined
    : `claimed for ${after["cid"]}, but ${before["cid"]} may have it for ${Math.round(left / 1000)} s more`;
}

/** What is wrong with a lease that a server gives while it is alone. */
function unclaimed(scene: Scene, machine: Machine, { address, clientId, hardware, starts, failover }: Lease): string | undefined {
  const site = siteOf(machine);
  // what is not owed to the partner is the partner's own word, and so is what began at no time: its word, told back for longer (keptForForgetful)
  if (failover?.owed !== true || starts === NO_TIME || hardware === undefined) return undefined;
  if (site?.core.standing.mode !== "SOLE" || site.forced !== undefined) return undefined;
  if (scene.ledger?.cloud.row(ctlKey(SITE))?.["sole"] !== serverOf(machine)) return undefined;
  const name = address.toString(16).padStart(8, "0");
  const row = scene.ledger.cloud.row(curKey(SITE, name));
  if (row?.["cid"] === clientName({ clientId, hardware }) && row["st"] === "ACTIVE") return undefined;
  return `${machine.name} gives ${addressText(name)}, its partner's, which the ledger has of ${row?.["st"] ?? "nothing"} ${row?.["cid"] ?? ""}`;
}
