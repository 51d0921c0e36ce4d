import type { ExplainReport, LeaseReport, LedgerReport, PoolStatus, RelationshipReport, StatusReport } from "./protocol.ts";

/** What `tandem status` prints for a person. */
export function renderStatus(report: StatusReport): string {
  const lines = [
    `Tandem ${report.version}, up ${duration(report.now - report.startedAt)}, ${report.configurationFile}`,
    "",
    ...report.relationships.flatMap((relationship) => [...renderRelationship(relationship, report.now), ""]),
    ...renderLedger(report.ledger, report.now),
    "",
    ...renderPools(report.pools),
  ];
  return `${lines.join("\n")}\n`;
}

function renderRelationship(relationship: RelationshipReport, now: number): string[] {
  const { name, role, state, since, partnerState, partnerSince, partnerAddress, partnerKind, link, linkNote } = relationship;
  const rows: [string, string][] = [
    ["state", `${state} for ${duration(now - since)}${relationship.serving ? "" : "  ** NOT SERVING **"}`],
    ["partner", `${partnerState}${partnerSince > 0 ? ` for ${duration(now - partnerSince)}` : ""} (${partnerAddress}, ${partnerKind})`],
    ["link", linkNote === undefined ? link : `${link}: ${linkNote}`],
    ["updates", `${relationship.unacked} unacknowledged, ${relationship.owed} owed to the partner`],
    ["mclt", `${relationship.mclt} s`],
  ];
  if (relationship.skewSeconds !== undefined) rows.push(["clock skew", `${relationship.skewSeconds} s`]);
  if (relationship.servingNote !== undefined) rows.push(["service", relationship.servingNote]);
  for (const wait of relationship.waits) rows.push(["waiting", `${wait.reason}, ${duration(Math.max(0, wait.until - now))} more`]);
  return [`failover "${name}" (${role})`, ...rows.map(([label, text]) => `  ${label.padEnd(11)} ${text}`)];
}

function renderLedger(ledger: LedgerReport, now: number): string[] {
  if (!ledger.configured) return [`ledger: none. ${ledger.note}`];
  const reached = ledger.reachable ? "reachable" : `unreachable${ledger.lastSuccess ? ` for ${duration(now - ledger.lastSuccess)}` : ""}`;
  return [
    `ledger: site ${ledger.site}, server ${ledger.server}, mode ${ledger.mode}, epoch ${ledger.epoch}, ${reached}`,
    `  backlog     ${ledger.backlog} events, oldest ${duration(ledger.lagSeconds)} old`,
    ...(ledger.trouble === undefined ? [] : [`  trouble     ${ledger.trouble}`]),
    `  right       ${rightToServe(ledger)}`,
    ...(ledger.note === undefined ? [] : [`  note        ${ledger.note}`]),
  ];
}

/** The serving lease in words. */
function rightToServe({ service, serviceSeconds }: Extract<LedgerReport, { readonly configured: true }>): string {
  if (service === "none") return "nobody";
  if (service === "run-down") return "known clients only";
  return serviceSeconds === undefined ? "all clients" : `all clients, for ${duration(serviceSeconds)} unless renewed`;
}

function renderPools(pools: readonly PoolStatus[]): string[] {
  const header = ["network", "ranges", "failover", "total", "active", "free", "backup", "abandoned", "settling"];
  const rows = pools.map((pool) => [
    pool.network,
    pool.ranges.length > 2 ? `${pool.ranges.slice(0, 2).join(" ")} +${pool.ranges.length - 2}` : pool.ranges.join(" "),
    pool.relationship ?? "-",
    ...[pool.total, pool.active, pool.free, pool.backup, pool.abandoned, pool.settling].map(String),
  ]);
  return table([header, ...rows], new Set([3, 4, 5, 6, 7, 8]));
}

/** What `tandem leases` prints. */
export function renderLeases(leases: readonly LeaseReport[]): string {
  const header = ["address", "status", "ends", "hardware", "client-id", "hostname"];
  const rows = leases.map((lease) => [
    lease.address,
    lease.reserved ? `${lease.status} (reserved)` : lease.status,
    time(lease.ends),
    lease.hardware ?? "-",
    lease.clientId ?? "-",
    printable(lease.hostname ?? "-"),
  ]);
  return `${table([header, ...rows], new Set()).join("\n")}\n`;
}

/** What `tandem explain` prints. */
export function renderExplanation(report: ExplainReport): string {
  const lines = report.lines.map(({ text, file, line }) =>
    file === undefined ? text : `${text}  [${file}${line === undefined ? "" : `:${line}`}]`,
  );
  return `${[...lines, "", report.answered ? "The client gets an answer." : "The client gets no answer."].join("\n")}\n`;
}

/** Columns padded to the widest cell; `right` names those aligned to the right. */
function table(rows: readonly (readonly string[])[], right: ReadonlySet<number>): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (right.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** "3d 4h", "12m 5s", "8s": two units at most. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const units: readonly [number, string][] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "m"],
    [1, "s"],
  ];
  const first = units.findIndex(([size]) => whole >= size);
  if (first < 0) return "0s";
  const parts = units.slice(first, first + 2).map(([size, unit], index) => {
    const value = index === 0 ? Math.floor(whole / size) : Math.floor((whole % (units[first]?.[0] ?? 1)) / size);
    return value === 0 && index > 0 ? "" : `${value}${unit}`;
  });
  return parts.filter((part) => part !== "").join(" ");
}

function time(wallSeconds: number): string {
  if (wallSeconds === 0) return "-";
  if (wallSeconds >= 0xffffffff) return "never";
  const days = Math.floor(wallSeconds / 86_400);
  const [year, month, day] = civilDate(days);
  const clock = [3600, 60, 1].map((size, index) => Math.floor((wallSeconds % 86_400) / size) % (index === 0 ? 24 : 60));
  const two = (value: number) => String(value).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)} ${clock.map(two).join(":")}Z`;
}

/** Year, month and day of a day number counted from 1970-01-01 (proleptic Gregorian calendar). */
function civilDate(dayNumber: number): readonly [number, number, number] {
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1];
}

/** What a client calls itself, with control characters shown, never obeyed, by the terminal. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
