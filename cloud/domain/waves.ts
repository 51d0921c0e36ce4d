/** A fleet failover: many sites, a limit on how many are between the switch and a survivor seen serving, and a stop when switched sites turn
 *  out unhealthy. Pure: it says what to do next, and takes in what came of it. */

export type SiteProgress =
  /** Not tried yet. */
  | { readonly kind: "waiting" }
  /** Refused for a reason that time may cure. */
  | { readonly kind: "trying"; readonly since: number; readonly why: string }
  /** Granted at `since`; the survivor's counter then stood at `heartbeats`. */
  | { readonly kind: "switched"; readonly since: number; readonly heartbeats: number }
  /** The survivor has been seen to know. */
  | { readonly kind: "serving" }
  | { readonly kind: "refused"; readonly why: string }
  /** Switched, but its survivor is not heard of; its counter stood at `heartbeats`. */
  | { readonly kind: "unhealthy"; readonly why: string; readonly heartbeats?: number }
  /** Left alone, because the operation stopped. */
  | { readonly kind: "left"; readonly why: string };
export interface Limits {
  readonly atOnce: number;
  /** Stop when this many sites turned out unhealthy; 0 = never. */
  readonly stopAfter: number;
  /** How long one site's evidence is waited for, milliseconds. */
  readonly waitMs: number;
  /** How long a survivor may take to be seen serving, milliseconds. */
  readonly settleMs: number;
}
/** What is known of a switched site's survivor. */
export interface Seen {
  readonly sole: boolean;
  readonly heartbeats: number;
}

/** Which sites to try at this moment: those already being tried, and as many waiting ones as the limit leaves room for. */
export function nextToTry(sites: ReadonlyMap<string, SiteProgress>, limits: Limits): readonly string[] {
  const entries = [...sites];
  const busy = entries.filter(([, progress]) => progress.kind === "trying" || progress.kind === "switched").length;
  const trying = entries.filter(([, progress]) => progress.kind === "trying").map(([site]) => site);
  const waiting = entries.filter(([, progress]) => progress.kind === "waiting").map(([site]) => site);
  return [...trying, ...waiting.slice(0, Math.max(0, limits.atOnce - busy))];
}

/** A site whose switch was refused: tried again while time may cure it. */
export function afterRefusal(before: SiteProgress, why: string, curable: boolean, now: number, limits: Limits): SiteProgress {
  const since = before.kind === "trying" ? before.since : now;
  if (!curable || now - since >= limits.waitMs) return { kind: "refused", why };
  return { kind: "trying", since, why };
}

/** A switched site looked at again: serving once its survivor has written under the new epoch, unhealthy when that takes too long. */
export function afterLook(before: SiteProgress, seen: Seen, now: number, limits: Limits): SiteProgress {
  if (before.kind !== "switched") return before;
  if (!seen.sole) return { kind: "unhealthy", why: "The switch was undone before the survivor was seen serving." };
  if (seen.heartbeats > before.heartbeats) return { kind: "serving" };
  if (now - before.since < limits.settleMs) return before;
  const why = `The survivor was not heard of within ${Math.round(limits.settleMs / 1000)} s of the switch.`;
  return { kind: "unhealthy", why, heartbeats: seen.heartbeats };
}

/** A survivor that was seen serving, looked at again while the operation runs: one that fell silent counts as unhealthy. */
export const afterSilence = (before: SiteProgress, silentMs: number, limitMs: number): SiteProgress =>
  before.kind === "serving" && silentMs > limitMs
    ? { kind: "unhealthy", why: `The survivor served, and has not been heard of for ${Math.round(silentMs / 1000)} s.` }
    : before;

/** A stopped operation goes on: what was left alone is tried after all, what turned out unhealthy gets its time to settle once more. */
export function takeUpAgain(sites: ReadonlyMap<string, SiteProgress>, now: number): ReadonlyMap<string, SiteProgress> {
  return new Map(
    [...sites].map(([site, progress]): [string, SiteProgress] => {
      if (progress.kind === "left") return [site, { kind: "waiting" }];
      return progress.kind === "unhealthy"
        ? [site, { kind: "switched", since: now, heartbeats: progress.heartbeats ?? 0 }]
        : [site, progress];
    }),
  );
}

/** Whether the operation goes on, has ended, or must stop. */
export function verdictOf(
  sites: ReadonlyMap<string, SiteProgress>,
  limits: Limits,
): { readonly kind: "running" | "done" | "stopped"; readonly why: string } {
  const all = [...sites.values()];
  const unhealthy = all.filter((progress) => progress.kind === "unhealthy").length;
  if (limits.stopAfter > 0 && unhealthy >= limits.stopAfter)
    return { kind: "stopped", why: `${unhealthy} switched site(s) turned out unhealthy.` };
  const open = all.some((progress) => progress.kind === "waiting" || progress.kind === "trying" || progress.kind === "switched");
  return open ? { kind: "running", why: "" } : { kind: "done", why: "" };
}

/** What stands when the operation is stopped: nothing further is tried; what was switched stays so. */
export function leaveTheRest(sites: ReadonlyMap<string, SiteProgress>, why: string): ReadonlyMap<string, SiteProgress> {
  return new Map(
    [...sites].map(([site, progress]) => [
      site,
      progress.kind === "waiting" || progress.kind === "trying" ? { kind: "left", why } : progress,
    ]),
  );
}
