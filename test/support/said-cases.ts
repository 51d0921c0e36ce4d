import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A configuration with all that ISC dhcpd 4.4.3-P1 says of it under `-t`, from after its banner up to its verdict. */
export interface SaidCase {
  readonly text: string;
  readonly said: readonly string[];
}

/** In the file, `=== "TEXT"` begins a case, and what is said of that text follows. */
export function saidCases(): SaidCase[] {
  const lines = readFileSync(join(import.meta.dirname, "../fixtures/conf/said.txt"), "utf8")
    .split("\n")
    .slice(0, -1);
  const starts = lines.flatMap((line, index) => (line.startsWith("=== ") ? [index] : []));
  return starts.map((start, index) => ({
    text: JSON.parse((lines[start] ?? "").slice(4)) as string,
    said: lines.slice(start + 1, starts[index + 1]),
  }));
}
