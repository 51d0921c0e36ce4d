import { equal, type Item } from "../contract/expression.ts";
import { type Conf, ConfItem, type Hist } from "../contract/items.ts";
import { queryAll } from "../contract/ledger.ts";
import { confPartition, END, histPartition, ts13 } from "../contract/tables.ts";
import { type Deps, type Handler, reply } from "../deps.ts";
import { certaintyOf } from "../domain/certainty.ts";
import { contestants, decidingRow, type Holding, holdingAt } from "../domain/holder-at.ts";
import { addressOf, certaintyView, histOf } from "./shared/history.ts";
import { isRefused, millis, readSite, time } from "./shared/site.ts";

/** Rows of the first read: nearly always the newest decides. */
const FIRST_READ = 2;
const NEXT_READS = 50;

/** GET /v1/sites/{site}/addresses/{ip}/holder?at= */
export const getHolder: Handler<"getHolder"> = async (deps, { params, query }) => {
  const address = addressOf(params.ip);
  if (isRefused(address)) return address;
  const at = query.at === undefined ? deps.now() : millis(query.at);
  const read = await readSite(deps.ledger, params.site);
  if (isRefused(read)) return read;
  const reach = at - read.ctl.cfg.maxLeaseMs;
  const [row, conflicts] = await Promise.all([
    newestDeciding(deps, params.site, address.key, at, reach),
    conflictsNear(deps, params.site, address.key, reach, at),
  ]);
  const holder = holdingAt(row, at);
  const contested = contestants(conflicts, address.key, at, holder);
  const sure = certaintyOf(read, { from: at, to: at }, contested.length, deps.now());
  return reply({
    address: params.ip,
    at: time(at),
    holder: holder === undefined ? null : holdingView(holder),
    contested: contested.map(holdingView),
    certainty: certaintyView(sure),
  });
};

/** Walks back from `at` to the first row that decides; a row older than a longest lease cannot run at `at`. */
async function newestDeciding(deps: Deps, site: string, address: string, at: number, reach: number): Promise<Hist | undefined> {
  let startAfter: Item | undefined;
  let limit = FIRST_READ;
  do {
    const page = await deps.ledger.query({
      partition: histPartition(site, address),
      range: { kind: "upTo", to: `${ts13(at)}#${END}` },
      descending: true,
      limit,
      ...(startAfter === undefined ? {} : { startAfter }),
    });
    const rows = page.items.map(histOf);
    const found = decidingRow(rows);
    const oldest = rows.at(-1);
    if (found !== undefined || oldest === undefined || oldest.ts < reach) return found;
    startAfter = page.last;
    limit = NEXT_READS;
  } while (startAfter !== undefined);
  return undefined;
}

/** Conflicts about the address that began within a longest lease before `at`. */
async function conflictsNear(deps: Deps, site: string, address: string, reach: number, at: number): Promise<readonly Conf[]> {
  const items = await queryAll(deps.ledger, {
    partition: confPartition(site),
    range: { kind: "between", from: ts13(reach), to: `${ts13(at)}#${END}` },
    filter: equal("a", address),
  });
  return items.map((item) => ConfItem.parse(item));
}

const holdingView = (holding: Holding) => ({ ...holding, since: time(holding.since), until: time(holding.until) });
