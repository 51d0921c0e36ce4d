import type { Item, Key } from "../contract/expression.ts";
import { CtlItem, Server, SiteState, SrvItem } from "../contract/items.ts";
import { addressKey, ctlKey, NORMAL_PARTITIONS, NOT_NORMAL, srvKey } from "../contract/tables.ts";
import { type Deps, type Handler, reply } from "../deps.ts";
import { isSilent } from "../domain/pair-health.ts";
import { openCursor, sealCursor } from "./shared/cursor.ts";
import { isRefused, time } from "./shared/site.ts";

/** Rows read at once by their keys. */
const CHUNK = 100;

/** GET /v1/sites: those that are not normal come first. The list is from an index, some moments old. `silent=1` and `address=` look at each
 *  site of a page, so a page may be short, or empty, and have a cursor all the same. */
export const listSites: Handler<"listSites"> = async (deps, { query }) => {
  const question = { state: query.state ?? "all", silent: query.silent ?? "0", address: query.address ?? "" };
  const opened = openCursor(deps.cursorKey, "listSites", question, query.cursor);
  if (isRefused(opened)) return opened;
  const partitions = question.state === "notnormal" ? [NOT_NORMAL] : [NOT_NORMAL, ...NORMAL_PARTITIONS];
  const { items, last } = await walk(deps, partitions, opened.last, query.limit ?? 100);
  const here = query.address === undefined ? items : await withAddress(deps, items, query.address);
  const silent = query.silent === "1" ? await silentServers(deps, here) : undefined;
  const sites = here.map((item) => ({
    ...summary(item),
    ...(silent === undefined ? {} : { silent: silent.get(String(item["site"])) ?? [] }),
  }));
  const wanted = silent === undefined ? sites : sites.filter((site) => (silent.get(site.site) ?? []).length > 0);
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

function summary(item: Item) {
  const since = item["since"];
  return {
    site: String(item["site"]),
    state: SiteState.parse(item["state"]),
    epoch: Number(item["ep"]),
    ...(item["sole"] === undefined ? {} : { sole: Server.parse(item["sole"]) }),
    ...(item["down"] === undefined ? {} : { down: Server.parse(item["down"]) }),
    ...(typeof since === "number" ? { since: time(since) } : {}),
  };
}

/** Those of which a pool contains the address. */
async function withAddress(deps: Deps, items: readonly Item[], ip: string): Promise<readonly Item[]> {
  const wanted = addressKey(ip) ?? "";
  const rows = await many(
    deps,
    items.map((item) => ctlKey(String(item["site"]))),
  );
  return items.filter((_, index) => {
    const ctl = CtlItem.safeParse(rows[index]);
    return (
      ctl.success && ctl.data.cfg.pools.some(({ from, to }) => (addressKey(from) ?? "~") <= wanted && wanted <= (addressKey(to) ?? ""))
    );
  });
}

async function silentServers(deps: Deps, items: readonly Item[]): Promise<ReadonlyMap<string, ("A" | "B")[]>> {
  const sites = items.map((item) => String(item["site"]));
  const rows = await many(
    deps,
    sites.flatMap((site) => [srvKey(site, "A"), srvKey(site, "B")]),
  );
  const found = new Map<string, ("A" | "B")[]>();
  for (const row of rows) {
    const server = SrvItem.safeParse(row);
    if (server.success && isSilent(server.data, deps.now()))
      found.set(server.data.site, [...(found.get(server.data.site) ?? []), server.data.srv]);
  }
  return found;
}

async function many(deps: Deps, keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
  const rows: (Item | undefined)[] = [];
  for (let from = 0; from < keys.length; from += CHUNK) rows.push(...(await deps.ledger.getMany(keys.slice(from, from + CHUNK))));
  return rows;
}
