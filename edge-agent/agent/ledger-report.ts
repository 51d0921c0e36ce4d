import type { LedgerReport } from "../control/protocol.ts";
import { headOf, type OutboxReader, queuedIn } from "../ledger/outbox.ts";
import { WAITS_TO_BE_SETTLED } from "../ledger/restored.ts";
import { leaseEnd, type Service } from "../ledger/serving-lease.ts";
import type { Instant } from "../values/time.ts";
import type { SiteAgent } from "./ledger.ts";
import { silenceOf } from "./ledger-authority.ts";
import type { ControlEffect } from "./service-events.ts";

/** What `tandem status` says of one site. */
export function siteReport(site: SiteAgent, service: Service, read: OutboxReader, at: Instant): LedgerReport {
  const { core, outbox, setting } = site;
  const wallMillis = (at.now + at.wallOffset) * 1000;
  const [oldest] = queuedIn(outbox) === 0 ? [] : headOf(outbox, read, 1);
  const last = core.lastSuccessAt;
  const note = noteOf(site, service, at);
  const ends = leaseEnd(core.lease);
  const { beat, data } = core.troubles;
  const trouble = data === undefined ? beat : `handing in: ${data}`;
  return {
    configured: true,
    relationship: setting.relationship,
    site: setting.site,
    server: setting.server,
    mode: core.standing.mode,
    epoch: core.standing.epoch,
    reachable: core.reachable,
    ...(last === undefined ? {} : { lastSuccess: Math.floor(wallMillis / 1000 - (at.monotonic - last) / 1000) }),
    backlog: queuedIn(outbox),
    lagSeconds: oldest === undefined ? 0 : Math.max(0, Math.floor((wallMillis - oldest.event.ts) / 1000)),
    service,
    ...(ends === undefined || ends <= at.monotonic ? {} : { serviceSeconds: Math.floor((ends - at.monotonic) / 1000) }),
    ...(trouble === undefined ? {} : { trouble }),
    ...(note === undefined ? {} : { note }),
  };
}

function noteOf(site: SiteAgent, service: Service, at: Instant): string | undefined {
  const { allocatesFrom, clockDoubt, core, forced, claims } = site;
  if (core.phase === "restored" || core.phase === "told") {
    const meanwhile = { full: "serves on meanwhile", "run-down": "known clients only meanwhile", none: "serves nobody meanwhile" }[service];
    return `${WAITS_TO_BE_SETTLED}; ${meanwhile}`;
  }
  if (service === "none") return `serves nobody: ${silenceOf(site)}`;
  if (service === "run-down") return "run-down: known clients only, neither partner nor ledger in reach";
  if (allocatesFrom !== undefined && at.now < allocatesFrom)
    return `restored: known clients only for ${allocatesFrom - at.now} s more, until what the ledger never heard of has ended`;
  if (forced !== undefined) return `alone on an operator's word (${forced.reason})${forced.told ? "" : ", not yet handed in"}`;
  if (core.config.partnerIsForeign) return "the partner is no Tandem agent: nothing fences it, partner-down needs --force";
  if (core.conflicts > 0) return `${core.conflicts} of our bindings contradict the ledger`;
  if (core.standing.mode === "SOLE" && clockDoubt !== undefined)
    return `serves alone; asks for nothing of the partner's share: ${clockDoubt}`;
  return core.standing.mode === "SOLE" ? `serves alone; ${claims.size} addresses of the partner's share asked for or promised` : undefined;
}

/** The answer to a control request that waited for the ledger's word. */
export function replyTo(
  id: number,
  verb: string,
  answer: { readonly ok: boolean; readonly detail: string },
  forced: boolean,
): ControlEffect {
  if (answer.ok) {
    return { kind: "control-reply", id, verb, reply: { ok: true, result: { message: "granted by the ledger: this server serves alone" } } };
  }
  if (forced) {
    const message = `on your word, without the ledger (${answer.detail}): this server serves alone; that is handed in when the ledger answers`;
    return { kind: "control-reply", id, verb, reply: { ok: true, result: { message } } };
  }
  return { kind: "control-reply", id, verb, reply: { ok: false, error: { code: "REFUSED", message: `the ledger: ${answer.detail}` } } };
}
