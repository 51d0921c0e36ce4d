import type { Item, Write } from "../../contract/expression.ts";
import type { Basis } from "../../contract/items.ts";
import type { WriteOutcome } from "../../contract/ledger.ts";
import { type Refused, refused } from "../../contract/problem.ts";
import {
  type Act,
  answerWrite,
  auditWrite,
  partnerDownWrites,
  type SiteSnapshot,
  usableAfterMs,
} from "../../contract/switch-expressions.ts";
import { idempotencyKey, partnerOf, type ServerName } from "../../contract/tables.ts";
import type { Caller, Deps } from "../../deps.ts";
import { mayBeDeclaredAlone, refusedAtCommit } from "../../domain/partner-down.ts";
import { digest } from "./cursor.ts";

/** How long the answer to an Idempotency-Key is kept. */
const ANSWER_KEPT_MS = 24 * 3_600_000;

/** The act as it goes into the audit trail. */
export const actOf = (deps: Deps, caller: Pick<Caller, "who">, note: string, detail: Item = {}): Act => ({
  id: deps.newId(),
  at: deps.now(),
  by: caller.who,
  note,
  detail,
});

/** Carries `run` out once for a key: the answer goes into the ledger in the act's own transaction, and is what a repetition gets. `run` adds
 *  the writes it is given to its transaction. */
export async function once<Body>(
  deps: Deps,
  site: string,
  request: { readonly key: string | undefined; readonly content: object },
  run: (answer: (body: Body) => readonly Write[]) => Promise<{ kind: "reply"; body: Body } | Refused>,
): Promise<{ kind: "reply"; body: Body } | Refused> {
  const { key } = request;
  if (key === undefined) return run(() => []);
  const hash = digest(request.content);
  const before = async (): Promise<{ kind: "reply"; body: Body } | Refused | undefined> => {
    const item = await deps.ledger.get(idempotencyKey(site, key));
    if (item === undefined) return undefined;
    if (item["hash"] !== hash) return refused("KEY_REUSED", "This Idempotency-Key answered another request; take a fresh one.");
    return { kind: "reply", body: JSON.parse(String(item["body"])) as Body };
  };
  const known = await before();
  if (known !== undefined) return known;
  const outcome = await run((body) => [answerWrite(site, key, hash, 200, JSON.stringify(body), deps.now() + ANSWER_KEPT_MS)]);
  // The same request may have been carried out by another function, or by an attempt of ours whose answer was lost.
  return outcome.kind === "refused" ? ((await before()) ?? outcome) : outcome;
}

/** Nothing was written, or nobody knows. */
export function unfinished(outcome: Exclude<WriteOutcome, { kind: "done" } | { kind: "refused" }>): Refused {
  const unsure = outcome.kind === "unknown" ? "It may have been done: look, or repeat with the same Idempotency-Key." : "Nothing was done.";
  return refused("LEDGER_BUSY", unsure, { retryAfterMs: 1000 });
}

/** Body of a `200` to any switch. */
export interface Switched {
  readonly site: string;
  readonly epoch: number;
  readonly sole: ServerName;
  readonly down: ServerName;
  readonly basis: Basis;
  readonly usableAfterMs: number;
}
export function switchedBody(read: SiteSnapshot, sole: ServerName, basis: Basis, epoch: number): Switched {
  const { mcltMs, autonomyMs } = read.ctl.cfg;
  return { site: read.ctl.site, epoch, sole, down: partnerOf(sole), basis, usableAfterMs: usableAfterMs(mcltMs, basis, autonomyMs) };
}

/** Declares `sole` alone: on its evidence, or on a person's word. The refusal leaves an audit record too. `extra` goes in with the switch. */
export async function declareAlone(
  deps: Deps,
  read: SiteSnapshot,
  sole: ServerName,
  basis: Basis,
  act: Act,
  extra: (body: Switched) => readonly Write[],
): Promise<{ kind: "reply"; body: Switched } | Refused> {
  const { ctl } = read;
  const verdict = mayBeDeclaredAlone(read, sole, basis);
  // The same wish again, already fulfilled, is no error.
  if (verdict.kind === "refused" && verdict.code === "ALREADY_PARTNER_DOWN" && ctl.sole === sole) {
    const body = switchedBody(read, sole, ctl.basis ?? basis, ctl.ep);
    return basis === "lapsed" ? { kind: "reply", body } : recordWord(deps, read, act, body, extra(body));
  }
  if (verdict.kind === "refused") return recordRefusal(deps, read, verdict, act, sole);
  const body = switchedBody(read, sole, basis, ctl.ep + 1);
  const outcome = await deps.ledger.transact([...partnerDownWrites(read, sole, basis, act), ...extra(body)]);
  if (outcome.kind === "done") {
    deps.log.info({ event: "partner-down", site: ctl.site, epoch: body.epoch, sole, basis, by: act.by }, "a server was declared alone");
    return { kind: "reply", body };
  }
  return outcome.kind === "refused"
    ? recordRefusal(deps, read, refusedAtCommit(read, sole, outcome.reasons), act, sole)
    : unfinished(outcome);
}

/** A person vouched for what the ledger knows already: nothing is switched, and his word is on record before he is told so. */
async function recordWord(
  deps: Deps,
  { ctl }: SiteSnapshot,
  act: Act,
  body: Switched,
  extra: readonly Write[],
): Promise<{ kind: "reply"; body: Switched } | Refused> {
  const record = auditWrite(ctl.site, ctl.ep, "PARTNER_DOWN_ATTESTED", act, { sole: body.sole, down: body.down });
  const outcome = await deps.ledger.transact([record, ...extra]);
  if (outcome.kind === "busy" || outcome.kind === "unknown") return unfinished(outcome);
  return { kind: "reply", body };
}

/** Puts an attempt that was refused into the audit trail. It changed nothing, so a ledger that does not answer does not change the answer. */
async function recordRefusal(deps: Deps, read: SiteSnapshot, why: Refused, act: Act, sole: ServerName): Promise<Refused> {
  deps.log.info({ event: "partner-down-refused", site: read.ctl.site, code: why.code, by: act.by }, why.detail);
  await deps.ledger.write(
    auditWrite(read.ctl.site, read.ctl.ep, "PARTNER_DOWN_REFUSED", { ...act, id: deps.newId() }, { sole, code: why.code, why: why.detail }),
  );
  return why;
}

/** Refused if the caller expected another epoch. */
export function epochIs(read: SiteSnapshot, expected: number | undefined): Refused | undefined {
  if (expected === undefined || expected === read.ctl.ep) return undefined;
  return refused("EPOCH_CHANGED", `${read.ctl.site} is at epoch ${read.ctl.ep}, not ${expected}; look again.`, { epoch: read.ctl.ep });
}
