import type { Echo } from "./echo.ts";
import { formatLocation, type Location } from "./location.ts";

export type Severity = "error" | "warning" | "info";

/** One finding about a configuration, at a place in a file. */
export interface Diagnostic {
  readonly severity: Severity;
  readonly location: Location;
  /** What is wrong; dhcpd's own words where it has some, so that people and scripts find them again. */
  readonly message: string;
  /** The line of the file, without its line end. */
  readonly sourceLine: string;
  /** What dhcpd shows of it. */
  readonly echo?: Echo;
  /** What to do about it, or where the cause is. */
  readonly mend: string | undefined;
  /** dhcpd tells this without a place, after these words, which may be none. */
  readonly prefix?: string;
  /** dhcpd ends at once. */
  readonly fatal?: boolean;
  /** Of the failover relationships as a whole: without other errors dhcpd ends with words about those. */
  readonly failoverCheck?: boolean;
  /** dhcpd says nothing of it. */
  readonly own?: boolean;
}

/** `FILE:LINE:COL: error: message`, then the line, a caret, and the advice. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const head = `${formatLocation(diagnostic.location)}: ${diagnostic.severity}: ${diagnostic.message}`;
  return [head, ...excerpt(diagnostic), ...(diagnostic.mend === undefined ? [] : [`  ${diagnostic.mend}`])].join("\n");
}

/** The same finding in the form of dhcpd's own messages: `FILE line LINE: message`, the line, a caret. */
export function formatDiagnosticLikeDhcpd(diagnostic: Diagnostic): string {
  if (diagnostic.prefix !== undefined) return diagnostic.prefix + diagnostic.message;
  const { echo, location } = diagnostic;
  const lines = echo === undefined || diagnostic.own === true ? excerpt(diagnostic) : [echo.line, `${" ".repeat(echo.indent)}^`];
  return [`${location.file} line ${echo?.number ?? location.line}: ${diagnostic.message}`, ...lines].join("\n");
}

function excerpt(diagnostic: Diagnostic): string[] {
  if (diagnostic.sourceLine === "") return [];
  const before = diagnostic.sourceLine.slice(0, diagnostic.location.column - 1).replace(/[^\t]/g, " ");
  return [diagnostic.sourceLine, `${before}^`];
}

/** Beyond this many findings nothing more is collected: the file is not a dhcpd.conf. */
const MAXIMUM = 500;

/** Collects findings in the order in which they are met. */
export class DiagnosticList {
  readonly #all: Diagnostic[] = [];
  #errors = 0;
  #silenced = false;

  get all(): readonly Diagnostic[] {
    return this.#all;
  }
  get errors(): number {
    return this.#errors;
  }
  add(severity: Severity, finding: () => Diagnostic): void {
    if (severity === "error") this.#errors += 1;
    if (!this.#silenced && this.#all.length < MAXIMUM) this.#all.push(finding());
  }
  /** Forgets what was found since there were so many errors and findings; gives it. */
  rewind(earlier: { readonly errors: number; readonly count: number }): readonly Diagnostic[] {
    this.#errors = earlier.errors;
    this.#silenced = false;
    return this.#all.splice(earlier.count);
  }
  /** What follows from an error after which reading cannot go on is not worth telling. */
  silence(): void {
    this.#silenced = true;
  }
}
