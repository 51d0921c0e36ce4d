import type { AgentConfig } from "../config/agent-config.ts";
import type { Finding, LintRule } from "./finding.ts";
import { ADDRESS_RULES } from "./rules-addresses.ts";
import { LEASE_RULES } from "./rules-leases.ts";
import { OPTION_RULES } from "./rules-options.ts";
import { SERVICE_RULES } from "./rules-services.ts";

export const LINT_RULES: readonly LintRule[] = [...ADDRESS_RULES, ...LEASE_RULES, ...OPTION_RULES, ...SERVICE_RULES];

export interface LintFinding extends Finding {
  readonly rule: string;
  readonly severity: "warning" | "info";
}

/** A rule tells at most so many findings: the hundredth of a kind teaches nothing. */
const FINDINGS_A_RULE = 100;

/** Runs every rule over a configuration that loaded; findings in order of file and line. */
export function lint(config: AgentConfig): readonly LintFinding[] {
  const findings: LintFinding[] = [];
  for (const rule of LINT_RULES) {
    let told = 0;
    for (const finding of rule.check(config)) {
      if (told === FINDINGS_A_RULE) break;
      told += 1;
      findings.push({ ...finding, rule: rule.name, severity: rule.severity });
    }
  }
  return findings.sort(
    (left, right) =>
      left.location.file.localeCompare(right.location.file) ||
      left.location.line - right.location.line ||
      left.location.column - right.location.column,
  );
}
