import { NO_EVIDENCE } from "./agent-expressions.ts";
import { absent, all, type Condition, compare, equal, type Item, put, update, type Value, type Write } from "./expression.ts";
import { type Basis, type Ctl, SCHEMA_VERSION, type SiteConfig, type Srv } from "./items.ts";
import {
  ctlKey,
  evtKey,
  idempotencyKey,
  NOT_NORMAL,
  normalPartition,
  OUT_OF_SERVICE,
  partnerOf,
  requestKey,
  type ServerName,
  srvKey,
} from "./tables.ts";

/** Who acts, when and why: becomes the audit record that goes in with the act. `id` is random. */
export interface Act {
  readonly id: string;
  /** Milliseconds since 1970, of the control plane. */
  readonly at: number;
  readonly by: string;
  readonly note: string;
  readonly detail?: Item;
}
/** A site as read in one snapshot. */
export interface SiteSnapshot {
  readonly ctl: Ctl;
  readonly servers: { readonly A: Srv; readonly B: Srv };
}
/** Drift between any two clocks at most, as a factor: 1 %. */
const DRIFT = 0.01;
/** A process acts at most this long after it checked its lease. Milliseconds. */
export const SIGMA_MS = 5_000;

/** How long a counter must stand still, on the observer's clock, before a lease of `leaseMs` is certainly over on the holder's (§3.3):
 *  L(1+ρ)/(1-ρ) + 1 s, up to whole seconds. 0 for a lease that was given up. Milliseconds. */
export const certainlyOverMs = (leaseMs: number): number =>
  leaseMs === 0 ? 0 : Math.ceil((leaseMs * (1 + DRIFT)) / (1 - DRIFT) / 1000 + 1) * 1000;
/** The longest lease that a server ever gives its partner over their link (Lp). Milliseconds. */
export const PEER_LEASE_MS = 30_000;
/** How long ago the survivor must have given its partner the last one. A partner that gave its ledger lease up (`lm` 0) may have started
 *  again without the ledger and live on peer leases, so this wait stays. */
export const peerLeaseOverMs = (): number => certainlyOverMs(PEER_LEASE_MS);
/** How long after it learns of the grant the survivor may use the partner's free addresses (§3.6). Milliseconds. */
export const usableAfterMs = (mcltMs: number, basis: Basis, autonomyMs: number): number =>
  Math.ceil(mcltMs * (1 + DRIFT)) + SIGMA_MS + (basis === "attested" ? certainlyOverMs(autonomyMs) : 0);

/** §2.1: a site and its two servers, unless it is there. */
export function registerWrites(site: string, cfg: SiteConfig, act: Act): readonly Write[] {
  const ctl = {
    ...ctlKey(site),
    v: SCHEMA_VERSION,
    site,
    ep: 1,
    state: "NORMAL",
    reg: act.at,
    cfg,
    gs2pk: normalPartition(site),
    gs2sk: site,
  };
  return [
    put(ctl, absent("pk")),
    put(newServer(site, "A"), absent("pk")),
    put(newServer(site, "B"), absent("pk")),
    auditWrite(site, 1, "REGISTERED", act),
  ];
}

/** Another configuration for a site; refused if the epoch moved on. */
export function reconfigureWrites(ctl: Ctl, cfg: SiteConfig, act: Act): readonly Write[] {
  return [update(ctlKey(ctl.site), { set: { cfg } }, equal("ep", ctl.ep)), auditWrite(ctl.site, ctl.ep, "RECONFIGURED", act)];
}

/** Takes a pair out of service: it leaves the lists and counts, cannot be switched any more, and its history stays. */
export function decommissionWrites(ctl: Ctl, act: Act): readonly Write[] {
  const set = { state: "DECOMMISSIONED", since: act.at, by: act.by, note: act.note, gs2pk: OUT_OF_SERVICE, gs2sk: ctl.site };
  return [
    update(ctlKey(ctl.site), { set }, all(equal("ep", ctl.ep), equal("state", "NORMAL"))),
    auditWrite(ctl.site, ctl.ep, "DECOMMISSIONED", act),
  ];
}

/** §2.6: the three-item switch. `lapsed` demands that the survivor's evidence names the partner's counter as it is and is old enough, and
 *  that it does not report RECOVER, in which it does not know its own leases; `attested` replaces all that by a person's word. */
export function partnerDownWrites(read: SiteSnapshot, sole: ServerName, basis: Basis, act: Act): readonly Write[] {
  const { site, ep } = read.ctl;
  const down = partnerOf(sole);
  const n = ep + 1;
  const partner = read.servers[down];
  const wait = certainlyOverMs(partner.lm);
  const lapsed = basis === "lapsed";
  const still: Condition[] = lapsed ? [equal("hb", partner.hb)] : [];
  const evidence: Condition[] = lapsed
    ? [equal("oHb", partner.hb), compare("oMs", ">=", wait), compare("pMs", ">=", peerLeaseOverMs()), compare("fs", "<>", "RECOVER")]
    : [];
  const state = {
    ep: n,
    state: "PARTNER_DOWN",
    sole,
    down,
    basis,
    since: act.at,
    by: act.by,
    note: act.note,
    gs2pk: NOT_NORMAL,
    gs2sk: `PARTNER_DOWN#${site}`,
  };
  return [
    update(ctlKey(site), { set: state }, all(equal("ep", ep), equal("state", "NORMAL"))),
    update(srvKey(site, down), { set: { ep: n, mode: "DOWN" } }, all(equal("ep", ep), equal("mode", "PAIR"), ...still)),
    update(
      srvKey(site, sole),
      { set: { ep: n, mode: "SOLE", ...NO_EVIDENCE } },
      all(equal("ep", ep), equal("mode", "PAIR"), equal("boot", read.servers[sole].boot), ...evidence),
    ),
    auditWrite(site, n, "PARTNER_DOWN", act, { sole, down, basis, waitMs: wait }),
  ];
}

/** §2.7: back to a pair. `settled` demands that the sole server's endpoint reports NORMAL again: it has left PARTNER-DOWN and settled its
 *  claims. An agent that asks for itself has done so; an operator's word (`attested`) stands in where it cannot report. */
export function clearWrites(read: SiteSnapshot, sole: ServerName, basis: "agent" | "settled" | "attested", act: Act): readonly Write[] {
  const { site, ep } = read.ctl;
  const n = ep + 1;
  const down = partnerOf(sole);
  const pair = { ep: n, mode: "PAIR", ...NO_EVIDENCE };
  const settled: Condition[] = basis === "settled" ? [equal("fs", "NORMAL")] : [];
  return [
    update(
      ctlKey(site),
      {
        set: { ep: n, state: "NORMAL", gs2pk: normalPartition(site), gs2sk: site },
        remove: ["sole", "down", "basis", "since", "by", "note"],
      },
      all(equal("ep", ep), equal("state", "PARTNER_DOWN"), equal("sole", sole), equal("down", down)),
    ),
    update(srvKey(site, sole), { set: pair }, all(equal("ep", ep), equal("mode", "SOLE"), ...settled)),
    update(srvKey(site, down), { set: pair }, all(equal("ep", ep), equal("mode", "DOWN"))),
    auditWrite(site, n, "CLEARED", act, { sole, down, basis }),
  ];
}

/** §2.8: the sole server died too; the one that was declared down takes over. Always attested. */
export function takeoverWrites(read: SiteSnapshot, sole: ServerName, act: Act): readonly Write[] {
  const { site, ep } = read.ctl;
  const n = ep + 1;
  const down = partnerOf(sole);
  const state = { ep: n, sole, down, basis: "attested", since: act.at, by: act.by, note: act.note };
  return [
    update(ctlKey(site), { set: state }, all(equal("ep", ep), equal("state", "PARTNER_DOWN"), equal("sole", down))),
    update(srvKey(site, down), { set: { ep: n, mode: "DOWN" } }, all(equal("ep", ep), equal("mode", "SOLE"))),
    update(srvKey(site, sole), { set: { ep: n, mode: "SOLE", ...NO_EVIDENCE } }, all(equal("ep", ep), equal("mode", "DOWN"))),
    auditWrite(site, n, "TAKEOVER", act, { sole, down, basis: "attested" }),
  ];
}

/** Leaves or replaces an operator's standing wish for partner-down, which the sweep grants once the evidence allows. */
export function requestWrites(ctl: Ctl, sole: ServerName, until: number, act: Act): readonly Write[] {
  const item = {
    ...requestKey(ctl.site),
    v: SCHEMA_VERSION,
    site: ctl.site,
    sole,
    ep: ctl.ep,
    until,
    by: act.by,
    note: act.note,
    at: act.at,
    ttl: Math.ceil(until / 1000),
  };
  return [put({ ...item, gs2pk: "R#OPEN", gs2sk: ctl.site }), auditWrite(ctl.site, ctl.ep, "PARTNER_DOWN_REQUESTED", act, { sole, until })];
}

/** Withdraws the standing wish that was made at `madeAt`; refused if it is another or was granted. */
export function cancelWrites(ctl: Ctl, madeAt: Value, act: Act): readonly Write[] {
  return [
    update(
      requestKey(ctl.site),
      { set: { cancelled: act.at }, remove: ["gs2pk", "gs2sk"] },
      all(equal("at", madeAt), absent("cancelled"), absent("granted")),
    ),
    auditWrite(ctl.site, ctl.ep, "PARTNER_DOWN_CANCELLED", act),
  ];
}

/** Marks the standing wish as granted; goes in with the switch itself, so a withdrawn wish cannot be granted. */
export const grantedWrite = (site: string, madeAt: Value, at: number): Write =>
  update(
    requestKey(site),
    { set: { granted: at }, remove: ["gs2pk", "gs2sk"] },
    all(equal("at", madeAt), absent("cancelled"), absent("granted")),
  );

/** The audit record of an act: put once, in the act's own transaction. */
export function auditWrite(site: string, epoch: number, what: string, act: Act, more: Item = {}): Write {
  const detail = { ...act.detail, ...more };
  return put(
    {
      ...evtKey(site, act.at, epoch, act.id),
      v: SCHEMA_VERSION,
      t: "E",
      site,
      at: act.at,
      ep: epoch,
      what,
      by: act.by,
      note: act.note,
      detail,
    },
    absent("pk"),
  );
}

/** Remembers the answer to an `Idempotency-Key` with the act that it answers. `hash` is of the request. */
export const answerWrite = (site: string, key: string, hash: string, status: number, body: string, expires: number): Write =>
  put({ ...idempotencyKey(site, key), v: SCHEMA_VERSION, hash, status, body, ttl: Math.ceil(expires / 1000) }, absent("pk"));

function newServer(site: string, srv: ServerName): Item & { pk: string; sk: string } {
  const counters = { ep: 1, mode: "PAIR", boot: "-", hb: 0, bn: 0, ack: 0, ...NO_EVIDENCE, lm: 0, at: 0, qd: 0, qt: 0, qa: 0, kp: 0 };
  return { ...srvKey(site, srv), v: SCHEMA_VERSION, site, srv, ...counters, fs: "UNKNOWN", ver: "-" };
}
