import { type Handler, reply } from "../deps.ts";
import { pairHealth } from "../domain/pair-health.ts";
import { isRefused, readSite } from "./shared/site.ts";

/** GET /v1/sites/{site}/health */
export const getHealth: Handler<"getHealth"> = async (deps, { params }) => {
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const { verdict, findings } = pairHealth(read, deps.now());
  return reply({ site: params.site, verdict, findings: [...findings] });
};
