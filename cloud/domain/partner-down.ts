import { neverRan } from "../contract/generation.ts";
import type { Basis, Ctl, Srv } from "../contract/items.ts";
import type { Refusal } from "../contract/ledger.ts";
import { type ProblemCode, type Refused, refused } from "../contract/problem.ts";
import { certainlyOverMs, peerLeaseOverMs, type SiteSnapshot } from "../contract/switch-expressions.ts";
import { partnerOf, type ServerName } from "../contract/tables.ts";

/** May this server be declared alone? If not: why, and (where time helps) how long still. */
export type Verdict = { readonly kind: "granted" } | Refused;
const GRANTED: Verdict = { kind: "granted" };

/** Why `sole` may not be declared alone, as the site was read (ledger design §2.6). `attested` leaves the evidence out of it. The
 *  transaction checks the same again when it commits; this is for telling people. */
export function mayBeDeclaredAlone(read: SiteSnapshot, sole: ServerName, basis: Basis): Verdict {
  const { ctl } = read;
  const survivor = read.servers[sole];
  const partner = read.servers[partnerOf(sole)];
  if (ctl.state === "DECOMMISSIONED") return refused("DECOMMISSIONED", `${ctl.site} is out of service.`);
  if (ctl.state === "RESTORED")
    return refused("RESTORED", `The ledger was restored, and who may serve ${ctl.site} is to be settled first.`, { epoch: ctl.ep });
  if (ctl.state === "PARTNER_DOWN") {
    return refused("ALREADY_PARTNER_DOWN", `${named(ctl, ctl.sole ?? sole)} has been serving ${ctl.site} alone since epoch ${ctl.ep}.`, {
      sole: ctl.sole,
      epoch: ctl.ep,
    });
  }
  if (survivor.mode !== "PAIR" || neverRan(survivor.boot)) {
    return refused("SURVIVOR_NOT_READY", `${named(ctl, sole)} has never run, or is not part of the pair: it could not serve.`);
  }
  if (basis === "attested") return GRANTED;
  if (ctl.cfg.foreign === partner.srv) {
    return refused(
      "FOREIGN_PARTNER",
      `${named(ctl, partner.srv)} is no Tandem agent; nothing can fence it. Only a person can attest that it is off.`,
    );
  }
  if (survivor.fs === "RECOVER") {
    return refused(
      "SURVIVOR_NOT_READY",
      `${named(ctl, sole)} is in RECOVER: it has not got its leases back from ${named(ctl, partner.srv)}, and would not know whose addresses are whose.`,
    );
  }
  return evidenceOf(ctl, survivor, partner);
}

function evidenceOf(ctl: Ctl, survivor: Srv, partner: Srv): Verdict {
  const wait = certainlyOverMs(partner.lm);
  const who = `${named(ctl, survivor.srv)} ${survivor.oHb < 0 ? "has no evidence about" : "watches"} ${named(ctl, partner.srv)}`;
  if (survivor.oHb < 0 && survivor.fs === "NORMAL") {
    return refused("PARTNER_ALIVE", `${who}: the two are in contact.`, { lastHeartbeat: partner.hb });
  }
  if (survivor.oHb < 0) return refused("EVIDENCE_PENDING", `${who} yet.`, { oMs: 0, waitMs: wait, retryAfterMs: wait });
  if (survivor.oHb !== partner.hb) {
    return refused("PARTNER_ALIVE", `${named(ctl, partner.srv)} has reached the ledger since ${named(ctl, survivor.srv)} last looked.`, {
      lastHeartbeat: partner.hb,
    });
  }
  const left = Math.max(wait - survivor.oMs, peerLeaseOverMs() - survivor.pMs);
  if (left <= 0) return GRANTED;
  return refused(
    "EVIDENCE_PENDING",
    `${named(ctl, partner.srv)} may still serve; its lease is certainly over in ${Math.ceil(left / 1000)} s at the earliest.`,
    {
      oMs: Math.min(survivor.oMs, survivor.pMs),
      waitMs: left,
      retryAfterMs: left,
    },
  );
}

/** What a switch that was refused at the commit comes to: something moved between the reading and the writing. */
export function refusedAtCommit(read: SiteSnapshot, sole: ServerName, reasons: readonly Refusal[]): Refused {
  const failed = reasons.findIndex((reason) => reason.kind === "condition");
  const down = partnerOf(sole);
  if (failed === 0) return refused("EPOCH_CHANGED", `The epoch of ${read.ctl.site} is no longer ${read.ctl.ep}; look again.`);
  if (failed === 1)
    return refused("PARTNER_ALIVE", `${named(read.ctl, down)} reached the ledger at this very moment.`, {
      lastHeartbeat: read.servers[down].hb,
    });
  if (failed === 2) {
    return refused("EVIDENCE_PENDING", `${named(read.ctl, sole)} withdrew its evidence, or restarted, at this very moment.`, {
      retryAfterMs: 5000,
      waitMs: 5000,
      oMs: 0,
    });
  }
  return refused("ALREADY_DONE", "This request, or one of its very name, was carried out at this moment.");
}

/** `text` as a server of the site: A, B, primary, secondary, or the name it was registered under; undefined if it is none of these. */
export function serverNamed(ctl: Pick<Ctl, "cfg">, text: string): ServerName | undefined {
  const wanted = text.toLowerCase();
  for (const server of ["A", "B"] as const) {
    const role = server === "A" ? "primary" : "secondary";
    if (wanted === server.toLowerCase() || wanted === role || wanted === ctl.cfg.names[server].toLowerCase()) return server;
  }
  return undefined;
}

/** A server as people call it. */
export const named = (ctl: Pick<Ctl, "cfg">, server: ServerName): string => `${ctl.cfg.names[server]} (${server})`;

/** What a failed condition in a clear or takeover means, by position: the site, then the two servers, then the audit record. */
export function refusedClear(site: string, reasons: readonly Refusal[], second: ProblemCode): Refused {
  const failed = reasons.findIndex((reason) => reason.kind === "condition");
  if (failed === 1) return refused(second, `The server of ${site} that is alone is not in the state that this needs; look again.`);
  return refused("EPOCH_CHANGED", `${site} changed at this very moment; look again.`);
}
