import type { Item } from "../contract/expression.ts";
import { Server, SiteState, SrvItem } from "../contract/items.ts";
import { NORMAL_PARTITIONS, NOT_NORMAL, srvKey } from "../contract/tables.ts";
import { type Deps, type Handler, reply } from "../deps.ts";
import { isSilent } from "../domain/pair-health.ts";
import { openCursor, sealCursor } from "./shared/cursor.ts";
import { isRefused, time } from "./shared/site.ts";

/** GET /v1/sites: those that are not normal come first. The list is from an index, some moments old. */
export const listSites: Handler<"listSites"> = async (deps, { query }) => {
  const question = { state: query.state ?? "all", silent: query.silent ?? "0" };
  const opened = openCursor(deps.cursorKey, "listSites", question, query.cursor);
  if (isRefused(opened)) return opened;
  const partitions = question.state === "notnormal" ? [NOT_NORMAL] : [NOT_NORMAL, ...NORMAL_PARTITIONS];
  const { items, last } = await walk(deps, partitions, opened.last, query.limit ?? 100);
  const sites = await Promise.all(items.map((item) => summary(deps, item, query.silent === "1")));
  const wanted = query.silent === "1" ? sites.filter((site) => (site.silent ?? []).length > 0) : sites;
  return reply({ items: wanted, ...sealCursor(deps.cursorKey, "listSites", question, last) });
};

/** Rows of several partitions of gs2, one after the other, as one list with pages. */
async function walk(
  deps: Deps,
  partitions: readonly string[],
  from: Item | undefined,
  limit: number,
): Promise<{ items: Item[]; last: Item | undefined }> {
  const items: Item[] = [];
  let startAfter = from;
  for (const partition of partitions.slice(from === undefined ? 0 : partitions.indexOf(String(from["gs2pk"])))) {
    const room = limit - items.length;
    const page = await deps.ledger.query({ index: "gs2", partition, limit: room, ...(startAfter === undefined ? {} : { startAfter }) });
    items.push(...page.items);
    startAfter = undefined;
    if (page.last !== undefined) return { items, last: page.last };
  }
  return { items, last: undefined };
}

async function summary(deps: Deps, item: Item, withServers: boolean) {
  const site = String(item["site"]);
  const since = item["since"];
  return {
    site,
    state: SiteState.parse(item["state"]),
    epoch: Number(item["ep"]),
    ...(item["sole"] === undefined ? {} : { sole: Server.parse(item["sole"]) }),
    ...(item["down"] === undefined ? {} : { down: Server.parse(item["down"]) }),
    ...(typeof since === "number" ? { since: time(since) } : {}),
    ...(withServers ? { silent: await silentServers(deps, site) } : {}),
  };
}

async function silentServers(deps: Deps, site: string) {
  const servers = await deps.ledger.snapshot([srvKey(site, "A"), srvKey(site, "B")]);
  return servers.flatMap((item) => {
    const server = SrvItem.safeParse(item);
    return server.success && isSilent(server.data, deps.now()) ? [server.data.srv] : [];
  });
}
