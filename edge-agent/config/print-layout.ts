/** Lines are folded after this column. */
const LINE_WIDTH = 79;

/**
 * Text in the layout in which dhcpd writes statements into its lease file: tokens one after the other, each on a new line if it
 * would go beyond column 79. Columns go from 0; what a method gives is the column that it ended at.
 */
export class PrintedText {
  #parts = "";

  get text(): string {
    return this.#parts;
  }

  /** Text as it is. */
  raw(text: string): void {
    this.#parts += text;
  }

  /** A new line, indented. */
  line(indent: number, text = ""): void {
    this.#parts += `\n${" ".repeat(indent)}${text}`;
  }

  /** One token with what stands before it, which is left out where the token begins a line, and behind it. */
  token(column: number, indent: number, before: string, text: string, behind: string): number {
    let at = column;
    const length = before.length + text.length;
    if (at + length > LINE_WIDTH) {
      if (indent + length < LINE_WIDTH) {
        this.line(indent);
        at = indent;
      } else {
        this.line(at);
        at = length > LINE_WIDTH ? 0 : LINE_WIDTH - length - 1;
      }
    } else {
      this.raw(before);
      at += before.length;
    }
    this.raw(text);
    at += text.length;
    if (behind === "") return at;
    if (at + behind.length > LINE_WIDTH) {
      this.line(indent);
      return indent;
    }
    this.raw(behind);
    return at + behind.length;
  }

  /** Bytes: a string if all of them can stand in one, else pairs of hexadecimal digits. */
  bytes(column: number, indent: number, value: Uint8Array): number {
    if (value.every((byte) => byte >= 32 && byte < 127 && byte !== 34 && byte !== 92))
      return this.token(column, indent, "", `"${String.fromCharCode(...value)}"`, "");
    let at = column;
    for (const [index, byte] of value.entries()) {
      if (index > 0) at = this.token(at, indent, "", ":", "");
      at = this.token(at, indent, "", byte.toString(16).padStart(2, "0"), "");
    }
    return at;
  }
}
