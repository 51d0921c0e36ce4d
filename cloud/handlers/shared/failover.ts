import type { Item } from "../../contract/expression.ts";
import { queryAll } from "../../contract/ledger.ts";
import { holdPlanWrite, type PlanRow, planSiteWrite, releasePlanWrite } from "../../contract/plan-expressions.ts";
import { type Refused, refused } from "../../contract/problem.ts";
import { planKey, srvKey } from "../../contract/tables.ts";
import type { Deps } from "../../deps.ts";
import { SILENT_AFTER_MS } from "../../domain/pair-health.ts";
import { mayBeDeclaredAlone, serverNamed } from "../../domain/partner-down.ts";
import {
  afterLook,
  afterRefusal,
  afterSilence,
  type Limits,
  leaveTheRest,
  nextToTry,
  type SiteProgress,
  verdictOf,
} from "../../domain/waves.ts";
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
/** The plan's own row, as the writes need it. */
export const rowOf = ({ id, item }: Plan): PlanRow => ({ id, ver: Number(item["ver"] ?? 0) });
/** The row of one site of a plan. */
export const planSite = (id: string, site: string, progress: SiteProgress) => planSiteWrite(id, site, { ...progress } as unknown as Item);

/** Takes the next steps of a plan: looks at the sites that were switched, stops if too many are unhealthy, then tries as many as the limit
 *  allows. One driver at a time; another one's call changes nothing and shows how it stands. */
export async function advance(deps: Deps, id: string): Promise<Plan | Refused> {
  const plan = await readPlan(deps, id);
  if (isRefused(plan) || plan.item["state"] !== "running") return plan;
  const now = deps.now();
  const held = await deps.ledger.write(holdPlanWrite(rowOf(plan), now, now + HELD_MS));
  if (held.kind !== "done" || held.item === undefined) return plan;

  const sites = new Map(plan.sites);
  for (const [site, progress] of plan.sites) {
    if (progress.kind === "switched" || progress.kind === "serving") sites.set(site, await lookAt(deps, plan, site, progress));
  }
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
  await saveSites(deps, id, plan.sites, settled);
  const after = { ...plan, item: held.item, sites: settled };
  const released = await deps.ledger.write(releasePlanWrite(rowOf(after), verdict.kind, verdict.why));
  return released.kind === "done" && released.item !== undefined ? { ...after, item: released.item } : after;
}

/** Stores the sites that stand otherwise than before. */
export async function saveSites(deps: Deps, id: string, before: Plan["sites"], after: Plan["sites"]): Promise<void> {
  for (const [site, progress] of after) if (before.get(site) !== progress) await deps.ledger.write(planSite(id, site, progress));
}

/** A plan as the API shows it. */
export function planView(plan: Plan) {
  const sites = [...plan.sites].map(([site, progress]) => ({ site, state: progress.kind, why: "why" in progress ? progress.why : "" }));
  const counts: Record<string, number> = {};
  for (const { state } of sites) counts[state] = (counts[state] ?? 0) + 1;
  return { ...planSummary(plan.id, plan.item), atOnce: plan.limits.atOnce, counts, sites } as const;
}
/** A plan without its sites. */
export function planSummary(id: string, item: Item) {
  const state = item["state"] === "running" ? "running" : item["state"] === "done" ? "done" : "stopped";
  return {
    id,
    state,
    survivor: String(item["survivor"]),
    by: String(item["by"]),
    reason: String(item["note"] ?? ""),
    startedAt: time(Number(item["at"])),
    why: String(item["why"] ?? ""),
  } as const;
}

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
  if (before.kind === "serving") return afterSilence(before, deps.now() - server.at, SILENT_AFTER_MS);
  return afterLook(before, { sole: server.mode === "SOLE", heartbeats: server.hb }, deps.now(), plan.limits);
}
