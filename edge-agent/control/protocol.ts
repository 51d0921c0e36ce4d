import { err, ok, type Result } from "../values/result.ts";

/**
 * What the control command asks of a running agent, over its Unix socket: one JSON object a line each way. Times are
 * wall-clock seconds since 1970. `relationship` may be left out where there is only one.
 */
export type ControlRequest =
  | { readonly verb: "status" }
  | {
      readonly verb: "partner-down";
      readonly relationship?: string;
      /** When the partner was last seen alive, if the operator knows: waits count from then. */
      readonly lastAlive?: number;
      /** The operator attests that the partner is off, with his reason. */
      readonly force?: { readonly reason: string };
    }
  | { readonly verb: "pause" | "resume" | "rebalance" | "shutdown"; readonly relationship?: string }
  /** `force`: though this server is serving, and stops until it has recovered. */
  | { readonly verb: "recover"; readonly relationship?: string; readonly force?: true }
  | { readonly verb: "leases"; readonly filter: LeaseFilter; readonly limit: number; readonly after?: string }
  | { readonly verb: "explain"; readonly client: ClientDescription }
  | { readonly verb: "reload" };

export interface LeaseFilter {
  readonly address?: string;
  readonly hardware?: string;
  readonly clientId?: string;
  readonly status?: string;
}

/** A client as an operator describes it: hardware address, and what else decides its treatment. */
export interface ClientDescription {
  readonly hardware: string;
  /** Option 61 in hex pairs. */
  readonly clientId?: string;
  /** Address of the relay, or an interface's name. */
  readonly via?: string;
  /** Vendor class (option 60). */
  readonly vendorClass?: string;
}

export type ControlReply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

export interface StatusReport {
  readonly version: string;
  readonly now: number;
  readonly startedAt: number;
  readonly configurationFile: string;
  readonly pools: readonly PoolStatus[];
  readonly relationships: readonly RelationshipReport[];
  readonly ledger: LedgerReport;
  /** All sites, for an agent that takes part in several; `ledger` is the first of them. */
  readonly ledgers?: readonly LedgerReport[];
}

export interface PoolStatus {
  readonly network: string;
  readonly ranges: readonly string[];
  readonly relationship?: string;
  readonly total: number;
  readonly free: number;
  readonly backup: number;
  readonly active: number;
  readonly abandoned: number;
  /** EXPIRED, RELEASED and RESET: on their way to free, by way of the partner. */
  readonly settling: number;
}

export interface RelationshipReport {
  readonly name: string;
  readonly role: "primary" | "secondary";
  readonly state: string;
  readonly since: number;
  readonly partnerState: string;
  readonly partnerSince: number;
  readonly partnerAddress: string;
  /** "tandem", "isc", or "unknown" before first contact. */
  readonly partnerKind: string;
  readonly link: "up" | "connecting" | "down";
  readonly linkNote?: string;
  readonly skewSeconds?: number;
  readonly mclt: number;
  readonly unacked: number;
  readonly owed: number;
  readonly serving: boolean;
  readonly servingNote?: string;
  /** What is being waited for, and until when. */
  readonly waits: readonly { readonly reason: string; readonly until: number }[];
}

export type LedgerReport =
  | { readonly configured: false; readonly note: string }
  | {
      readonly configured: true;
      readonly relationship?: string;
      readonly site: string;
      readonly server: string;
      readonly mode: string;
      readonly epoch: number;
      readonly reachable: boolean;
      readonly lastSuccess?: number;
      readonly backlog: number;
      readonly lagSeconds: number;
      /** Why there was no answer to what was asked last. */
      readonly trouble?: string;
      /** What the serving lease allows: all clients, known ones only, nobody. */
      readonly service: "full" | "run-down" | "none";
      /** Until it must have been renewed by the ledger or the partner; left out where it does not run (alone, or over). */
      readonly serviceSeconds?: number;
      readonly note?: string;
    };

export interface LeaseReport {
  readonly address: string;
  readonly status: string;
  readonly starts: number;
  readonly ends: number;
  readonly hardware?: string;
  readonly clientId?: string;
  readonly hostname?: string;
  readonly reserved?: boolean;
}

/** How a client would be treated, step by step; each line may name the place in the configuration that decides. */
export interface ExplainReport {
  readonly lines: readonly { readonly text: string; readonly file?: string; readonly line?: number }[];
  readonly answered: boolean;
}

const RELATIONSHIP_VERBS = new Set(["pause", "resume", "rebalance", "shutdown"]);
/** A lease listing is at most this long; `after` gives the next page. */
export const LEASES_LIMIT = 1000;

/** The control plane records no shorter one. */
const SHORTEST_REASON = 3;

/** Reads one line of the control socket. What is wrong is named by field. */
export function parseControlRequest(line: string): Result<ControlRequest, string> {
  const value = parseJson(line);
  if (!isRecord(value)) return err("a request is one JSON object a line");
  const text = (name: string): string | undefined => (typeof value[name] === "string" ? (value[name] as string) : undefined);
  const relationship = text("relationship");
  const named = relationship === undefined ? {} : { relationship };
  const verb = text("verb") ?? "";
  if (verb === "status" || verb === "reload") return ok({ verb });
  if (RELATIONSHIP_VERBS.has(verb)) return ok({ verb: verb as "pause", ...named });
  if (verb === "recover") return ok({ verb, ...named, ...(value["force"] === true ? { force: true } : {}) });
  if (verb === "partner-down") return parsePartnerDown(value, named);
  if (verb === "leases") return parseLeases(value, text("after"));
  if (verb === "explain") {
    const client = value["client"];
    if (!isRecord(client) || typeof client["hardware"] !== "string")
      return err('"explain" needs client.hardware, such as "00:16:3e:01:02:03"');
    return ok({ verb, client: strings(client) as unknown as ClientDescription });
  }
  return err(`"${verb}" is no verb; there are status, partner-down, recover, pause, resume, rebalance, shutdown, leases, explain, reload`);
}

function parsePartnerDown(value: Record<string, unknown>, named: { readonly relationship?: string }): Result<ControlRequest, string> {
  const { lastAlive, force } = value;
  if (lastAlive !== undefined && (typeof lastAlive !== "number" || !Number.isSafeInteger(lastAlive) || lastAlive < 0)) {
    return err("lastAlive is a time in seconds since 1970");
  }
  const reason = isRecord(force) ? force["reason"] : undefined;
  if (force !== undefined && (typeof reason !== "string" || reason.trim().length < SHORTEST_REASON))
    return err(`force needs a reason of ${SHORTEST_REASON} characters at least: it is recorded`);
  return ok({
    verb: "partner-down",
    ...named,
    ...(typeof lastAlive === "number" ? { lastAlive } : {}),
    ...(typeof reason === "string" ? { force: { reason: reason.trim().slice(0, 500) } } : {}),
  });
}

function parseLeases(value: Record<string, unknown>, after: string | undefined): Result<ControlRequest, string> {
  const limit = value["limit"] ?? LEASES_LIMIT;
  if (typeof limit !== "number" || !Number.isSafeInteger(limit) || limit < 1) return err("limit is a whole number from 1");
  const filter = isRecord(value["filter"]) ? strings(value["filter"]) : {};
  return ok({ verb: "leases", filter, limit: Math.min(limit, LEASES_LIMIT), ...(after === undefined ? {} : { after }) });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const strings = (value: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
