import { absent, all, equal, type Item, type Key, put, update, type Write } from "./expression.ts";
import { type Ctl, type Hist, SCHEMA_VERSION, type Srv } from "./items.ts";
import { type Act, auditWrite } from "./switch-expressions.ts";
import { confKey, OPEN_CONFLICTS, servingKey } from "./tables.ts";

/** The conflict of a late event with the lease that it overlapped. Its key is the event's, so a repetition is refused. */
export function lateConflictWrite(late: Hist, holder: Hist): Write {
  const key = confKey(late.site, late.a, late.ts, late.srv, late.seq);
  const side = (row: Hist): Item => ({ cid: row.cid, srv: row.srv, exp: row.exp, ord: row.ord, seq: row.seq });
  const about = { v: SCHEMA_VERSION, t: "X", site: late.site, a: late.a, basis: "late", at: late.ts, until: late.exp };
  const open = { gs2pk: OPEN_CONFLICTS, gs2sk: `${late.site}#${key.sk}` };
  return put({ ...key, ...about, winner: side(holder), loser: side(late), ...open }, absent("pk"));
}

/** A person has dealt with a conflict: settled once, and the record stays. */
export function settleConflictWrites(site: string, key: Key, reason: string, act: Act): readonly Write[] {
  const resolved = { by: act.by, at: act.at, reason };
  return [
    update(key, { set: { resolved }, remove: ["gs2pk", "gs2sk"] }, all(equal("t", "X"), absent("resolved"))),
    auditWrite(site, 0, "CONFLICT_RESOLVED", act),
  ];
}

/** What was found when an audit record was changed or removed past the API: the record as it had been, put anew. `id` names the finding, so
 *  that a repetition is refused. */
export const tamperWrite = (site: string, id: string, at: number, before: Item): Write =>
  auditWrite(site, 0, "AUDIT_RECORD_CHANGED", {
    id,
    at,
    by: "control plane",
    note: "An audit record was changed or removed.",
    detail: { before },
  });

/** The survivor's own word that it serves alone, as the stream brought it at `at`, once a switch; `since` is the switch's. Milliseconds, both by the
 *  control plane's clock: they may be compared. */
export const servingWrite = (ctl: Ctl, since: number, server: Srv, at: number): Write =>
  put(
    {
      ...servingKey(ctl.site, since, ctl.ep),
      v: SCHEMA_VERSION,
      t: "E",
      site: ctl.site,
      at,
      ep: ctl.ep,
      what: "SERVING_ALONE",
      by: `agent ${ctl.site}/${server.srv}`,
      note: "",
      detail: { sole: server.srv, afterMs: Math.max(0, at - since) },
    },
    absent("pk"),
  );
