import { type Refused, refused } from "../../contract/problem.ts";
import { type Settlement, settleWrites } from "../../contract/restore-expressions.ts";
import type { Act, SiteSnapshot } from "../../contract/switch-expressions.ts";
import type { Deps } from "../../deps.ts";
import { unfinished } from "./switching.ts";

/** Body of a `200` to a settlement. */
export interface Settled {
  readonly site: string;
  readonly epoch: number;
  readonly state: "NORMAL" | "PARTNER_DOWN";
  readonly sole?: "A" | "B";
  readonly basis: Settlement["basis"];
  readonly from: number;
}

/** Settles a restored site, as it was read. */
export async function settle(deps: Deps, read: SiteSnapshot, settlement: Settlement, act: Act): Promise<Settled | Refused> {
  const { site, ep } = read.ctl;
  const { sole, basis, from } = settlement;
  const outcome = await deps.ledger.transact(settleWrites(read, settlement, act));
  if (outcome.kind === "refused")
    return refused("EPOCH_CHANGED", `${site} changed at this very moment, or a server told what it was; look again.`);
  if (outcome.kind !== "done") return unfinished(outcome);
  deps.log.info({ event: "settled", site, epoch: ep + 1, sole, basis, from, by: act.by }, "a restored site was settled");
  return {
    site,
    epoch: ep + 1,
    state: sole === undefined ? "NORMAL" : "PARTNER_DOWN",
    ...(sole === undefined ? {} : { sole }),
    basis,
    from,
  };
}
