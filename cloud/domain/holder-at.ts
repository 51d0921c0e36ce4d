import type { Conf, Hist } from "../contract/items.ts";
import type { ServerName } from "../contract/tables.ts";

/** Someone who had, or was told that he had, an address. Times in milliseconds since 1970. */
export interface Holding {
  readonly client: string;
  /** Time of the event that decides: the grant, or the last renewal before. */
  readonly since: number;
  readonly until: number;
  readonly server: ServerName;
  readonly epoch: number;
}
/** The row that decides who had the address at `at`: the newest that contradicts nobody. `rows` descending, none after `at`. `undefined` =
 *  the rows given do not decide; read on, unless they reach back beyond a longest lease. */
export function decidingRow(rows: readonly Hist[]): Hist | undefined {
  return rows.find((row) => row.cf === undefined && row.late === undefined);
}

/** The holder at `at` by the deciding row. */
export function holdingAt(row: Hist | undefined, at: number): Holding | undefined {
  if (row === undefined || row.st !== "ACTIVE" || row.exp <= at) return undefined;
  return { client: row.cid, since: row.ts, until: row.exp, server: row.srv, epoch: row.ep };
}

/** Others who were told that they had the address at `at`, by the conflicts on record. */
export function contestants(conflicts: readonly Conf[], address: string, at: number, holder: Holding | undefined): readonly Holding[] {
  return conflicts
    .filter((conflict) => conflict.a === address && conflict.at <= at && conflict.until > at)
    .map((conflict) => ({
      client: String(conflict.loser["cid"] ?? ""),
      since: conflict.at,
      until: conflict.until,
      server: conflict.loser["srv"] === "B" ? ("B" as const) : ("A" as const),
      epoch: Number.parseInt(String(conflict.loser["ord"] ?? "0"), 10),
    }))
    .filter((other) => other.client !== holder?.client);
}
