import { CurItem } from "../contract/items.ts";
import { queryAll } from "../contract/ledger.ts";
import { curPartition } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { utilisation } from "../domain/utilisation.ts";
import { isRefused, readSite, time } from "./shared/site.ts";

/** GET /v1/sites/{site}/utilisation */
export const getUtilisation: Handler<"getUtilisation"> = async (deps, { params }) => {
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const now = deps.now();
  const rows = await queryAll(deps.ledger, { partition: curPartition(params.site) });
  const pools = utilisation(
    read.ctl.cfg.pools,
    rows.map((row) => CurItem.parse(row)),
    now,
  );
  return reply({ site: params.site, asOf: time(now), pools: [...pools] });
};
