import { NO_EVIDENCE } from "./agent-expressions.ts";
import { all, type Condition, equal, update, type Write } from "./expression.ts";
import { beforeRestore, firstOf } from "./generation.ts";
import type { Role, Srv } from "./items.ts";
import { type Act, auditWrite, type SiteSnapshot } from "./switch-expressions.ts";
import { ctlKey, NOT_NORMAL, normalPartition, partnerOf, type ServerName, srvKey } from "./tables.ts";

/** Who may serve a site from a settlement on: `sole`, or with undefined both. */
export interface Settlement {
  readonly sole: ServerName | undefined;
  /** The epoch of the lost ledger whose roles these are, so that a server of that epoch and role just goes on; 0 = none is vouched for. */
  readonly from: number;
  /** Both servers told it, or a person says so. */
  readonly basis: "told" | "attested";
}

/** The role that a settlement gives a server. */
export const roleIn = ({ sole }: Pick<Settlement, "sole">, server: ServerName): Role =>
  sole === undefined ? "PAIR" : sole === server ? "SOLE" : "DOWN";

/**
 * The table was restored from a copy: what these rows say of the servers' rights may long be over. Until the site is settled nobody's right
 * comes of them. The names of incarnations stay readable, so that one on another machine is still waited for; and whatever lease the copy
 * names, one of the site's autonomy may run that the lost ledger gave.
 */
export function restoredWrites(read: SiteSnapshot, generation: number, act: Act): readonly Write[] {
  const { site, ep, cfg } = read.ctl;
  const n = firstOf(generation);
  const isOf = (server: Srv): Condition => all(equal("ep", server.ep), equal("mode", server.mode), equal("boot", server.boot));
  const lost = (server: Srv): Write =>
    update(
      srvKey(site, server.srv),
      {
        set: {
          ep: n,
          mode: "RESTORED",
          boot: beforeRestore(server.boot),
          cont: 0,
          lm: Math.max(server.lm, cfg.autonomyMs),
          ...NO_EVIDENCE,
        },
        remove: ["was"],
      },
      isOf(server),
    );
  const state = { ep: n, state: "RESTORED", since: act.at, by: act.by, note: act.note, gs2pk: NOT_NORMAL, gs2sk: `RESTORED#${site}` };
  return [
    update(ctlKey(site), { set: state, remove: ["sole", "down", "basis"] }, all(equal("ep", ep), equal("state", read.ctl.state))),
    lost(read.servers.A),
    lost(read.servers.B),
    auditWrite(site, n, "RESTORED", act, { generation, from: ep, state: read.ctl.state }),
  ];
}

/** Settles who may serve after a restore: refused once either server has told more, or is another incarnation, than was read. */
export function settleWrites(read: SiteSnapshot, settlement: Settlement, act: Act): readonly Write[] {
  const { site, ep } = read.ctl;
  const { sole, from, basis } = settlement;
  const n = ep + 1;
  const settled = (server: Srv): Write =>
    update(
      srvKey(site, server.srv),
      { set: { ep: n, mode: roleIn(settlement, server.srv), cont: from, ...NO_EVIDENCE } },
      all(equal("ep", ep), equal("mode", "RESTORED"), equal("boot", server.boot)),
    );
  const whole = { set: { ep: n, state: "NORMAL", gs2pk: normalPartition(site), gs2sk: site }, remove: ["since", "by", "note"] };
  // nobody remembers by what right it became alone: the longer waits are taken
  const apart = (alone: ServerName) => ({
    set: {
      ...{
        ep: n,
        state: "PARTNER_DOWN",
        sole: alone,
        down: partnerOf(alone),
        basis: "attested",
        since: act.at,
        by: act.by,
        note: act.note,
      },
      ...{ gs2pk: NOT_NORMAL, gs2sk: `PARTNER_DOWN#${site}` },
    },
  });
  return [
    update(ctlKey(site), sole === undefined ? whole : apart(sole), all(equal("ep", ep), equal("state", "RESTORED"))),
    settled(read.servers.A),
    settled(read.servers.B),
    auditWrite(site, n, "SETTLED", act, {
      sole: sole ?? "none",
      from,
      basis,
      was: { A: toldBy(read.servers.A), B: toldBy(read.servers.B) },
    }),
  ];
}

const toldBy = ({ was }: Srv): string => (was === undefined ? "nothing" : `${was.mode} at ${was.ep}`);
