import type * as z from "zod";
import type { SiteView, Verdict as VerdictView } from "../../contract/api-schemas.ts";
import { neverRan } from "../../contract/generation.ts";
import { CtlItem, type Srv, SrvItem } from "../../contract/items.ts";
import type { Ledger } from "../../contract/ledger.ts";
import { type Refused, refused } from "../../contract/problem.ts";
import type { SiteSnapshot } from "../../contract/switch-expressions.ts";
import { ctlKey, type ServerName, srvKey } from "../../contract/tables.ts";
import { mayBeDeclaredAlone, type Verdict } from "../../domain/partner-down.ts";

/** A site and both its servers as of one moment. */
export async function readSite(ledger: Ledger, site: string): Promise<SiteSnapshot | Refused> {
  const [ctl, a, b] = await ledger.snapshot([ctlKey(site), srvKey(site, "A"), srvKey(site, "B")]);
  if (ctl === undefined || a === undefined || b === undefined) return refused("NO_SUCH_SITE", `No site is registered as ${site}.`);
  return { ctl: CtlItem.parse(ctl), servers: { A: SrvItem.parse(a), B: SrvItem.parse(b) } };
}
/** Narrows away the refusal. */
export const isRefused = (value: object): value is Refused => "kind" in value && value.kind === "refused";

/** RFC 3339 of a moment in milliseconds. */
export const time = (millis: number): string => new Date(millis).toISOString();
/** Milliseconds of an RFC 3339 time that a schema has let through. */
export const millis = (text: string): number => Date.parse(text);

export function siteView(read: SiteSnapshot): z.output<typeof SiteView> {
  const { ctl, servers } = read;
  return {
    site: ctl.site,
    ...stateOf(read),
    config: ctl.cfg,
    servers: { A: serverView(read, servers.A), B: serverView(read, servers.B) },
    canDeclare: canDeclare(read),
  };
}
/** State, epoch and, where the site is not NORMAL, who is alone since when. */
export function stateOf({ ctl }: SiteSnapshot) {
  return {
    state: ctl.state,
    epoch: ctl.ep,
    ...(ctl.sole === undefined ? {} : { sole: ctl.sole }),
    ...(ctl.down === undefined ? {} : { down: ctl.down }),
    ...(ctl.basis === undefined ? {} : { basis: ctl.basis }),
    ...(ctl.since === undefined ? {} : { since: time(ctl.since) }),
  };
}
export const canDeclare = (read: SiteSnapshot) => ({
  A: verdictView(mayBeDeclaredAlone(read, "A", "lapsed")),
  B: verdictView(mayBeDeclaredAlone(read, "B", "lapsed")),
});

function verdictView(verdict: Verdict): z.output<typeof VerdictView> {
  if (verdict.kind === "granted") return { ok: true, why: "The partner's lease is certainly over." };
  const wait = verdict.more["retryAfterMs"];
  return { ok: false, code: verdict.code, why: verdict.detail, ...(typeof wait === "number" ? { retryAfterMs: wait } : {}) };
}

function serverView({ ctl }: SiteSnapshot, server: Srv): z.output<typeof SiteView>["servers"]["A"] {
  const name: ServerName = server.srv;
  return {
    server: name,
    name: ctl.cfg.names[name],
    mode: server.mode,
    running: !neverRan(server.boot),
    heartbeats: server.hb,
    lastSeen: server.at === 0 ? null : time(server.at),
    failoverState: server.fs,
    outboxDepth: server.qd,
    mirroredTo: server.ack,
    evidence: { partnerHeartbeat: server.oHb, stillMs: server.oMs, peerLeaseAgoMs: server.pMs },
    leaseMs: server.lm,
    version: server.ver,
    ...(server.was === undefined ? {} : { was: { epoch: server.was.ep, mode: server.was.mode } }),
  };
}
