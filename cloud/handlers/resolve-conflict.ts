import { settleConflictWrites } from "../contract/conflict-expressions.ts";
import { ConfItem } from "../contract/items.ts";
import { refused } from "../contract/problem.ts";
import { confPartition } from "../contract/tables.ts";
import { type Handler, reply } from "../deps.ts";
import { conflictView } from "./list-conflicts.ts";
import { actOf, unfinished } from "./shared/switching.ts";

/** POST /v1/sites/{site}/conflicts/{id}/resolve: a person has dealt with it. The record stays. */
export const resolveConflict: Handler<"resolveConflict"> = async (deps, { params, body, caller }) => {
  const key = { pk: confPartition(params.site), sk: params.id.replaceAll(".", "#") };
  const item = await deps.ledger.get(key);
  if (item === undefined) return refused("NO_SUCH_CONFLICT", `${params.site} has no conflict ${params.id}.`);
  const act = actOf(deps, caller, body.reason, { conflict: params.id });
  const resolved = { by: act.by, at: act.at, reason: body.reason };
  const outcome = await deps.ledger.transact(settleConflictWrites(params.site, key, body.reason, act));
  if (outcome.kind === "refused") return refused("ALREADY_DONE", "The conflict was settled before.");
  if (outcome.kind !== "done") return unfinished(outcome);
  const { gs2pk: _pk, gs2sk: _sk, ...settled } = ConfItem.parse(item);
  return reply(conflictView({ ...settled, resolved }));
};
