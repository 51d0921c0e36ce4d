import { CtlItem, type Srv, SrvItem } from "../../../cloud/contract/items.ts";
import { ctlKey, partnerOf, srvKey } from "../../../cloud/contract/tables.ts";
import { SITE } from "../ledger/cloud.ts";
import { serverOf } from "../ledger/names.ts";
import type { Machine } from "../machine.ts";
import { type Checker, type Scene, siteOf } from "./checker.ts";

/**
 * PARTNER-DOWN is held by at most one server in an epoch: in the ledger, and as the servers themselves believe. One that was
 * declared down on evidence has no right to serve left at that moment, unless the other lost its disk since it published that and was not heard
 * by the ledger since: it does not know, answers the partner, and waits for as long once it learns of the grant.
 */
export function oneSole(): Checker {
  const soleIn = new Map<number, string>();
  let epoch = 0;
  /** Heartbeats that the ledger has had of a server which has lost its disk since. */
  const forgotten = new Map<Machine, number>();
  return {
    name: "PARTNER-DOWN is held by at most one server in an epoch",
    diskLost(scene, machine) {
      const row = scene.ledger?.cloud.row(srvKey(SITE, serverOf(machine)));
      if (row !== undefined) forgotten.set(machine, SrvItem.parse(row).hb);
      return undefined;
    },
    ledgerChanged(scene) {
      const item = scene.ledger?.cloud.row(ctlKey(SITE));
      if (item === undefined) return undefined;
      const ctl = CtlItem.parse(item);
      const [a, b] = (["A", "B"] as const).map((server) => SrvItem.parse(scene.ledger?.cloud.row(srvKey(SITE, server))));
      if (a === undefined || b === undefined) return "a server has no row";
      if (ctl.ep < epoch) return `the epoch goes back from ${epoch} to ${ctl.ep}`;
      const isNew = ctl.ep !== epoch;
      epoch = ctl.ep;
      if (a.ep !== epoch || b.ep !== epoch) return `epochs differ: ${epoch}, A ${a.ep}, B ${b.ep}`;
      const wrong = modesAre(ctl, a, b);
      if (wrong !== undefined || !isNew || ctl.basis !== "lapsed" || ctl.down === undefined) return wrong;
      const [down, sole] = [ctl.down, ctl.sole].map((server) => scene.machines.find((machine) => serverOf(machine) === server));
      const isForgotten = sole !== undefined && forgotten.get(sole) === (serverOf(sole) === "A" ? a : b).hb;
      return down === undefined || isForgotten ? undefined : rightsOf(scene, down);
    },
    atRest(_scene, machine) {
      const standing = siteOf(machine)?.core.standing;
      if (standing?.mode !== "SOLE") return undefined;
      const holder = soleIn.get(standing.epoch) ?? machine.name;
      soleIn.set(standing.epoch, holder);
      return holder === machine.name ? undefined : `${machine.name} and ${holder} are both alone in epoch ${standing.epoch}`;
    },
  };
}

function modesAre(ctl: CtlItemType, a: Srv, b: Srv): string | undefined {
  const modes = { A: a.mode, B: b.mode };
  if (ctl.state === "NORMAL") return modes.A === "PAIR" && modes.B === "PAIR" ? undefined : `NORMAL, but A is ${modes.A} and B ${modes.B}`;
  if (ctl.state === "RESTORED")
    return modes.A === "RESTORED" && modes.B === "RESTORED" ? undefined : `RESTORED, but A is ${modes.A} and B ${modes.B}`;
  const { sole } = ctl;
  if (sole === undefined) return "PARTNER_DOWN without a sole server";
  const fits = modes[sole] === "SOLE" && modes[partnerOf(sole)] === "DOWN" && ctl.down === partnerOf(sole);
  return fits ? undefined : `${sole} is alone, but A is ${modes.A} and B ${modes.B}`;
}
type CtlItemType = ReturnType<typeof CtlItem.parse>;

/** The rights to serve that a server still has by its own clock. */
function rightsOf({ now }: Scene, machine: Machine): string | undefined {
  const lease = siteOf(machine)?.core.lease;
  if (lease === undefined || lease.mode !== "PAIR" || lease.revoked) return undefined;
  const left = Math.max(lease.ledgerUntil ?? 0, lease.peerUntil ?? 0) - machine.bootMillis();
  return left <= 0 ? undefined : `${machine.name} is declared down on evidence, but may serve for ${left} ms more (${now})`;
}
