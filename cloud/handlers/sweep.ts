import type { Item } from "../contract/expression.ts";
import { generationOf, neverRan } from "../contract/generation.ts";
import { type Srv, SrvItem } from "../contract/items.ts";
import { LedgerUnavailable, queryAll } from "../contract/ledger.ts";
import { grantedWrite } from "../contract/switch-expressions.ts";
import { NORMAL_PARTITIONS, NOT_NORMAL, OPEN_CONFLICTS, OPEN_PLANS, OPEN_REQUESTS, requestKey, srvKey } from "../contract/tables.ts";
import type { Deps } from "../deps.ts";
import { isSilent } from "../domain/pair-health.ts";
import { mayBeDeclaredAlone } from "../domain/partner-down.ts";
import { settlementOf } from "../domain/settlement.ts";
import { advance } from "./shared/failover.ts";
import { settle } from "./shared/settling.ts";
import { isRefused, readSite } from "./shared/site.ts";
import { actOf, declareAlone } from "./shared/switching.ts";

/** What the alarms look at; counts over the fleet, at one sweep. */
export interface Sweep {
  readonly Sites: number;
  readonly SitesNotNormal: number;
  /** Sites whose ledger was restored and that are not settled yet. */
  readonly SitesRestored: number;
  /** Sites of which a server that should be running was not heard of. */
  readonly SitesSilent: number;
  readonly SitesBothPartnerDown: number;
  readonly OutboxDepthMax: number;
  /** Age of the oldest event not handed in by a server that is heard of, seconds. */
  readonly MirrorLagMax: number;
  readonly OpenConflicts: number;
  readonly RequestsGranted: number;
  readonly FailoversRunning: number;
  /** Sites and fleet failovers that could not be looked after, as their items cannot be read, say. */
  readonly SweepFailures: number;
  /** How long this sweep took. */
  readonly SweepSeconds: number;
}
const CHUNK = 100;

/** Each minute: counts what alarms look at, grants standing requests whose evidence is there, and drives running fleet failovers. */
export async function sweep(deps: Deps): Promise<Sweep> {
  const now = deps.now();
  const settled = await settleRestored(deps);
  const granted = await grantStanding(deps);
  const plans = await queryAll(deps.ledger, { index: "gs2", partition: OPEN_PLANS });
  const advanced = await inTurn(deps, plans, async (plan) => {
    await advance(deps, String(plan["gs2sk"]));
    return true;
  });
  const partitions = await Promise.all(
    [NOT_NORMAL, ...NORMAL_PARTITIONS].map((partition) => queryAll(deps.ledger, { index: "gs2", partition })),
  );
  const sites = partitions.flat().map((item) => ({ site: String(item["site"]), down: item["down"] }));
  const servers = await readServers(
    deps,
    sites.map(({ site }) => site),
  );
  const expected = sites.flatMap(({ site, down }) => {
    const pair = servers.get(site) ?? [];
    return pair.filter((server) => server.srv !== down && !neverRan(server.boot) && server.lm > 0);
  });
  const silent = expected.filter((server) => isSilent(server, now));
  const heard = [...servers.values()].flat().filter((server) => !isSilent(server, now));
  const lag = heard.filter((server) => server.qt > 0).map((server) => (now - server.qt) / 1000);
  return {
    Sites: sites.length,
    SitesNotNormal: partitions[0]?.length ?? 0,
    SitesRestored: (partitions[0] ?? []).filter(isRestored).length,
    SitesSilent: new Set(silent.map((server) => server.site)).size,
    SitesBothPartnerDown: [...servers.values()].filter((pair) => pair.length === 2 && pair.every((server) => server.fs === "PARTNER-DOWN"))
      .length,
    OutboxDepthMax: Math.max(0, ...heard.map((server) => server.qd)),
    MirrorLagMax: Math.round(Math.max(0, ...lag)),
    OpenConflicts: (await queryAll(deps.ledger, { index: "gs2", partition: OPEN_CONFLICTS })).length,
    RequestsGranted: granted.done,
    FailoversRunning: plans.length,
    SweepFailures: settled.failed + granted.failed + advanced.failed,
    SweepSeconds: (deps.now() - now) / 1000,
  };
}

async function readServers(deps: Deps, sites: readonly string[]): Promise<ReadonlyMap<string, readonly Srv[]>> {
  const keys = sites.flatMap((site) => [srvKey(site, "A"), srvKey(site, "B")]);
  const found = new Map<string, Srv[]>();
  for (let from = 0; from < keys.length; from += CHUNK) {
    for (const item of await deps.ledger.getMany(keys.slice(from, from + CHUNK))) {
      const server = SrvItem.safeParse(item);
      if (server.success) found.set(server.data.site, [...(found.get(server.data.site) ?? []), server.data]);
    }
  }
  return found;
}

/** How many of a kind were carried out, and how many could not be looked after. */
interface Tally {
  readonly done: number;
  readonly failed: number;
}

/** One that cannot be read, or fails otherwise, keeps nobody from the others, and the alarms from nothing. A ledger that is out of reach ends the sweep. */
async function inTurn(deps: Deps, rows: readonly Item[], work: (row: Item) => Promise<boolean>): Promise<Tally> {
  let [done, failed] = [0, 0];
  for (const row of rows) {
    try {
      if (await work(row)) done += 1;
    } catch (error) {
      if (error instanceof LedgerUnavailable) throw error;
      failed += 1;
      deps.log.error({ event: "sweep", about: row["gs2sk"], error: String(error) }, "the sweep passes over what it cannot look after");
    }
  }
  return { done, failed };
}

const isRestored = (row: Item): boolean => row["state"] === "RESTORED";

/** Sites of a restored ledger whose servers have both told what they were. The index may be behind; the site itself is read again. */
async function settleRestored(deps: Deps): Promise<Tally> {
  const rows = (await queryAll(deps.ledger, { index: "gs2", partition: NOT_NORMAL })).filter(isRestored);
  return inTurn(deps, rows, async (row) => {
    const read = await readSite(deps.ledger, String(row["site"]));
    if (isRefused(read) || read.ctl.state !== "RESTORED") return false;
    const settlement = settlementOf(read);
    return !isRefused(settlement) && !isRefused(await settle(deps, read, settlement, actOf(deps, { who: "sweep" }, "")));
  });
}

/** The index may be behind; the request itself is read again, and its mark goes in with the switch. */
async function grantStanding(deps: Deps): Promise<Tally> {
  return inTurn(deps, await queryAll(deps.ledger, { index: "gs2", partition: OPEN_REQUESTS }), async (row) => {
    const site = String(row["gs2sk"]);
    const [request, read] = await Promise.all([deps.ledger.get(requestKey(site)), readSite(deps.ledger, site)]);
    if (request === undefined || isRefused(read)) return false;
    // a wish of before a restore may have been withdrawn since
    if (generationOf(Number(request["ep"])) !== generationOf(read.ctl.ep)) return false;
    const open = request["cancelled"] === undefined && request["granted"] === undefined && Number(request["until"]) > deps.now();
    const sole = request["sole"] === "A" ? "A" : "B";
    if (!open || mayBeDeclaredAlone(read, sole, "lapsed").kind !== "granted") return false;
    const act = actOf(deps, { who: String(request["by"]) }, String(request["note"] ?? ""), { standing: true });
    const outcome = await declareAlone(deps, read, sole, "lapsed", act, () => [grantedWrite(site, request["at"] ?? 0, act.at)]);
    return outcome.kind === "reply";
  });
}
