import * as z from "zod";
import { Basis, BindingStatus, Mode, Server, SiteConfig, SiteId, SiteState } from "./items.ts";
import { addressKey } from "./tables.ts";

/** RFC 3339 time, as the API speaks it. */
export const Time = z.iso.datetime({ offset: true });
export const Reason = z.string().trim().min(3).max(500);
/** A word that was acted upon already is put on record however short. */
const AgentReason = z.string().trim().min(1).max(500);
export const Epoch = z.int().positive();
export const Address = z.string().describe("IPv4 address");
/** The words that stand for certainty when evidence is to be overridden. */
export const ATTESTATION = "PARTNER IS POWERED OFF";
export const Paged = z.object({ cursor: z.string().max(8000).optional(), limit: z.coerce.number().int().min(1).max(1000).optional() });
export const Format = z.object({ format: z.enum(["json", "ndjson", "csv"]).optional().describe("Instead of the Accept header") });
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), cursor: z.string().optional() });

export const SitePath = z.object({ site: SiteId });
export const AgentPath = z.object({ site: SiteId, server: Server });
export const AddressPath = z.object({ site: SiteId, ip: Address });
export const ClientPath = z.object({
  client: z.string().min(1).max(600).describe("i:<hex of option 61>, m:<htype>:<hex of chaddr>, or a MAC address"),
});
export const PlanPath = z.object({
  id: z.string().regex(/^[0-9a-f-]{8,40}$/, "the id of a fleet failover, as its start and the list give it"),
});
export const ConflictPath = z.object({ site: SiteId, id: z.string().regex(/^[^/]{10,80}$/, "the id of a conflict, as the list gives it") });
export const Period = z.object({ from: Time, to: Time });

/** A site's configuration as it may be asked for: what is stored may be older than these checks. */
export const NewSiteConfig = SiteConfig.superRefine((config, { addIssue }) => flawsOf(config).forEach((flaw) => void addIssue(flaw)));
export const SiteConfigChange = SiteConfig.partial().superRefine((config, { addIssue }) =>
  flawsOf(config).forEach((flaw) => void addIssue(flaw)),
);

type Flaw = { readonly code: "custom"; readonly path: (string | number)[]; readonly message: string };
type Checked = { [Member in "names" | "pools"]?: z.output<typeof SiteConfig>[Member] | undefined };
function flawsOf({ names, pools = [] }: Checked): readonly Flaw[] {
  const flaws: Flaw[] = [];
  const flaw = (path: (string | number)[], message: string) => void flaws.push({ code: "custom", path, message });
  const [a, b] = [names?.A.toLowerCase(), names?.B.toLowerCase()];
  if (a !== undefined && a === b) flaw(["names"], "must tell the two servers apart");
  if (a === "b" || a === "secondary") flaw(["names", "A"], "must not be what the other server is called");
  if (b === "a" || b === "primary") flaw(["names", "B"], "must not be what the other server is called");
  const ranges = pools.map(({ from, to }, index) => ({ index, from: addressKey(from) ?? "", to: addressKey(to) ?? "" }));
  for (const { index, from, to } of ranges) if (to < from) flaw(["pools", index, "to"], "must not be before from");
  const ordered = ranges.toSorted((left, right) => (left.from < right.from ? -1 : 1));
  ordered.forEach(({ index, from }, place) => {
    const before = ordered[place - 1];
    if (before !== undefined && from <= before.to) flaw(["pools", index], `must not overlap with pool ${pools[before.index]?.name}`);
  });
  return flaws;
}

export const ServerView = z.object({
  server: Server,
  name: z.string(),
  mode: Mode,
  running: z.boolean().describe("It has run at least once"),
  heartbeats: z.int(),
  lastSeen: Time.nullable().describe("By the agent's own clock; for display"),
  failoverState: z.string(),
  outboxDepth: z.int(),
  mirroredTo: z.int().describe("Outbox cursor"),
  evidence: z.object({ partnerHeartbeat: z.int(), stillMs: z.int(), peerLeaseAgoMs: z.int() }),
  leaseMs: z.int(),
  version: z.string(),
  was: z
    .object({ epoch: z.int(), mode: Mode })
    .optional()
    .describe("After a restore: what it was in the ledger that was lost, by its own word"),
});
export const Verdict = z.object({
  ok: z.boolean(),
  code: z.string().optional(),
  why: z.string(),
  retryAfterMs: z.int().optional(),
});
export const SiteView = z.object({
  site: SiteId,
  state: SiteState,
  epoch: Epoch,
  sole: Server.optional(),
  down: Server.optional(),
  basis: Basis.optional(),
  since: Time.optional(),
  config: SiteConfig,
  servers: z.object({ A: ServerView, B: ServerView }),
  canDeclare: z.object({ A: Verdict, B: Verdict }).describe("Whether this server could be declared alone at this moment, on evidence"),
});
export const SiteSummary = z.object({
  site: SiteId,
  state: SiteState,
  epoch: Epoch,
  sole: Server.optional(),
  down: Server.optional(),
  since: Time.optional(),
  silent: z.array(Server).optional(),
});
export const Health = z.object({
  site: SiteId,
  verdict: z.enum(["healthy", "interrupted", "partner-down", "recovering", "restored", "silent", "not-started"]),
  findings: z.array(z.object({ severity: z.enum(["info", "warning", "critical"]), about: z.enum(["A", "B", "pair"]), text: z.string() })),
});
export const Utilisation = z.object({
  site: SiteId,
  asOf: Time,
  pools: z.array(
    z.object({
      name: z.string(),
      size: z.int(),
      active: z.int(),
      abandoned: z.int(),
      free: z.int(),
      backup: z.int(),
      unknown: z.int(),
      usedPercent: z.number(),
    }),
  ),
});

export const Force = z.object({
  attestation: z.literal(ATTESTATION),
  reason: Reason,
});
export const PartnerDownRequest = z.object({
  survivor: z.string().min(1).max(64).describe("The server that shall serve alone: A, B, primary, secondary, or its name"),
  expectedEpoch: Epoch.optional(),
  reason: Reason.optional(),
  standing: z.boolean().optional().describe("If the evidence is not old enough yet, keep the wish and grant it when it is"),
  force: Force.optional(),
});
export const Switched = z.object({
  site: SiteId,
  epoch: Epoch,
  sole: Server,
  down: Server,
  basis: Basis,
  usableAfterMs: z.int().describe("From when the survivor learns of it until it may use the partner's free addresses"),
});
export const StandingRequest = z.object({
  survivor: Server,
  by: z.string(),
  at: Time,
  until: Time,
  state: z.enum(["open", "granted", "cancelled", "expired"]),
});
export const PartnerDownStatus = z.object({
  site: SiteId,
  state: SiteState,
  epoch: Epoch,
  sole: Server.optional(),
  basis: Basis.optional(),
  since: Time.optional(),
  servingAfterMs: z
    .int()
    .nullable()
    .describe(
      "From the switch to the survivor's word that it serves alone, as the control plane saw it; null before that, or if nobody is alone",
    ),
  survivorKnows: z.boolean().describe("The survivor has written to the ledger under the epoch of the switch"),
  request: StandingRequest.nullable(),
  canDeclare: z.object({ A: Verdict, B: Verdict }),
});
export const ClearRequest = z.object({ expectedEpoch: Epoch.optional(), reason: Reason.optional(), force: Force.optional() });
export const TakeoverRequest = z.object({ survivor: z.string().min(1).max(64), expectedEpoch: Epoch.optional(), force: Force });
export const AgentPartnerDownRequest = z.object({
  expectedEpoch: Epoch.optional(),
  attested: z.object({ operator: z.string().min(1).max(128), reason: AgentReason, actedAt: Time.optional() }).optional(),
});
export const AgentWordRequest = z.object({
  operator: z.string().min(1).max(128),
  reason: AgentReason,
  actedAt: Time.describe("By the agent's clock"),
});
export const Recorded = z.object({ site: SiteId, epoch: Epoch });
export const Cleared = z.object({ site: SiteId, epoch: Epoch });

export const FailoverRequest = z.object({
  sites: z.array(SiteId).min(1).max(2000),
  survivor: z.string().min(1).max(64),
  atOnce: z.int().min(1).max(100).default(5).describe("How many sites may be between the switch and a survivor seen serving"),
  stopAfter: z.int().min(0).max(2000).default(1).describe("Stop when this many switched sites turn out unhealthy; 0 = never"),
  waitMs: z.int().min(0).max(86_400_000).default(600_000).describe("How long to wait for one site's evidence"),
  settleMs: z.int().min(10_000).max(3_600_000).default(120_000).describe("How long a survivor may take to be seen serving alone"),
  reason: Reason,
});
export const PlanSite = z.object({
  site: SiteId,
  state: z.enum(["waiting", "trying", "switched", "serving", "refused", "unhealthy", "left"]),
  why: z.string(),
});
export const PlanSummary = z.object({
  id: z.string(),
  state: z.enum(["running", "done", "stopped"]),
  survivor: z.string(),
  by: z.string(),
  reason: z.string(),
  startedAt: Time,
  why: z.string(),
});
export const FailoverPlan = PlanSummary.extend({
  atOnce: z.int(),
  counts: z.record(z.string(), z.int()),
  sites: z.array(PlanSite),
});
export const StopRequest = z.object({ reason: Reason });

/** How sure an answer about the past is. */
export const Certainty = z.object({
  level: z
    .enum(["certain", "provisional", "contested", "incomplete"])
    .describe(
      "provisional: what comes may change it; incomplete: it reaches back before what the ledger can know, or to when a server lost its disk or had a wrong clock",
    ),
  statement: z.string(),
  completeUntil: Time.nullable().describe("Everything both servers did until then has been handed in; null = not known"),
  knownFrom: Time.describe("The ledger knows of nothing before"),
  servers: z.array(z.object({ server: Server, completeUntil: Time, pending: z.int() })).describe("How far each server's word reaches"),
});
/** A page of answers about the past. */
export const pastOf = <T extends z.ZodType>(item: T) => pageOf(item).extend({ certainty: Certainty });

export const LeaseView = z.object({
  address: Address,
  status: BindingStatus,
  client: z.string(),
  host: z.string().optional(),
  since: Time,
  expires: Time,
  potentialExpiry: Time,
  server: Server,
  epoch: Epoch,
});
export const HistoryView = z.object({
  at: Time,
  address: Address,
  status: BindingStatus,
  client: z.string(),
  expires: Time,
  server: Server,
  epoch: Epoch,
  origin: Server.describe("Whose act it was, where its partner reported it"),
  mark: z.enum(["", "late", "contradicted", "claim"]),
});
export const Holding = z.object({ client: z.string(), since: Time, until: Time, server: Server, epoch: Epoch });
export const HolderView = z.object({
  address: Address,
  at: Time,
  holder: Holding.nullable(),
  contested: z.array(Holding),
  certainty: Certainty,
});
export const Stint = z.object({
  site: SiteId,
  address: Address,
  client: z.string(),
  from: Time,
  until: Time,
  renewals: z.int(),
  ended: z.string(),
  contested: z.boolean(),
});
export const Stints = pastOf(Stint).extend({
  asOf: Time.describe("The index may be some seconds behind this moment"),
});
export const ConflictView = z.object({
  id: z.string(),
  site: SiteId,
  address: Address,
  at: Time,
  basis: z.string(),
  open: z.boolean(),
  winner: z.record(z.string(), z.unknown()),
  loser: z.record(z.string(), z.unknown()),
  resolved: z.object({ by: z.string(), at: Time, reason: z.string() }).optional(),
});
export const ResolveRequest = z.object({ reason: Reason });
export const EventView = z.object({
  at: Time,
  epoch: z.int(),
  what: z.string(),
  by: z.string(),
  note: z.string(),
  detail: z.record(z.string(), z.unknown()),
});
