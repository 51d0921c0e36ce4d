import type { AgentConfig } from "../config/agent-config.ts";
import type { Location } from "../config/location.ts";

/** Something that dhcpd takes without a word and that is hardly what was meant. */
export interface Finding {
  readonly location: Location;
  readonly message: string;
  /** What would be right. */
  readonly mend: string;
}

export interface LintRule {
  /** Stable name, shown with each finding. */
  readonly name: string;
  readonly severity: "warning" | "info";
  /** What it looks for, for the manual. */
  readonly about: string;
  readonly check: (config: AgentConfig) => Iterable<Finding>;
}
