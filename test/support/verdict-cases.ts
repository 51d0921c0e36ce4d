import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A verdict is "accept", "reject LINE" (line of the first error), or "reject" where dhcpd tells no line. dhcpd calls the place
 * before a file's first token line 0; here that is line 1.
 */
export interface VerdictCase {
  readonly file: string;
  /** Line of the case in its file. */
  readonly line: number;
  readonly text: string;
  /** What ISC dhcpd 4.4.3-P1 says. */
  readonly dhcpd: string;
  /** What this program says, where that differs on purpose. */
  readonly ours: string;
  readonly reason: string | undefined;
}

const FOLDER = join(import.meta.dirname, "../fixtures/conf");

/**
 * Small configurations with their verdicts. In a .cases file, "=== VERDICT" or "=== VERDICT | OURS: REASON" begins a case,
 * which goes on to the next such line.
 */
export function verdictCases(): VerdictCase[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".cases"))
    .sort()
    .flatMap((file) => casesIn(file, readFileSync(join(FOLDER, file), "utf8")));
}

function casesIn(file: string, content: string): VerdictCase[] {
  const lines = content.split("\n");
  const starts = lines.flatMap((line, index) => (line.startsWith("=== ") ? [index] : []));
  return starts.map((start, index) => {
    const text = lines.slice(start + 1, starts[index + 1] ?? lines.length - 1).join("\n");
    const [, dhcpd = "", ours, reason] = /^=== ([a-z0-9 ]+?)(?: \| ([a-z0-9 ]+): (.*))?$/.exec(lines[start] ?? "") ?? [];
    return { file, line: start + 1, text: `${text}\n`, dhcpd, ours: ours ?? dhcpd.replace(/^reject 0$/, "reject 1"), reason };
  });
}
