import {
  boot,
  type ClaimOutcome,
  claim,
  currentRows,
  type Fenced as FencedCall,
  heartbeat,
  mirror,
  type Repeat,
  readServer,
} from "../../cloud/contract/agent-calls.ts";
import { type Fact, ordOf, type Sender } from "../../cloud/contract/agent-expressions.ts";
import type { Item } from "../../cloud/contract/expression.ts";
import type { Srv } from "../../cloud/contract/items.ts";
import type { Ledger } from "../../cloud/contract/ledger.ts";
import { isSealed, type SealedNames } from "../../cloud/contract/sealed-names.ts";
import { ctlKey, partnerOf, type ServerName } from "../../cloud/contract/tables.ts";
import type { CurrentRow, LedgerAnswer, LedgerCall, OutboxEntry, ServerRow, Standing, Unanswered, Word } from "../ledger/calls.ts";
import { incarnationIn } from "../ledger/restored.ts";
import { ipv4 } from "../values/ipv4.ts";
import type { MonotonicMillis } from "../values/time.ts";

/** The incarnation of a server that never ran. */
const NEVER_RAN = "-";
/** A site is registered in this one. */
const FIRST_EPOCH = 1;

export interface LedgerClientOptions {
  readonly site: string;
  readonly server: ServerName;
  /** How long history rows are kept, milliseconds; 0 = for ever. */
  readonly keepMillis: number;
  readonly version: string;
  /** Seals the names of clients and hosts before they leave the site; undefined: they go as they are. */
  readonly names?: SealedNames | undefined;
  readonly wallMillis: () => number;
  readonly monotonic: () => MonotonicMillis;
  /** Asks the control plane's API; undefined where no API is configured. */
  readonly askControlPlane:
    | ((op: ControlOp, epoch: number, reason: string | undefined, actedAt?: number) => Promise<ControlAnswer>)
    | undefined;
}
/** What the control plane is asked for: to be alone, to be a pair again, to put an operator's word on record. */
export type ControlOp = "ask-partner-down" | "ask-clear" | "tell-word";
export type ControlAnswer = { readonly outcome: "done" } | { readonly outcome: "refused"; readonly code: string; readonly detail: string };

type Result<Op extends LedgerAnswer["op"]> = Extract<LedgerAnswer, { readonly op: Op }>["result"];

/** Carries a site's calls to the ledger. Never throws: what could not be asked is "unanswered", with the reason. */
export function ledgerClient(ledger: Ledger, options: LedgerClientOptions): (call: LedgerCall) => Promise<LedgerAnswer> {
  return async (call) => {
    const begunAt = options.monotonic();
    let result: unknown;
    try {
      result = await carryOut(ledger, call, options);
    } catch (error) {
      result = {
        outcome: "unanswered",
        reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      } satisfies Unanswered;
    }
    return { op: call.op, begunAt, endedAt: options.monotonic(), result } as LedgerAnswer;
  };
}

function carryOut(ledger: Ledger, call: LedgerCall, options: LedgerClientOptions): Promise<unknown> {
  const { site, server } = options;
  switch (call.op) {
    case "read-self":
      return readRow(ledger, site, server);
    case "read-partner":
      return readRow(ledger, site, partnerOf(server));
    case "boot":
      return bootAs(ledger, call, options);
    case "heartbeat":
      return beat(ledger, call, options);
    case "mirror":
      return handIn(ledger, call, options);
    case "claim":
      return ask(ledger, call, options);
    case "catch-up":
      return readCurrent(ledger, options);
    case "ask-partner-down":
      return askControl(options, "ask-partner-down", call.epoch, call.force);
    case "ask-clear":
      return askControl(options, "ask-clear", call.epoch, undefined);
    case "tell-word":
      return askControl(options, "tell-word", 0, call.word);
  }
}

async function readRow(ledger: Ledger, site: string, server: ServerName): Promise<Result<"read-self">> {
  const row = await readServer(ledger, site, server);
  return { outcome: "read", row: row === undefined ? undefined : rowOf(row) };
}

async function bootAs(ledger: Ledger, call: Extract<LedgerCall, { op: "boot" }>, options: LedgerClientOptions): Promise<Result<"boot">> {
  const read = await readServer(ledger, options.site, options.server);
  if (read === undefined) return { outcome: "unanswered", reason: "the site is no longer registered" };
  if (read.boot === call.boot) return { outcome: "booted", row: rowOf(read) };
  const otherwise = await namedOtherwise(ledger, read, options);
  if (otherwise !== undefined) return { outcome: "unanswered", reason: otherwise };
  // what was handed in last, and what waited then, says from when on anything may be missing
  const from = read.qd === 0 ? read.at : Math.min(read.qt, read.at);
  const until = call.lost ? options.wallMillis() : call.keptFrom;
  const gap = until !== undefined && read.at > 0 ? { from, to: Math.max(from, until) } : undefined;
  const was = { ep: call.was.epoch, mode: call.was.mode, leaseMs: call.was.leaseMillis };
  const outcome = await boot(ledger, read, call.boot, gap, options.names?.id, was);
  return outcome.kind === "booted" ? { outcome: "booted", row: rowOf(outcome.server) } : fencedOrUnanswered(outcome);
}

const OTHER_KEY = "the site's clients are named under another key than this server's (clientKeyFile in agent.json)";

/** Under two names a client would contradict itself: a site, once begun, keeps its key, or that it has none. */
async function namedOtherwise(ledger: Ledger, own: Srv, { site, server, names }: LedgerClientOptions): Promise<string | undefined> {
  const id = names?.id ?? "";
  const isOther = (row: Srv | undefined) => row !== undefined && incarnationIn(row) !== NEVER_RAN && row.nk !== id;
  if (isOther(own)) return OTHER_KEY;
  return names !== undefined && isOther(await readServer(ledger, site, partnerOf(server))) ? OTHER_KEY : undefined;
}

async function beat(
  ledger: Ledger,
  call: Extract<LedgerCall, { op: "heartbeat" }>,
  options: LedgerClientOptions,
): Promise<Result<"heartbeat">> {
  const outcome = await heartbeat(ledger, senderOf(call.standing, options), {
    beat: call.beat,
    leaseMs: call.leaseMillis,
    partnerHb: call.evidence.partnerHb,
    partnerStillMs: call.evidence.partnerStillMs,
    peerLeaseAgoMs: call.evidence.peerLeaseAgoMs,
    failoverState: call.failoverState,
    queued: call.queued,
    oldestQueuedAt: call.oldestQueuedAt,
    clockSteps: call.clockSteps,
    version: options.version,
  });
  if (outcome.kind === "beating") return { outcome: "beating", row: rowOf(outcome.server) };
  return outcome.kind === "overtaken" ? { outcome: "overtaken" } : fencedOrUnanswered(outcome);
}

async function handIn(
  ledger: Ledger,
  call: Extract<LedgerCall, { op: "mirror" }>,
  options: LedgerClientOptions,
): Promise<Result<"mirror">> {
  const facts = call.entries.map((entry) => factOf(entry, options));
  const outcome = await mirror(ledger, senderOf(call.standing, options), call.from, facts, call.limit);
  if (outcome.kind !== "mirrored") return fencedOrUnanswered(outcome);
  return { outcome: "mirrored", upTo: outcome.upTo, conflicts: outcome.entries.filter(({ as }) => as === "conflict").length };
}

async function ask(ledger: Ledger, call: Extract<LedgerCall, { op: "claim" }>, options: LedgerClientOptions): Promise<Result<"claim">> {
  const facts = call.claims.map((entry) => factOf(entry, options));
  const outcome = await claim(ledger, senderOf(call.standing, options), facts, call.safeMillis);
  if (outcome.kind !== "settled") return fencedOrUnanswered(outcome);
  return { outcome: "settled", granted: outcome.claims.map(({ kind }: ClaimOutcome) => kind === "granted") };
}

async function readCurrent(ledger: Ledger, { site, names }: LedgerClientOptions): Promise<Result<"catch-up">> {
  const rows: CurrentRow[] = [];
  for await (const page of currentRows(ledger, site)) {
    for (const item of page) {
      const row = currentRow(item, names);
      // leases of nobody would be given away
      if (row === undefined) return { outcome: "unanswered", reason: OTHER_KEY };
      rows.push(row);
    }
  }
  const ctl = await ledger.get(ctlKey(site));
  const mcltMillis = Number((ctl?.["cfg"] as { readonly mcltMs?: unknown } | undefined)?.mcltMs ?? 0);
  return { outcome: "read", rows, basis: ctl?.["basis"] === "lapsed" ? "lapsed" : "attested", mcltMillis };
}

async function askControl(options: LedgerClientOptions, op: ControlOp, epoch: number, word: Word | undefined): Promise<ControlAnswer> {
  if (options.askControlPlane === undefined) return { outcome: "refused", code: "NO_API", detail: "no control plane API is configured" };
  return options.askControlPlane(op, epoch, word?.reason, word?.actedAt);
}

const fencedOrUnanswered = (outcome: FencedCall | Repeat): { readonly outcome: "fenced"; readonly row: ServerRow } | Unanswered =>
  outcome.kind === "fenced" ? { outcome: "fenced", row: rowOf(outcome.server) } : { outcome: "unanswered", reason: outcome.cause };

const rowOf = (row: Srv): ServerRow => ({
  epoch: row.ep,
  mode: row.mode,
  boot: row.boot,
  heartbeat: row.hb,
  ack: row.ack,
  leaseMillis: row.lm,
  continues: row.cont,
  clockSteps: row.steps,
});

const senderOf = (standing: Standing, options: LedgerClientOptions): Sender => ({
  site: options.site,
  server: options.server,
  epoch: standing.epoch,
  mode: standing.mode,
  boot: standing.boot,
  at: options.wallMillis(),
  keepMs: options.keepMillis,
});

/** The order of events of one address: epoch, time, then the outbox number, which breaks ties within a server. */
function factOf({ seq, event }: OutboxEntry, { server, names }: LedgerClientOptions): Fact {
  const origin = event.fromPartner ? partnerOf(server) : undefined;
  // what happened before this server first heard from the ledger happened in the site's first epoch, for all it knew
  const epoch = Math.max(FIRST_EPOCH, event.epoch);
  return {
    seq,
    ...(event.renewals > 1 ? { renewals: event.renewals, lastTs: event.lastTs } : {}),
    address: event.address.toString(16).padStart(8, "0"),
    status: event.status,
    client: names === undefined ? event.client : names.seal(event.client),
    ts: event.ts,
    expires: event.expires,
    potential: event.potential,
    ord: ordOf(epoch, event.lastTs, seq % 100_000, server),
    epoch,
    ...(event.hostname === undefined ? {} : { host: names === undefined ? event.hostname : names.seal(event.hostname) }),
    ...(event.reserved === true ? { reserved: true } : {}),
    ...(origin === undefined ? {} : { origin }),
  };
}

/** Undefined if its names are sealed under another key. */
function currentRow(item: Item, names: SealedNames | undefined): CurrentRow | undefined {
  const text = (name: string): string => (typeof item[name] === "string" ? item[name] : "");
  const number = (name: string): number => (typeof item[name] === "number" ? item[name] : 0);
  const client = names === undefined ? text("cid") : names.open(text("cid"));
  if (client === undefined || isSealed(client)) return undefined;
  const hostname = names === undefined ? text("hn") : names.open(text("hn"));
  return {
    address: ipv4(Number.parseInt(text("a"), 16)),
    status: text("st"),
    client,
    startsMillis: number("s"),
    expiresMillis: number("exp"),
    potentialMillis: number("pex"),
    hostname: hostname === "" ? undefined : hostname,
    reserved: number("rs") === 1,
    server: text("srv"),
  };
}
