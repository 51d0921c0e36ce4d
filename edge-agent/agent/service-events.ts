import type { ControlReply } from "../control/protocol.ts";
import type { DnsOutcome, DnsQuery } from "../ddns/transaction.ts";
import type { RecordedDeclaration } from "../leases/lease-file/types.ts";
import type { LedgerAnswer, LedgerCall } from "../ledger/calls.ts";
import type { LedgerSetting } from "./ledger-setting.ts";

/** A request that came by the control socket; `id` finds its way back. */
export interface ControlEvent {
  readonly kind: "control-request";
  readonly id: number;
  readonly line: string;
}

export type ControlEffect =
  | { readonly kind: "control-reply"; readonly id: number; readonly verb: string; readonly reply: ControlReply }
  /** Read the configuration again, and answer with how that went. */
  | { readonly kind: "control-reload"; readonly id: number };

/** What a DNS query needs of the world: to be sent, and its answer brought back as a "dns-answer" event of the same id. */
export interface DnsEffect {
  readonly kind: "dns-query";
  readonly id: number;
  readonly query: DnsQuery;
}

export interface DnsEvent {
  readonly kind: "dns-answer";
  readonly id: number;
  readonly outcome: DnsOutcome;
}

/** A call to the ledger; its answer comes back as a "ledger-answer" of the same relationship. */
export interface LedgerEffect {
  readonly kind: "ledger-call";
  readonly relationship: string;
  readonly call: LedgerCall;
}

export type LedgerEvent =
  | { readonly kind: "ledger-answer"; readonly relationship: string; readonly answer: LedgerAnswer }
  /** The process ends in good order: what the ledger leases to us is given up. */
  | { readonly kind: "ledger-stop" }
  /** agent.json was read again. */
  | { readonly kind: "ledger-settings"; readonly settings: readonly LedgerSetting[] };

export type OmapiEvent =
  | { readonly kind: "omapi-opened"; readonly connection: number }
  | { readonly kind: "omapi-bytes"; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: "omapi-closed"; readonly connection: number };

export type OmapiEffect =
  | { readonly kind: "omapi-send"; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: "omapi-close"; readonly connection: number; readonly reason: string }
  /** A declaration kept as a record is to come into force. */
  | { readonly kind: "declared"; readonly declaration: RecordedDeclaration }
  /** End this process in good order. */
  | { readonly kind: "shut-down" };
