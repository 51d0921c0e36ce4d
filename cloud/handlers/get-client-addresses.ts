import { type Handler, reply } from "../deps.ts";
import { clientStints } from "./shared/client.ts";
import { periodOf } from "./shared/history.ts";
import { isRefused, readSite } from "./shared/site.ts";

/** GET /v1/sites/{site}/clients/{client}/addresses?from=&to= */
export const getClientAddresses: Handler<"getClientAddresses"> = async (deps, { params, query }) => {
  const period = periodOf(query.from, query.to);
  if (isRefused(period)) return period;
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const found = await clientStints(
    deps,
    "getClientAddresses",
    { client: params.client, site: params.site, ...period, maxLeaseMs: read.ctl.cfg.maxLeaseMs },
    query,
  );
  return isRefused(found) ? found : reply(found);
};
