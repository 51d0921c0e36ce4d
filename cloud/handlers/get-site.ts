import { type Handler, reply } from "../deps.ts";
import { isRefused, readSite, siteView } from "./shared/site.ts";

/** GET /v1/sites/{site} */
export const getSite: Handler<"getSite"> = async (deps, { params }) => {
  const read = await readSite(deps.ledger, params.site);
  return isRefused(read) ? read : reply(siteView(read));
};
