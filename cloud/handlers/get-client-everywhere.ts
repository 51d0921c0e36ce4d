import { type Handler, reply } from "../deps.ts";
import { clientStints } from "./shared/client.ts";
import { periodOf } from "./shared/history.ts";
import { isRefused } from "./shared/site.ts";

/** Longest lease that a look-up over all sites reckons with. */
const LONGEST_LEASE_MS = 31 * 86_400_000;

/** GET /v1/clients/{client}/addresses?from=&to=: in every site. */
export const getClientEverywhere: Handler<"getClientEverywhere"> = async (deps, { params, query }) => {
  const period = periodOf(query.from, query.to);
  if (isRefused(period)) return period;
  const found = await clientStints(
    deps,
    "getClientEverywhere",
    { client: params.client, site: undefined, ...period, maxLeaseMs: LONGEST_LEASE_MS },
    query,
  );
  return isRefused(found) ? found : reply(found);
};
