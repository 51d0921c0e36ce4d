import { absent, all, any, compare, equal, type Item, put, update } from "../../contract/expression.ts";
import { SCHEMA_VERSION } from "../../contract/items.ts";
import { queryAll } from "../../contract/ledger.ts";
import { type Refused, refused } from "../../contract/problem.ts";
import { OPEN_PLANS, planKey, planSiteKey, srvKey } from "../../contract/tables.ts";
import type { Deps } from "../../deps.ts";
import { mayBeDeclaredAlone, serverNamed } from "../../domain/partner-down.ts";
import { afterLook, afterRefusal, type Limits, leaveTheRest, nextToTry, type SiteProgress, verdictOf } from "../../domain/waves.ts";
import { isRefused, readSite, time } from "./site.ts";
import { actOf, declareAlone } from "./switching.ts";

/** A fleet failover as stored: the plan, and how each site stands. */
export interface Plan {
  readonly id: string;
  readonly item: Item;
  readonly limits: Limits;
  readonly sites: ReadonlyMap<string, SiteProgress>;
}
/** How long one driver may keep a plan to itself, milliseconds: a Lambda's longest run. */
const HELD_MS = 60_000;

export async function readPlan(deps: Deps, id: string): Promise<Plan | Refused> {
  const rows = await queryAll(deps.ledger, { partition: planKey(id).pk, consistent: true });
  const item = rows.find((row) => row["sk"] === "PLAN");
  if (item === undefined) return refused("NO_SUCH_REQUEST", `There is no fleet failover ${id}.`);
  const sites = rows.filter((row) => row !== item).map((row) => [String(row["site"]), row["progress"] as unknown as SiteProgress] as const);
  return { id, item, limits: item["limits"] as unknown as Limits, sites: new Map(sites) };
}

/** The row of one site of a plan. */
export const planSite = (id: string, site: string, progress: SiteProgress) =>
  put({ ...planSiteKey(id, site), v: SCHEMA_VERSION, site, progress: { ...progress } as unknown as Item });

/** Takes the next steps of a plan: looks at the sites that were switched, stops if too many are unhealthy, then tries as many as the limit
 *  allows. One driver at a time; another one's call changes nothing and shows how it stands. */
export async function advance(deps: Deps, id: string): Promise<Plan | Refused> {
  const plan = await readPlan(deps, id);
  if (isRefused(plan) || plan.item["state"] !== "running") return plan;
  const now = deps.now();
  const hold = all(
    equal("ver", plan.item["ver"] ?? 0),
    equal("state", "running"),
    any(absent("heldUntil"), compare("heldUntil", "<=", now)),
  );
  const held = await deps.ledger.write(update(planKey(id), { set: { heldUntil: now + HELD_MS }, add: { ver: 1 } }, hold));
  if (held.kind !== "done" || held.item === undefined) return plan;

  const sites = new Map(plan.sites);
  for (const [site, progress] of plan.sites) if (progress.kind === "switched") sites.set(site, await lookAt(deps, plan, site, progress));
  let verdict = verdictOf(sites, plan.limits);
  if (verdict.kind === "running") {
    const batch = nextToTry(sites, plan.limits);
    const tried = await Promise.all(
      batch.map(async (site) => [site, await trySite(deps, plan, site, sites.get(site) ?? { kind: "waiting" })] as const),
    );
    for (const [site, progress] of tried) sites.set(site, progress);
    verdict = verdictOf(sites, plan.limits);
  }
  const settled = verdict.kind === "stopped" ? leaveTheRest(sites, verdict.why) : sites;
  return save(deps, { ...plan, item: held.item, sites: settled }, plan.sites, verdict);
}

/** Stores what changed, and gives the plan back. */
export async function save(
  deps: Deps,
  plan: Plan,
  before: Plan["sites"],
  verdict: { readonly kind: "running" | "done" | "stopped"; readonly why: string },
): Promise<Plan> {
  const changed = [...plan.sites].filter(([site, progress]) => before.get(site) !== progress);
  for (const [site, progress] of changed) await deps.ledger.write(planSite(plan.id, site, progress));
  const over = verdict.kind !== "running";
  const outcome = await deps.ledger.write(
    update(
      planKey(plan.id),
      { set: { state: verdict.kind, why: verdict.why, heldUntil: 0 }, add: { ver: 1 }, remove: over ? ["gs2pk", "gs2sk"] : [] },
      equal("ver", plan.item["ver"] ?? 0),
    ),
  );
  return outcome.kind === "done" && outcome.item !== undefined ? { ...plan, item: outcome.item } : plan;
}

/** A plan as the API shows it. */
export function planView(plan: Plan) {
  const sites = [...plan.sites].map(([site, progress]) => ({ site, state: progress.kind, why: "why" in progress ? progress.why : "" }));
  const counts: Record<string, number> = {};
  for (const { state } of sites) counts[state] = (counts[state] ?? 0) + 1;
  const state = plan.item["state"] === "running" ? "running" : plan.item["state"] === "done" ? "done" : "stopped";
  return {
    id: plan.id,
    state,
    survivor: String(plan.item["survivor"]),
    atOnce: plan.limits.atOnce,
    by: String(plan.item["by"]),
    startedAt: time(Number(plan.item["at"])),
    why: String(plan.item["why"] ?? ""),
    counts,
    sites,
  } as const;
}
/** The plan's own row, for a start. */
export const planItem = (id: string, survivor: string, limits: Limits, by: string, note: string, at: number) =>
  put(
    {
      ...planKey(id),
      v: SCHEMA_VERSION,
      state: "running",
      survivor,
      limits: { ...limits },
      by,
      note,
      at,
      why: "",
      ver: 0,
      gs2pk: OPEN_PLANS,
      gs2sk: id,
    },
    absent("pk"),
  );

async function trySite(deps: Deps, plan: Plan, site: string, before: SiteProgress): Promise<SiteProgress> {
  const now = deps.now();
  const read = await readSite(deps.ledger, site);
  if (isRefused(read)) return { kind: "refused", why: read.detail };
  const sole = serverNamed(read.ctl, String(plan.item["survivor"]));
  if (sole === undefined) return { kind: "refused", why: `${site} has no server ${String(plan.item["survivor"])}.` };
  const verdict = mayBeDeclaredAlone(read, sole, "lapsed");
  const already = verdict.kind === "refused" && verdict.code === "ALREADY_PARTNER_DOWN" && read.ctl.sole === sole;
  const curable = (why: Refused) => why.code === "EVIDENCE_PENDING" || why.code === "PARTNER_ALIVE" || why.code === "LEDGER_BUSY";
  // What the evidence forbids is not even tried, so that the audit trail is not filled by waiting.
  if (verdict.kind === "refused" && !already) return afterRefusal(before, verdict.detail, curable(verdict), now, plan.limits);
  const act = actOf(deps, { who: String(plan.item["by"]) }, String(plan.item["note"]), { failover: plan.id });
  const outcome = await declareAlone(deps, read, sole, "lapsed", act, () => []);
  if (outcome.kind === "refused") return afterRefusal(before, outcome.detail, curable(outcome), now, plan.limits);
  const survivor = await deps.ledger.get(srvKey(site, sole));
  return { kind: "switched", since: deps.now(), heartbeats: Number(survivor?.["hb"] ?? 0) };
}

async function lookAt(deps: Deps, plan: Plan, site: string, before: SiteProgress): Promise<SiteProgress> {
  const read = await readSite(deps.ledger, site);
  if (isRefused(read)) return before;
  const sole = serverNamed(read.ctl, String(plan.item["survivor"])) ?? "A";
  const server = read.servers[sole];
  return afterLook(before, { sole: server.mode === "SOLE", heartbeats: server.hb }, deps.now(), plan.limits);
}
