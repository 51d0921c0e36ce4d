import { absent, all, any, compare, equal, type Item, put, update, type Write } from "./expression.ts";
import { SCHEMA_VERSION } from "./items.ts";
import { type Act, auditWrite } from "./switch-expressions.ts";
import { CLOSED_PLANS, FLEET, OPEN_PLANS, planKey, planSiteKey } from "./tables.ts";

/** A fleet failover's own row as read: every change of it raises `ver`. */
export interface PlanRow {
  readonly id: string;
  readonly ver: number;
}

/** The plan's own row, with the audit record of its start; refused if there is one of that id. */
export function startPlanWrites(id: string, plan: { readonly survivor: string; readonly limits: Item }, act: Act): readonly Write[] {
  const row = { ...planKey(id), v: SCHEMA_VERSION, state: "running", survivor: plan.survivor, limits: plan.limits };
  const by = { by: act.by, note: act.note, at: act.at, why: "", ver: 0 };
  return [put({ ...row, ...by, gs2pk: OPEN_PLANS, gs2sk: id }, absent("pk")), auditWrite(FLEET, 0, "FAILOVER_STARTED", act)];
}

/** How one site of a plan stands. The plan's holder alone writes these. */
export const planSiteWrite = (id: string, site: string, progress: Item): Write =>
  put({ ...planSiteKey(id, site), v: SCHEMA_VERSION, site, progress });

/** Takes a running plan for one driver until `until`; refused while another one has it. */
export const holdPlanWrite = ({ id, ver }: PlanRow, now: number, until: number): Write =>
  update(
    planKey(id),
    { set: { heldUntil: until }, add: { ver: 1 } },
    all(equal("ver", ver), equal("state", "running"), any(absent("heldUntil"), compare("heldUntil", "<=", now))),
  );

/** Gives a held plan back as it stands; refused if another driver took it meanwhile. */
export const releasePlanWrite = ({ id, ver }: PlanRow, state: "running" | "done" | "stopped", why: string): Write =>
  update(
    planKey(id),
    { set: { state, why, heldUntil: 0, gs2pk: state === "running" ? OPEN_PLANS : CLOSED_PLANS }, add: { ver: 1 } },
    equal("ver", ver),
  );

/** A person's stop of a running plan. */
export function stopPlanWrites({ id, ver }: PlanRow, why: string, act: Act): readonly Write[] {
  const set = { state: "stopped", why, heldUntil: 0, gs2pk: CLOSED_PLANS };
  return [
    update(planKey(id), { set, add: { ver: 1 } }, all(equal("ver", ver), equal("state", "running"))),
    auditWrite(FLEET, 0, "FAILOVER_STOPPED", act),
  ];
}

/** A person's decision that a stopped plan goes on. */
export function resumePlanWrites({ id, ver }: PlanRow, act: Act): readonly Write[] {
  const set = { state: "running", why: "", heldUntil: 0, gs2pk: OPEN_PLANS };
  return [
    update(planKey(id), { set, add: { ver: 1 } }, all(equal("ver", ver), equal("state", "stopped"))),
    auditWrite(FLEET, 0, "FAILOVER_RESUMED", act),
  ];
}
