import { ConfItem } from "../../../cloud/contract/items.ts";
import { confPartition } from "../../../cloud/contract/tables.ts";
import type { conflictView, listConflicts as ListConflicts } from "../../../cloud/handlers/list-conflicts.ts";
import { listConflicts } from "../../../cloud/handlers/list-conflicts.ts";
import { resolveConflict } from "../../../cloud/handlers/resolve-conflict.ts";
import { type Cloud, operator, SITE } from "./cloud.ts";

type Listed = ReturnType<typeof conflictView>;
type Outcome = Awaited<ReturnType<typeof ListConflicts>>;

/** Small pages, so that there is more than one of them. */
const PAGE = 2;

/**
 * All is over, and somebody deals with what the ledger has on record: every conflict is in the list, page by page; each is settled once, by
 * name, and then no longer open. Gives how many there were, or what is wrong.
 */
export async function settleConflicts(cloud: Cloud): Promise<number | string> {
  const recorded = [...cloud.table.rows()].filter((item) => item["pk"] === confPartition(SITE)).map((item) => ConfItem.parse(item));
  const listed = await listOf(cloud, {});
  if (typeof listed === "string") return listed;
  const missing = recorded.filter(({ sk, resolved }) => resolved === undefined && !listed.some(({ id }) => id === sk.replaceAll("#", ".")));
  if (missing.length > 0 || listed.length !== recorded.length)
    return `of ${recorded.length} conflicts on record ${listed.length} are listed`;
  for (const { id, address, open } of listed) {
    if (!open) return `${address}: a conflict that nobody has settled is not open`;
    const request = { params: { site: SITE, id }, body: { reason: "the simulation has seen it" } };
    const first = await cloud.handle(resolveConflict, request, operator("clerk"));
    if (first.kind !== "reply") return `${address}: the conflict cannot be settled`;
    const again = await cloud.handle(resolveConflict, request, operator("clerk"));
    if (again.kind !== "refused" || again.code !== "ALREADY_DONE") return `${address}: the conflict was settled twice`;
  }
  const open = await listOf(cloud, {});
  const all = await listOf(cloud, { all: "1" });
  if (typeof open === "string" || typeof all === "string") return "the list of conflicts cannot be read again";
  if (open.length > 0) return `${open.length} conflicts are open though they were settled`;
  const settled = all.filter(({ resolved }) => resolved?.by === "clerk").length;
  return settled === recorded.length ? settled : `of ${recorded.length} settled conflicts ${settled} say by whom`;
}

async function listOf(cloud: Cloud, more: { readonly all?: "1" }): Promise<readonly Listed[] | string> {
  const found: Listed[] = [];
  let cursor: string | undefined;
  do {
    const query = { site: SITE, limit: PAGE, ...more, ...(cursor === undefined ? {} : { cursor }) };
    const outcome: Outcome = await cloud.handle(listConflicts, { query }, operator("clerk"));
    if (outcome.kind !== "reply") return "the list of conflicts is refused";
    const page = outcome.body as { readonly items: readonly Listed[]; readonly cursor?: string };
    found.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
