/** Where the commands write, and how. */
export interface Output {
  /** The answer of a command: a table for people, or JSON with `--json`. */
  show(value: unknown, text: () => string): void;
  /** Rows of an answer, as they are. */
  write(text: string): void;
  /** Rows under a header, columns aligned. */
  table(header: readonly string[], rows: readonly (readonly unknown[])[]): string;
  /** How something that is waited for stands: one line that replaces the former on a terminal, else a line now and then. */
  progress(text: string): void;
}
/** Where there is no terminal, a line of progress follows the former after so long at the earliest. */
const SPARSE_MS = 15_000;

export function createOutput(json: boolean, out: NodeJS.WriteStream = process.stdout, err: NodeJS.WriteStream = process.stderr): Output {
  let shown = "";
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    show: (value, text) => {
      if (shown !== "") err.write("\n");
      shown = "";
      out.write(json ? `${JSON.stringify(value, null, 2)}\n` : text());
    },
    write: (text) => void out.write(text),
    table,
    progress: (given) => {
      const text = printable(given);
      if (text === shown) return;
      if (err.isTTY) {
        err.write(`\r\u001b[K${text.slice(0, Math.max(20, (err.columns ?? 100) - 1))}`);
        shown = text;
      } else if (Date.now() - shownAt >= SPARSE_MS) {
        err.write(`${text}\n`);
        shownAt = Date.now();
      }
    },
  };
}

/** Rows under a header, columns aligned. What comes from clients cannot move the cursor. */
export function table(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => printable(String(cell ?? ""))));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
export const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");
