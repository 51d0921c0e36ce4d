import type { ReadPosition, Token } from "./lexer.ts";
import { lineOf, type Source } from "./source.ts";

/** What dhcpd writes beneath an error: the line as far as it was read, and how far to the right the caret stands. */
export interface Echo {
  /** Of the line that the error is said to be in; 0 before the first token. */
  readonly number: number;
  readonly line: string;
  readonly indent: number;
}

/** dhcpd keeps this much of a line, and shows no caret beyond it. */
const LINE_LIMIT = 80;
const TAB = 8;
/** dhcpd's buffer for the blanks before a caret. */
const LONGEST_INDENT = 255;

/**
 * Follows dhcpd's reading of a file, which keeps two lines: the one it reads, and the one before. Which of them an error shows
 * depends on whether the token after it had been looked at.
 */
export class EchoTracker {
  readonly #source: Source;
  /** Up to where the file was read, and the line of it. */
  #read = 0;
  #readLine = 1;
  /** Line and place of the token taken last, and of the one looked at. */
  #line = 0;
  #column = 0;
  #nextLine = 0;
  #nextColumn = 0;
  #peeked = false;
  /** Which of the two lines an error shows: it is odd or even. */
  #shown = 1;

  constructor(source: Source) {
    this.#source = source;
  }

  /** The next token is looked at. */
  peek(token: Token): void {
    if (this.#peeked) return;
    this.#peeked = true;
    this.#nextLine = this.#line;
    this.#nextColumn = this.#column;
    this.#advance(token);
    if (token.type === "EOF") return;
    this.#nextLine = token.line;
    this.#nextColumn = token.column;
    if (token.line !== this.#line) this.#shown = 1 - (this.#readLine & 1);
  }

  /** It is taken. */
  take(token: Token): void {
    if (this.#peeked) {
      this.#peeked = false;
      if (this.#line !== this.#nextLine) this.#shown = this.#readLine & 1;
      this.#line = this.#nextLine;
      this.#column = this.#nextColumn;
      return;
    }
    this.#advance(token);
    this.#shown = this.#readLine & 1;
    if (token.type === "EOF") return;
    this.#line = token.line;
    this.#column = token.column;
  }

  /** Of an error at the token taken last. */
  echo(): Echo {
    return this.#echo(this.#line, this.#column, this.#shown, this.#read, this.#readLine);
  }

  /** Of an error within the token that is being read, of which it has been read so far. */
  echoWithin(token: Token, { readTo, readLine }: ReadPosition): Echo {
    return this.#echo(token.line, token.column, this.#shown, readTo, readLine);
  }

  /** Of an error at a token when it was the last to be read. */
  echoAt(token: Token): Echo {
    return this.#echo(token.line, token.column, token.readLine & 1, token.readTo, token.readLine);
  }

  #advance(token: Token): void {
    this.#read = token.readTo;
    this.#readLine = token.readLine;
  }

  #echo(number: number, column: number, shown: number, read: number, readLine: number): Echo {
    const kept = (readLine & 1) === shown ? readLine : readLine - 1;
    if (kept < 1) return { number, line: "", indent: 0 };
    const start = this.#source.lineStarts[kept - 1] ?? 0;
    const length = kept === readLine ? Math.min(read - start, LINE_LIMIT) : LINE_LIMIT;
    const before = this.#source.text.slice(start, start + Math.min(length, Math.max(column - 1, 0)));
    return { number, line: lineOf(this.#source, kept, length), indent: column > LINE_LIMIT ? 0 : indentOf(before) };
  }
}

function indentOf(text: string): number {
  let indent = 0;
  for (let at = 0; at < text.length && text[at] !== "\n"; at += 1) {
    indent += 1;
    if (text[at] === "\t") while (indent % TAB !== 0) indent += 1;
  }
  return Math.min(indent, LONGEST_INDENT);
}
