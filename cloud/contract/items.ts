import * as z from "zod";

/** Version of the shape of every stored item; a reader refuses a higher one. */
export const SCHEMA_VERSION = 1;

/** A site is one failover relationship. The alphabet keeps IAM's pattern characters and the key separator out. */
export const SiteId = z.string().regex(/^[A-Z0-9-]{2,24}$/, "2 to 24 of A-Z, 0-9 and -");
export const Server = z.enum(["A", "B"]);
/** Milliseconds since 1970, or a length in milliseconds. */
const Millis = z.int().nonnegative();
const stored = { pk: z.string(), sk: z.string(), v: z.literal(SCHEMA_VERSION) };

/** What a site is configured to be. `foreign` names a server that is no Tandem agent: nothing fences it, so grants are attested only. */
export const SiteConfig = z.object({
  mcltMs: Millis.min(1000).describe("Maximum client lead time of the failover relationship"),
  maxLeaseMs: Millis.min(60_000).describe("Longest lease any client may hold"),
  autonomyMs: Millis.min(60_000).max(86_400_000).describe("How long a server cut off from partner and ledger goes on giving new addresses"),
  names: z.object({ A: z.string().min(1).max(64), B: z.string().min(1).max(64) }).describe("What people call the two servers"),
  pools: z.array(z.object({ name: z.string().max(64), from: z.ipv4(), to: z.ipv4() })).max(200),
  serials: z
    .object({ A: z.array(z.string().max(64)).max(4), B: z.array(z.string().max(64)).max(4) })
    .describe("Certificate serial numbers"),
  foreign: z.enum(["A", "B", "none"]),
});
/** RESTORED: the table was set back; what was granted since is not known, and nobody's right comes of these rows until the site is settled. */
export const SiteState = z.enum(["NORMAL", "PARTNER_DOWN", "RESTORED", "DECOMMISSIONED"]);
export const Basis = z.enum(["lapsed", "attested"]);

/** CTL: the site's epoch and state; written by the control plane only. */
export const CtlItem = z.object({
  ...stored,
  site: SiteId,
  ep: z.int().positive(),
  state: SiteState,
  sole: Server.optional(),
  down: Server.optional(),
  basis: Basis.optional(),
  since: Millis.optional(),
  by: z.string().optional(),
  note: z.string().optional(),
  reg: Millis.default(0).describe("When the site was registered: the ledger knows of nothing before"),
  cfg: SiteConfig,
  gs2pk: z.string(),
  gs2sk: z.string(),
});
/** What a server can be in the ledger's eyes. */
const Role = z.enum(["PAIR", "SOLE", "DOWN"]);
export const Mode = z.enum([...Role.options, "RESTORED"]);

/** SRV: one server's heartbeat counter, evidence, mode and outbox cursor; written by that agent, and by the control plane at a switch. */
export const SrvItem = z.object({
  ...stored,
  site: SiteId,
  srv: Server,
  ep: z.int().positive(),
  mode: Mode,
  boot: z
    .string()
    .describe("Random id of the running incarnation; '-' = never ran; '-' and an id = that one did, before the ledger was restored"),
  hb: z.int().nonnegative().describe("Heartbeat counter; every write of the agent adds one"),
  bn: z.int().nonnegative().describe("Number of the last heartbeat of this incarnation"),
  ack: z.int().nonnegative().describe("Outbox cursor: entries 1..ack are in the history"),
  oHb: z.int().describe("Partner's counter as last seen; -1 = no evidence"),
  oMs: Millis.describe("How long it stood still, on this server's clock"),
  pMs: Millis.describe("Time since this server last answered the partner with a peer lease"),
  lm: Millis.describe("Length of the serving lease in use, replacing any former one; 0 = given up by a clean stop"),
  at: Millis.describe("Agent's wall clock; for display and alarms only"),
  fs: z.string().describe("State of the failover endpoint"),
  qd: z.int().nonnegative().describe("Outbox entries not yet mirrored"),
  qt: Millis.describe("Time of the oldest entry not yet mirrored; 0 = none"),
  qa: Millis.default(0).describe("When `qd` and `qt` were so, by the agent's wall clock; 0 = never told"),
  kp: Millis.default(0).describe("How long this server has its history rows kept; 0 = for ever"),
  ver: z.string(),
  nk: z
    .string()
    .default("")
    .describe("Names of clients and hosts are sealed under the key of this id; empty = they are as the site knows them"),
  gaps: z
    .array(z.object({ from: Millis, to: Millis }))
    .default([])
    .describe("Times of which it lost what it had not handed in, its disk with it; the last eight"),
  steps: z
    .array(z.object({ from: Millis, to: Millis }))
    .default([])
    .describe("Times in which its clock was ahead until it was set back: events may bear later times; the last eight"),
  was: z.object({ ep: z.int().nonnegative(), mode: Role }).optional().describe("What it was in the ledger that was lost, by its own word"),
  cont: z.int().nonnegative().default(0).describe("The lost ledger's epoch that a settled one goes on with; 0 = none"),
});
export const BindingStatus = z.enum(["ACTIVE", "RELEASED", "EXPIRED", "FREE", "BACKUP", "ABANDONED", "RESET"]);

/** CUR: the row of one address as it stands. Never deleted: its `ord` is what refuses an old event. */
export const CurItem = z.object({
  ...stored,
  site: SiteId,
  a: z.string(),
  ep: z.int().positive(),
  ord: z.string(),
  cid: z.string().describe("i:<hex of option 61> or m:<htype>:<hex of chaddr>; empty = nobody"),
  st: BindingStatus,
  s: Millis.describe("Time of the event"),
  exp: Millis.describe("End told to the client"),
  pex: Millis.describe("Latest end any client may hold: potential expiry"),
  srv: Server,
  seq: z.int().nonnegative(),
  hn: z.string().optional(),
  rs: z.literal(1).optional().describe("Reserved: it stays its client's for ever"),
});
const Flag = z.literal(1).optional();

/** HIST: one binding event. `late`: it came after a newer one; `cf`: it contradicted the holder; `claim`: asked before it was given. */
export const HistItem = z.object({
  ...stored,
  t: z.literal("H"),
  site: SiteId,
  a: z.string(),
  st: BindingStatus,
  cid: z.string(),
  ts: Millis,
  exp: Millis,
  srv: Server,
  seq: z.int().nonnegative(),
  ep: z.int().positive(),
  ord: z.string(),
  late: Flag,
  cf: Flag,
  claim: Flag,
  org: Server.optional().describe("True origin, if the partner reported it"),
  n: z.int().positive().optional().describe("How many renewals were merged into this row"),
  lastTs: Millis.optional(),
  hn: z.string().optional(),
  gs1pk: z.string().optional(),
  gs1sk: z.string().optional(),
  gs3pk: z.string().optional(),
  gs3sk: z.string().optional(),
  ttl: z.int().optional(),
});

/** CONF: a detected double assignment. Open while it has `gs2pk`. */
export const ConfItem = z.object({
  ...stored,
  t: z.literal("X"),
  site: SiteId,
  a: z.string(),
  basis: z.enum(["mirror", "late", "claim"]),
  at: Millis,
  until: Millis.describe("End of the losing lease"),
  winner: z.record(z.string(), z.json()),
  loser: z.record(z.string(), z.json()),
  resolved: z.object({ by: z.string(), at: Millis, reason: z.string() }).optional(),
  gs2pk: z.string().optional(),
  gs2sk: z.string().optional(),
});

/** EVT: the audit trail. Only ever put, in the transaction of the act it tells of. */
export const EvtItem = z.object({
  ...stored,
  t: z.literal("E"),
  site: z.string(),
  at: Millis,
  ep: z.int().nonnegative(),
  what: z.string(),
  by: z.string(),
  note: z.string(),
  detail: z.record(z.string(), z.json()),
});
export type SiteConfig = z.infer<typeof SiteConfig>;
export type Ctl = z.infer<typeof CtlItem>;
export type Srv = z.infer<typeof SrvItem>;
export type Cur = z.infer<typeof CurItem>;
export type Hist = z.infer<typeof HistItem>;
export type Conf = z.infer<typeof ConfItem>;
export type Evt = z.infer<typeof EvtItem>;
export type Role = z.infer<typeof Role>;
export type Mode = z.infer<typeof Mode>;
export type Basis = z.infer<typeof Basis>;
export type BindingStatus = z.infer<typeof BindingStatus>;
