import type { Conf, Hist, Srv } from "../contract/items.ts";
import type { ServerName } from "../contract/tables.ts";

/** Someone who had, or was told that he had, an address. Times in milliseconds since 1970. */
export interface Holding {
  readonly client: string;
  readonly since: number;
  readonly until: number;
  readonly server: ServerName;
  readonly epoch: number;
}
export interface Certainty {
  readonly level: "certain" | "contested" | "provisional";
  readonly statement: string;
  readonly completeUntil: number | undefined;
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

/** Until when everything that `server` did has been handed in; undefined if it never ran. It may be late by its clock's error. */
export function completeUntil(server: Srv): number | undefined {
  if (server.boot === "-") return undefined;
  return server.qd === 0 ? server.at : Math.min(server.qt, server.at);
}

/** How sure an answer about the moment `at` is. */
export function certaintyOf(servers: readonly Srv[], at: number, contested: number): Certainty {
  const known = servers.filter((server) => server.boot !== "-");
  const until = known.length === 0 ? undefined : Math.min(...known.map((server) => completeUntil(server) ?? 0));
  if (contested > 0) {
    return {
      level: "contested",
      statement: `${contested} other client(s) were told that they had this address at that time.`,
      completeUntil: until,
    };
  }
  if (until === undefined) return { level: "provisional", statement: "Neither server has ever reported.", completeUntil: until };
  const behind = known.filter((server) => (completeUntil(server) ?? 0) < at).map((server) => server.srv);
  if (behind.length === 0)
    return { level: "certain", statement: "Both servers have handed in everything they did until then.", completeUntil: until };
  const who = behind.length === 2 ? "Both servers have" : `Server ${behind[0]} has`;
  return {
    level: "provisional",
    statement: `${who} not yet handed in everything from before that time; what comes may change this.`,
    completeUntil: until,
  };
}
