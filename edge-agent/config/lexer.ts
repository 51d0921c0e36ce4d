import { KEYWORDS } from "./keywords.ts";
import type { Source } from "./source.ts";

/**
 * What a token is: a reserved word in lower case ("subnet"), a character (";"), or one of the classes in capitals.
 * "NUMBER-OR-NAME" is what may be either, such as "ab" (hexadecimal) or "0x1f".
 */
export type TokenType = string;

/** Up to where dhcpd has read, and in which line that is. */
export interface ReadPosition {
  readonly readTo: number;
  readonly readLine: number;
}

/** What is wrong with a token itself, and how far dhcpd had read when it met that. */
export interface TokenProblem extends ReadPosition {
  readonly message: string;
}

export interface Token extends ReadPosition {
  readonly type: TokenType;
  /** As written; of a string its contents, escapes replaced. */
  readonly text: string;
  readonly offset: number;
  readonly line: number;
  /** True if blank space or a comment stands before it. */
  readonly spaced: boolean;
  /** Its place in the line as dhcpd counts: one more where it had read the first character before, to see where a word or space ends. */
  readonly column: number;
  readonly problems: readonly TokenProblem[];
}

/** dhcpd's buffer: no token is longer. */
const LONGEST_TOKEN = 1500;
const NOTHING: readonly TokenProblem[] = [];

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean => (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
const isHex = (code: number): boolean => isDigit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
const isWord = (code: number): boolean => isLetter(code) || isDigit(code) || code === 45 || code === 95;

/** Splits a file into tokens on demand, in time linear in its length. */
export class Lexer {
  readonly source: Source;
  #offset = 0;
  #line = 1;
  /** dhcpd has seen one character more. */
  #ahead = 0;

  constructor(source: Source) {
    this.source = source;
  }

  next(): Token {
    const before = this.#offset;
    this.#skipBlank();
    const offset = this.#offset;
    const start: Start = {
      offset,
      line: this.#line,
      spaced: offset > before,
      column: offset - (this.source.lineStarts[this.#line - 1] ?? 0) + 1 + this.#ahead,
    };
    this.#ahead = 0;
    const text = this.source.text;
    if (offset >= text.length) return this.#token(start, "EOF", "");
    const code = text.charCodeAt(offset);
    if (code === 34) return this.#string(start);
    if (isDigit(code) || code === 45 || isLetter(code)) return this.#word(start);
    this.#offset += 1;
    const character = text[offset] ?? "";
    return this.#token(start, character, character);
  }

  /** The token that begins at `start` and ends where reading is. */
  #token({ offset, line, spaced, column }: Start, type: TokenType, text: string, problems = NOTHING): Token {
    const end = this.#offset;
    const readLine = this.#line + (this.#ahead === 1 && this.source.text.charCodeAt(end) === 10 ? 1 : 0);
    return { type, text, offset, line, spaced, column, readTo: end + this.#ahead, readLine, problems };
  }

  #skipBlank(): void {
    const text = this.source.text;
    for (;;) {
      const code = text.charCodeAt(this.#offset);
      if (code === 10) {
        this.#line += 1;
        this.#offset += 1;
        this.#ahead = 1;
      } else if (isSpace(code)) {
        this.#offset += 1;
        this.#ahead = 1;
      } else if (code === 35) {
        const end = text.indexOf("\n", this.#offset);
        this.#offset = end < 0 ? text.length : end + 1;
        if (end >= 0) this.#line += 1;
        this.#ahead = 0;
      } else return;
    }
  }

  #word(start: Start): Token {
    const text = this.source.text;
    const { offset } = start;
    let end = offset + 1;
    const limit = Math.min(text.length, offset + LONGEST_TOKEN);
    while (end < limit && isWord(text.charCodeAt(end))) end += 1;
    this.#offset = end;
    this.#ahead = end < text.length ? 1 : 0;
    const word = text.slice(offset, end);
    const type = isLetter(text.charCodeAt(offset)) ? nameType(word) : numberType(word);
    if (end - offset < LONGEST_TOKEN) return this.#token(start, type, word);
    return this.#token(start, type, word, [{ message: "token larger than internal buffer", readTo: end, readLine: this.#line }]);
  }

  #string(start: Start): Token {
    const text = this.source.text;
    const problems: TokenProblem[] = [];
    const state: StringState = { value: "", escape: "none", digits: "" };
    let end = start.offset + 1;
    let plain = end;
    const report = (message: string): void => {
      problems.push({ message, readTo: Math.min(end + 1, text.length), readLine: this.#line });
    };
    for (; ; end += 1) {
      const code = text.charCodeAt(end);
      if (Number.isNaN(code)) {
        if (state.escape === "none") state.value += text.slice(plain, end);
        report("eof in string constant");
        break;
      }
      if (code === 10) this.#line += 1;
      if (state.escape === "none") {
        if (code !== 34 && code !== 92) continue;
        state.value += text.slice(plain, end);
        plain = end + 1;
        if (code === 34) break;
        state.escape = "begun";
      } else {
        const problem = escaped(state, text[end] ?? "");
        if (problem !== undefined) report(problem);
        plain = end + 1;
      }
    }
    this.#offset = Math.min(end + 1, text.length);
    if (state.value.length >= LONGEST_TOKEN) report("string constant larger than internal buffer");
    return this.#token(start, "STRING", state.value, problems);
  }
}

/** Where a token begins. */
type Start = Pick<Token, "offset" | "line" | "spaced" | "column">;

/** A word that begins with a digit or "-": dhcpd promotes number to number-or-name to name as it reads. */
function numberType(word: string): TokenType {
  // Also a lone "-", so that dhcpd has no subtraction.
  if (/^-?\d*$/.test(word)) return "NUMBER";
  if (/^-?\d*[0-9a-fA-F]*$/.test(word) || /^0[xX][0-9a-fA-F]+$/.test(word)) return "NUMBER-OR-NAME";
  return "NAME";
}

function nameType(word: string): TokenType {
  const lower = word.toLowerCase();
  if (KEYWORDS.has(lower)) return lower === "pick" ? "pick-first-value" : lower;
  // dhcpd does not look at the first letter: "h1" may be a number for it, until somebody asks for its value.
  for (let index = 1; index < word.length; index += 1) if (!isHex(word.charCodeAt(index))) return "NAME";
  return "NUMBER-OR-NAME";
}

const ESCAPES = new Map([
  ["t", "\t"],
  ["r", "\r"],
  ["n", "\n"],
  ["b", "\b"],
]);

interface StringState {
  value: string;
  escape: "none" | "begun" | "octal" | "hex";
  digits: string;
}

/**
 * A character inside an escape; a text says what is wrong with it. dhcpd knows \t \r \n \b, \nnn (three octal digits, at most
 * 377), \xnn (two hexadecimal digits), and \c for any other c. After a lone \0 it drops one character and takes the next as if
 * "\" stood before it. Other octal digits it goes on to look for, beyond the string's end too.
 */
function escaped(state: StringState, character: string): string | undefined {
  const code = character.charCodeAt(0).toString(16);
  if (state.escape === "begun") {
    state.digits = character >= "0" && character <= "3" ? character : "";
    if (state.digits !== "") state.escape = "octal";
    else if (character === "x") state.escape = "hex";
    else {
      state.value += ESCAPES.get(character) ?? character;
      state.escape = "none";
    }
    return undefined;
  }
  const octal = state.escape === "octal";
  if ((octal ? /[0-7]/ : /[0-9a-fA-F]/).test(character)) {
    state.digits += character;
    if (state.digits.length < (octal ? 3 : 2)) return undefined;
    state.value += String.fromCharCode(Number.parseInt(state.digits, octal ? 8 : 16));
    state.escape = "none";
    return undefined;
  }
  if (octal && !/^0+$/.test(state.digits)) return `invalid octal digit ${code}`;
  if (octal) state.value += "\0";
  state.escape = octal ? "begun" : "none";
  return octal ? undefined : `invalid hex digit: ${code}`;
}
