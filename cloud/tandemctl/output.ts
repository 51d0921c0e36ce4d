/** Where the commands write, and how. */
export interface Output {
  /** The answer of a command: a table for people, or JSON with `--json`. */
  show(value: unknown, table: () => string): void;
  /** One line that replaces the former, on a terminal only. */
  progress(text: string): void;
}
export function createOutput(json: boolean, out: NodeJS.WriteStream = process.stdout, err: NodeJS.WriteStream = process.stderr): Output {
  let shown = "";
  return {
    show: (value, table) => {
      if (shown !== "") err.write("\n");
      shown = "";
      out.write(json ? `${JSON.stringify(value, null, 2)}\n` : table());
    },
    progress: (text) => {
      if (text === shown) return;
      if (err.isTTY) err.write(`\r\u001b[K${text}`);
      else err.write(`${text}\n`);
      shown = err.isTTY ? text : "";
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
