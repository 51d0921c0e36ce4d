/** Raised and caught within this folder only: a statement that cannot be understood. */
export class BadStatement extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

export type TokenKind = "word" | "string" | "{" | "}" | ";" | "=" | "," | "end";

const PUNCTUATION = "{};=,";
const ESCAPES: Readonly<Record<string, string>> = { t: "\t", r: "\r", n: "\n", b: "\b" };

/**
 * Splits a lease file into tokens. The text has one character a byte (Latin-1), so that strings are bytes. One token is
 * current at a time; `#` starts a comment.
 */
export class Tokens {
  readonly #source: string;
  #at = 0;
  kind: TokenKind = "end";
  /** The comment read last, without its `#`. */
  comment = "";
  /** The word, or the string with its escapes resolved. */
  text = "";
  /** Where the current token starts, counted from 1; and its place in the source. */
  line = 1;
  start = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
    this.next();
  }

  /** The source from `start` up to the current token. */
  since(start: number): string {
    return this.#source.slice(start, this.start);
  }

  next(): void {
    this.#skipBlank();
    this.line = this.#line;
    this.start = this.#at;
    const first = this.#source[this.#at];
    if (first === undefined) {
      this.kind = "end";
      this.text = "";
    } else if (first === '"') this.#string();
    else if (PUNCTUATION.includes(first)) {
      this.kind = first as TokenKind;
      this.text = first;
      this.#at += 1;
    } else this.#word();
  }

  /** The text of a current word or string; then moves on. */
  value(wanted: string): string {
    if (this.kind !== "word" && this.kind !== "string") throw this.bad(`expecting ${wanted}`);
    const { text } = this;
    this.next();
    return text;
  }

  expect(kind: TokenKind): void {
    if (this.kind !== kind) throw this.bad(kind === ";" ? "semicolon expected" : `expecting ${kind}`);
    this.next();
  }

  /** Moves on if the current token is this word. */
  accept(word: string): boolean {
    if (this.kind !== "word" || this.text.toLowerCase() !== word) return false;
    this.next();
    return true;
  }

  bad(message: string): BadStatement {
    const near = this.kind === "end" ? "the end of the file" : `"${this.text.slice(0, 40)}"`;
    return new BadStatement(this.line, `${message}, found ${near}`);
  }

  /** Past the end of this statement: a semicolon at this depth, or the block that ends it. Stops before a closing brace. */
  skipStatement(): void {
    let depth = 0;
    while (this.kind !== "end") {
      if (this.kind === "{") depth += 1;
      else if (this.kind === "}") {
        if (depth === 0) return;
        depth -= 1;
        if (depth === 0) {
          this.next();
          return;
        }
      } else if (this.kind === ";" && depth === 0) {
        this.next();
        return;
      }
      this.next();
    }
  }

  /** Past the brace that closes the block we are in. */
  skipBlock(): void {
    while (this.kind !== "end" && this.kind !== "}") this.skipStatement();
    this.next();
  }

  #skipBlank(): void {
    const source = this.#source;
    for (;;) {
      const code = source.charCodeAt(this.#at);
      if (code === 10) this.#line += 1;
      else if (code === 35) {
        const end = source.indexOf("\n", this.#at);
        this.comment = source.slice(this.#at + 1, end < 0 ? source.length : end).trim();
        this.#at = end < 0 ? source.length : end;
        continue;
      } else if (code !== 32 && code !== 9 && code !== 13) return;
      this.#at += 1;
    }
  }

  #word(): void {
    const source = this.#source;
    const { start } = this;
    let at = start;
    while (at < source.length) {
      const code = source.charCodeAt(at);
      if (code <= 32 || code === 34 || code === 35 || PUNCTUATION.includes(source[at]!)) break;
      at += 1;
    }
    this.#at = Math.max(at, start + 1);
    this.kind = "word";
    this.text = source.slice(start, this.#at);
  }

  #string(): void {
    const source = this.#source;
    let text = "";
    let at = this.#at + 1;
    let run = at;
    for (; at < source.length && source[at] !== '"'; at += 1) {
      if (source[at] === "\n") this.#line += 1;
      if (source[at] !== "\\") continue;
      const escaped = escapeAt(source, at + 1);
      text += source.slice(run, at) + escaped.text;
      at += escaped.size;
      run = at + 1;
    }
    this.#at = Math.min(at + 1, source.length);
    this.kind = "string";
    this.text = text + source.slice(run, at);
  }
}

/** What follows a backslash: three octal digits, x and two hexadecimal ones, a letter, or any character for itself. */
function escapeAt(source: string, at: number): { readonly text: string; readonly size: number } {
  const octal = /^[0-3]?[0-7]{1,2}/.exec(source.slice(at, at + 3))?.[0];
  if (octal !== undefined) return { text: String.fromCharCode(Number.parseInt(octal, 8)), size: octal.length };
  const hex = /^x([0-9a-fA-F]{1,2})/.exec(source.slice(at, at + 3))?.[1];
  if (hex !== undefined) return { text: String.fromCharCode(Number.parseInt(hex, 16)), size: hex.length + 1 };
  const character = source[at] ?? "";
  return { text: ESCAPES[character] ?? character, size: character.length };
}
