import type { AgentConfig } from "../config/agent-config.ts";
import { type Diagnostic, formatDiagnostic, formatDiagnosticLikeDhcpd, type Severity } from "../config/diagnostics.ts";
import type { LoadedConfig } from "../config/load.ts";
import { lineOf, type Source } from "../config/source.ts";
import { lint } from "../lint/lint.ts";

/** One finding, whoever found it; `rule` is the linter's rule, undefined for what dhcpd would say too. */
export interface CheckFinding extends Diagnostic {
  readonly rule: string | undefined;
}

/** What checking one file gave. */
export interface CheckReport {
  readonly file: string;
  /** In order of file, line and column. */
  readonly findings: readonly CheckFinding[];
  readonly counts: Readonly<Record<Severity, number>>;
  /** What the configuration holds, if it loaded. */
  readonly summary: ConfigSummary | undefined;
}

export interface ConfigSummary {
  readonly networks: number;
  readonly subnets: number;
  readonly pools: number;
  readonly addresses: number;
  readonly hosts: number;
  readonly classes: number;
  readonly failoverPeers: number;
}

/** Joins the findings of the parser and of the linter. `sourceOf` gives a file that was read. */
export function checkReport(
  file: string,
  loaded: LoadedConfig,
  withLint: boolean,
  sourceOf: (path: string) => Source | undefined,
): CheckReport {
  const said: CheckFinding[] = loaded.diagnostics.map((diagnostic) => ({ ...diagnostic, rule: undefined }));
  const linted = loaded.config === undefined || !withLint ? [] : lint(loaded.config);
  const findings = linted.map(({ location, message, mend, severity, rule }): CheckFinding => {
    const source = sourceOf(location.file);
    return { severity, location, message, mend, rule, sourceLine: source === undefined ? "" : lineOf(source, location.line) };
  });
  const all = [...said, ...findings].sort(
    ({ location: left }, { location: right }) =>
      (left.file === right.file ? 0 : left.file < right.file ? -1 : 1) || left.line - right.line || left.column - right.column,
  );
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of all) counts[severity] += 1;
  return { file, findings: all, counts, summary: loaded.config === undefined ? undefined : summarize(loaded.config) };
}

function summarize(config: AgentConfig): ConfigSummary {
  let addresses = 0;
  for (const pool of config.pools) for (const range of pool.ranges) addresses += range.last - range.first + 1;
  return {
    networks: config.networks.length,
    subnets: config.subnets.length,
    pools: config.pools.length,
    addresses,
    hosts: config.hosts.all.length,
    classes: config.classes.length,
    failoverPeers: config.failoverPeers.length,
  };
}

/** Does the report fail the check? */
export const fails = (report: CheckReport, strict: boolean): boolean => report.counts.error > 0 || (strict && report.counts.warning > 0);

/** The report for people. */
export function renderReport(report: CheckReport, asDhcpd: boolean): string {
  const blocks = report.findings.map((finding) => {
    const text = asDhcpd ? formatDiagnosticLikeDhcpd(finding) : formatDiagnostic(finding);
    return finding.rule === undefined || asDhcpd ? text : text.replace("\n", ` [${finding.rule}]\n`);
  });
  const { error, warning, info } = report.counts;
  const found = [counted(error, "error"), counted(warning, "warning"), counted(info, "note")].filter((each) => each !== undefined);
  const verdict = error > 0 ? "the agent would refuse this file" : "sound";
  const head = `${report.file}: ${[verdict, ...found].join(", ")}`;
  return `${[...blocks, ...(blocks.length === 0 ? [] : [""]), head, ...summaryLine(report.summary)].join("\n")}\n`;
}

const counted = (count: number, noun: string): string | undefined =>
  count === 0 ? undefined : `${count} ${noun}${count === 1 ? "" : "s"}`;

function summaryLine(summary: ConfigSummary | undefined): string[] {
  if (summary === undefined) return [];
  const parts = [
    counted(summary.networks, "network"),
    counted(summary.subnets, "subnet"),
    counted(summary.pools, "pool"),
    summary.addresses === 0 ? undefined : `${summary.addresses} dynamic address${summary.addresses === 1 ? "" : "es"}`,
    counted(summary.hosts, "host"),
    summary.classes === 0 ? undefined : `${summary.classes} class${summary.classes === 1 ? "" : "es"}`,
    counted(summary.failoverPeers, "failover peer"),
  ].filter((each) => each !== undefined);
  return [`  ${parts.length === 0 ? "no networks" : parts.join(", ")}`];
}
