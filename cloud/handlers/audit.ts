import { lateConflictWrite, servingWrite, tamperWrite } from "../contract/conflict-expressions.ts";
import type { Item } from "../contract/expression.ts";
import { CtlItem, type Hist, HistItem, SrvItem } from "../contract/items.ts";
import { queryAll, type WriteOutcome } from "../contract/ledger.ts";
import { ctlKey, END, histPartition, ts13 } from "../contract/tables.ts";
import type { Deps } from "../deps.ts";
import { overlapping } from "../domain/stints.ts";

/** One change of a row, as the table's stream has it. `id` is the same however often the stream repeats itself. */
export interface StreamChange {
  readonly id: string;
  readonly kind: "INSERT" | "MODIFY" | "REMOVE";
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  /** When it was made, milliseconds since 1970; to the end of the second if the stream counts in seconds. */
  readonly madeBy?: number;
}
/** What a batch of the stream came to. */
export interface Audited {
  readonly conflicts: number;
  readonly tampered: number;
  /** Survivors seen to serve alone. */
  readonly serving: number;
}

/** The stream's consumer. An event that came in late may have overlapped another client's lease; then it becomes a conflict. An audit record
 *  that was changed or removed (no function has the right, but an administrator of the account may) is put anew under another name. A survivor's
 *  first word that it serves alone is put on record, with the time that it took.
 *  Idempotent, because the stream may repeat itself. Throws when the ledger does not take it, and the stream tries again. */
export async function audit(deps: Deps, changes: readonly StreamChange[]): Promise<Audited> {
  let conflicts = 0;
  let tampered = 0;
  let serving = 0;
  for (const change of changes) {
    if (change.kind === "INSERT" && change.after?.["t"] === "H" && change.after["late"] === 1) {
      if (await auditLate(deps, HistItem.parse(change.after))) conflicts++;
    } else if (change.kind !== "INSERT" && change.before?.["t"] === "E") {
      if (await auditTrail(deps, change.id, change.before)) tampered++;
    } else if (beginsToServe(change)) {
      if (await auditServing(deps, change.after ?? {}, Math.min(deps.now(), change.madeBy ?? Number.POSITIVE_INFINITY))) serving++;
    }
  }
  return { conflicts, tampered, serving };
}

const isAlone = (item: Item | undefined): boolean => item?.["mode"] === "SOLE" && item["fs"] === "PARTNER-DOWN";
const beginsToServe = ({ before, after }: StreamChange): boolean => after?.["sk"] === "SRV" && isAlone(after) && !isAlone(before);

async function auditServing(deps: Deps, item: Item, at: number): Promise<boolean> {
  const server = SrvItem.parse(item);
  const ctl = CtlItem.parse(await deps.ledger.get(ctlKey(server.site)));
  // what the stream tells may be over
  if (ctl.state !== "PARTNER_DOWN" || ctl.sole !== server.srv || ctl.ep !== server.ep || ctl.since === undefined) return false;
  return isNew(await deps.ledger.write(servingWrite(ctl, ctl.since, server, at)));
}

async function auditLate(deps: Deps, late: Hist): Promise<boolean> {
  // whatever ended a lease overlaps none, and its end may lie long before it was told
  if (late.st !== "ACTIVE" || late.exp <= late.ts) return false;
  const other = overlapping(late, await neighbours(deps, late))[0];
  if (other === undefined) return false;
  const written = isNew(await deps.ledger.write(lateConflictWrite(late, other)));
  deps.log.warn({ event: "conflict-written", site: late.site, address: late.a, basis: "late" }, "two clients had one address");
  return written;
}

async function auditTrail(deps: Deps, id: string, before: Item): Promise<boolean> {
  const site = String(before["site"]);
  const written = isNew(await deps.ledger.write(tamperWrite(site, id, Number(before["at"]), before)));
  deps.log.error({ event: "audit-record-changed", site, record: before["sk"] }, "an audit record was changed past the API");
  return written;
}

function isNew(outcome: WriteOutcome): boolean {
  if (outcome.kind === "busy" || outcome.kind === "unknown") throw new Error(`it was not written: ${outcome.cause}`);
  return outcome.kind === "done";
}

/** Rows of the address that may run at the same time as `late`. */
async function neighbours(deps: Deps, late: Hist): Promise<readonly Hist[]> {
  const ctl = CtlItem.parse(await deps.ledger.get(ctlKey(late.site)));
  const rows = await queryAll(deps.ledger, {
    partition: histPartition(late.site, late.a),
    range: { kind: "between", from: ts13(late.ts - ctl.cfg.maxLeaseMs), to: `${ts13(late.exp)}#${END}` },
    consistent: true,
  });
  return rows.map((row) => HistItem.parse(row));
}
