import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Role } from "../support/failover-config.ts";
import type { Plan } from "./plan.ts";

/** One lease of a server's database, as its lease file has it. Times in seconds since 1970. */
export interface DatabaseLease {
  readonly address: string;
  readonly status: string;
  readonly hardware?: string;
  readonly ends: number;
}

/** One row of the ledger's history. Times in milliseconds since 1970. */
export interface LedgerRow {
  readonly address: string;
  readonly status: string;
  /** Hardware address of the client, where that is its name in the ledger. */
  readonly client: string;
  readonly ts: number;
  /** Time of the last event merged into this row. */
  readonly lastTs: number;
  readonly expires: number;
  readonly server: Role;
  readonly seq: number;
  readonly ord: string;
  readonly merged: number;
  readonly late: boolean;
  readonly conflict: boolean;
  readonly claim: boolean;
}

/** Everything that can be in a history. */
export type Happening =
  | { readonly kind: "run"; readonly plan: Plan; readonly begun: number }
  /** What the nemesis or the operator did. */
  | { readonly kind: "fault"; readonly who: string; readonly text: string }
  | { readonly kind: "log"; readonly who: Role; readonly text: string }
  | { readonly kind: "note"; readonly who: string; readonly text: string }
  /** A client took, or extended, an address; `since` and `until` in milliseconds from the beginning. */
  | {
      readonly kind: "bound";
      readonly client: string;
      readonly hardware: string;
      readonly address: string;
      readonly server: string;
      readonly since: number;
      readonly until: number;
    }
  | { readonly kind: "gone"; readonly client: string; readonly address: string }
  | { readonly kind: "started"; readonly who: Role }
  | { readonly kind: "ended"; readonly who: Role; readonly status: string; readonly expected: boolean }
  /** What a server had stored is gone. */
  | { readonly kind: "disk-lost"; readonly who: Role }
  | { readonly kind: "healed" }
  /** The torture itself failed to do what it wanted. */
  | { readonly kind: "trouble"; readonly text: string }
  /** Something that must come about once faults have ended. */
  | { readonly kind: "demand"; readonly what: string; readonly met: boolean; readonly seconds: number; readonly detail: string }
  | { readonly kind: "database"; readonly who: Role; readonly leases: readonly DatabaseLease[] }
  | {
      readonly kind: "ledger";
      readonly rows: readonly LedgerRow[];
      readonly cursors: Readonly<Record<Role, number>>;
      readonly conflicts: number;
    }
  /** What no message between the partners may be, at the end of the run; empty if all is well. */
  | { readonly kind: "wire"; readonly faults: readonly string[]; readonly messages: number }
  | { readonly kind: "done" };

/** A happening and when it was, in milliseconds from the beginning of the run. */
export type Entry = Happening & { readonly at: number };

/** A file of what happened, one JSON object a line, written as it happens. */
export class History {
  readonly entries: Entry[] = [];
  /** Called with each entry as it is added. */
  readonly #heard: (entry: Entry) => void;
  readonly #file: number;
  readonly #begun = performance.now();
  /** The beginning as the true time: milliseconds since 1970. */
  readonly begun = Date.now();

  constructor(path: string, heard: (entry: Entry) => void) {
    this.#file = openSync(path, "w");
    this.#heard = heard;
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return Math.round(performance.now() - this.#begun);
  }

  add(happening: Happening): void {
    const entry = { at: this.now, ...happening };
    this.entries.push(entry);
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    this.#heard(entry);
  }

  close(): void {
    closeSync(this.#file);
  }
}

export const readHistory = (path: string): Entry[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry);

/** An entry for people, on one line. */
export function describe(entry: Entry): string {
  const { at, kind, ...rest } = entry;
  const time = `${Math.floor(at / 60_000)}:${((at % 60_000) / 1000).toFixed(3).padStart(6, "0")}`.padStart(9);
  switch (entry.kind) {
    case "fault":
    case "log":
    case "note":
      return `${time} ${entry.who.padEnd(10)} ${entry.text}`;
    case "bound": {
      const left = ((entry.until - at) / 1000).toFixed(1);
      return `${time} ${entry.client.padEnd(10)} holds ${entry.address} for ${left} s more, by ${entry.server}`;
    }
    case "gone":
      return `${time} ${entry.client.padEnd(10)} gives up ${entry.address}`;
    case "started":
      return `${time} ${entry.who.padEnd(10)} serves`;
    case "ended":
      return `${time} ${entry.who.padEnd(10)} ended: ${entry.status}${entry.expected ? "" : ", unasked"}`;
    case "demand":
      return `${time} demand     ${entry.what}: ${entry.met ? "met" : "NOT MET"} after ${entry.seconds} s ${entry.detail}`;
    default:
      return `${time} ${kind.padEnd(10)} ${JSON.stringify(rest).slice(0, 200)}`;
  }
}
