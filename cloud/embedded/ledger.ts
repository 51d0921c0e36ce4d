import { type Ledger, LedgerUnavailable, type WriteOutcome } from "../contract/ledger.ts";
import type { EmbeddedTable } from "./table.ts";

/** What goes wrong with one call. `lost-request`: never arrives; `lost-answer`: is carried out, but nobody hears of it; `late`: no answer, and
 *  it is carried out some calls later (or never, if nothing calls any more). */
export type Fault = "none" | "throttled" | "conflict" | "lost-request" | "lost-answer" | "late";
/** What kind of call it is; a fault that does not fit a read counts as no answer. */
export type Operation = "get" | "getMany" | "snapshot" | "query" | "write" | "transact";
export interface EmbeddedLedgerOptions {
  /** Asked once a call; default: nothing goes wrong. Deterministic faults come from a seeded generator. */
  readonly fault?: (operation: Operation) => Fault;
  /** Awaited before each call takes effect: real or virtual delay, and a place to interleave. */
  readonly delay?: () => Promise<void>;
}

/** The embedded ledger as the async port that edge and cloud use. */
export function embeddedLedger(table: EmbeddedTable, options: EmbeddedLedgerOptions = {}): Ledger {
  const late: (() => void)[] = [];
  const settle = () => {
    for (const call of late.splice(0)) call();
  };
  const read = async <T>(operation: Operation, call: () => T): Promise<T> => {
    await options.delay?.();
    const fault = options.fault?.(operation) ?? "none";
    if (fault !== "none") throw new LedgerUnavailable(fault);
    return call();
  };
  const change = async (operation: Operation, call: () => WriteOutcome): Promise<WriteOutcome> => {
    await options.delay?.();
    const fault = options.fault?.(operation) ?? "none";
    if (fault === "throttled" || fault === "conflict") return { kind: "busy", cause: fault };
    if (fault === "lost-request") return { kind: "unknown", cause: fault };
    if (fault === "late") {
      late.push(call);
      return { kind: "unknown", cause: fault };
    }
    const outcome = call();
    // What was delayed arrives after a later call: the order that a network may give.
    settle();
    return fault === "lost-answer" ? { kind: "unknown", cause: fault } : outcome;
  };
  return {
    get: (key) => read("get", () => table.get(key)),
    snapshot: (keys) => read("snapshot", () => keys.map((key) => table.get(key))),
    getMany: (keys) => read("getMany", () => keys.map((key) => table.get(key))),
    query: (query) => read("query", () => table.query(query)),
    write: (write) => change("write", () => table.write(write)),
    transact: (writes) => change("transact", () => table.transact(writes)),
  };
}
