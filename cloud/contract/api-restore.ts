import * as z from "zod";
import type { Route } from "./api-route.ts";
import { Epoch, Reason, SitePath } from "./api-schemas.ts";
import { LAST_GENERATION } from "./generation.ts";
import { Server, SiteId, SiteState } from "./items.ts";

const RestoredRequest = z.object({
  generation: z
    .int()
    .min(1)
    .max(LAST_GENERATION)
    .describe(
      "Number of the restore: 1 for the first, and higher than that of any restore before; a site that has it already is left alone",
    ),
  reason: Reason,
});
const Restored = z.object({
  site: SiteId,
  epoch: Epoch,
  generation: z.int(),
  already: z.boolean().describe("The site was of this generation, or a later one, before"),
});
const SettleRequest = z.object({
  expectedEpoch: Epoch.optional(),
  word: z
    .object({
      sole: z
        .string()
        .min(1)
        .max(64)
        .optional()
        .describe("The server that serves alone, its partner being off; absent: the two are a pair"),
      reason: Reason,
    })
    .optional()
    .describe("A person's word in place of what both servers told; needs dhcp/force"),
});
const Settled = z.object({
  site: SiteId,
  epoch: Epoch,
  state: SiteState,
  sole: Server.optional(),
  basis: z.enum(["told", "attested"]),
  from: z.int().describe("The lost ledger's epoch that it goes on with; 0 = none"),
});

/** Routes about a ledger that was restored from a copy. */
export const RESTORE_ROUTES = {
  markRestored: {
    method: "POST",
    path: "/v1/sites/{site}/restored",
    summary: "The table was restored from a copy: nobody's right comes of the site's rows until it is settled",
    auth: { kind: "jwt", scope: "dhcp/force" },
    params: SitePath,
    query: z.object({}),
    body: RestoredRequest,
    response: Restored,
    problems: ["NO_SUCH_SITE", "DECOMMISSIONED", "EPOCH_CHANGED"],
    rights: ["site", "switch", "act"],
  },
  settleSite: {
    method: "POST",
    path: "/v1/sites/{site}/settle",
    summary: "Settle who may serve a site after a restore, by what its servers told or by one's word",
    auth: { kind: "jwt", scope: "dhcp/switch" },
    params: SitePath,
    query: z.object({}),
    body: SettleRequest,
    response: Settled,
    problems: ["NO_SUCH_SITE", "NOT_RESTORED", "NOT_AGREED", "EPOCH_CHANGED"],
    rights: ["site", "switch", "act"],
  },
} as const satisfies Record<string, Route>;
