import { CtlItem, SrvItem } from "../contract/items.ts";
import { ctlKey, srvKey } from "../contract/tables.ts";
import { type Deps, type Handler, reply } from "../deps.ts";
import { type Certainty, certaintyOf, leastSure, type Span } from "../domain/certainty.ts";
import type { Stint } from "../domain/stints.ts";
import { clientStints } from "./shared/client.ts";
import { certaintyView, periodOf, stintView } from "./shared/history.ts";
import { isRefused, time } from "./shared/site.ts";

/** Longest lease that a look-up over all sites reckons with. */
const LONGEST_LEASE_MS = 31 * 86_400_000;
/** Sites whose servers are read at once: two rows each. */
const SITES = 50;

/** GET /v1/clients/{client}/addresses?from=&to=: in every site. */
export const getClientEverywhere: Handler<"getClientEverywhere"> = async (deps, { params, query }) => {
  const period = periodOf(query.from, query.to);
  if (isRefused(period)) return period;
  const asOf = deps.now();
  const asked = { client: params.client, site: undefined, ...period, maxLeaseMs: LONGEST_LEASE_MS };
  const found = await clientStints(deps, "getClientEverywhere", asked, query);
  if (isRefused(found)) return found;
  const { stints, ...paging } = found;
  const certainty = certaintyView(await overSites(deps, stints, period, asOf));
  return reply({ items: stints.map(stintView), ...paging, certainty, asOf: time(asOf) });
};

/** As sure as the least sure site of the answer. Sites that the client is not known to have visited may yet report a visit. */
async function overSites(deps: Deps, stints: readonly Stint[], span: Span, now: number): Promise<Certainty> {
  const sites = [...new Set(stints.map((stint) => stint.site))];
  const each: { readonly site: string; readonly found: Certainty }[] = [];
  for (let from = 0; from < sites.length; from += SITES) {
    const some = sites.slice(from, from + SITES);
    // Two requests: every key of one must be allowed by one statement of the role.
    const [controls, servers] = await Promise.all([
      deps.ledger.getMany(some.map(ctlKey)),
      deps.ledger.getMany(some.flatMap((site) => [srvKey(site, "A"), srvKey(site, "B")])),
    ]);
    some.forEach((site, index) => {
      const ctl = controls[index];
      const [a, b] = servers.slice(2 * index, 2 * index + 2);
      if (ctl === undefined || a === undefined || b === undefined) return;
      const contested = stints.filter((stint) => stint.site === site && stint.contested).length;
      const read = { ctl: CtlItem.parse(ctl), servers: { A: SrvItem.parse(a), B: SrvItem.parse(b) } };
      each.push({ site, found: certaintyOf(read, span, contested, now) });
    });
  }
  const unsure = each.filter(({ found }) => found.level !== "certain");
  const until = each.flatMap(({ found }) => found.completeUntil ?? []);
  const level = leastSure(["provisional", ...each.map(({ found }) => found.level)]);
  const about = unsure.map(({ site, found }) => `${site}: ${found.statement}`).join(" ");
  return {
    level,
    statement: `${about} A site that has not handed in everything may yet report a visit; ask for one site to be sure of it.`.trim(),
    completeUntil: until.length === 0 ? undefined : Math.min(...until),
    knownFrom: Math.max(0, ...each.map(({ found }) => found.knownFrom)),
    servers: [],
  };
}
