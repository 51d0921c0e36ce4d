import { type Handler, reply } from "../deps.ts";
import { certaintyOf } from "../domain/certainty.ts";
import { clientStints } from "./shared/client.ts";
import { certaintyView, periodOf, stintView } from "./shared/history.ts";
import { isRefused, readSite, time } from "./shared/site.ts";

/** GET /v1/sites/{site}/clients/{client}/addresses?from=&to= */
export const getClientAddresses: Handler<"getClientAddresses"> = async (deps, { params, query }) => {
  const period = periodOf(query.from, query.to);
  if (isRefused(period)) return period;
  const asOf = deps.now();
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const asked = { client: params.client, site: params.site, ...period, maxLeaseMs: read.ctl.cfg.maxLeaseMs };
  const found = await clientStints(deps, "getClientAddresses", asked, query);
  if (isRefused(found)) return found;
  const { stints, ...paging } = found;
  const contested = stints.filter((stint) => stint.contested).length;
  return reply({
    items: stints.map(stintView),
    ...paging,
    certainty: certaintyView(certaintyOf(read, period, contested, asOf)),
    asOf: time(asOf),
  });
};
