import { KEYWORDS } from "./keywords.ts";
import type { Source } from "./source.ts";

/**
 * What a token is: a reserved word in lower case ("subnet"), a character (";"), or one of the classes in capitals.
 * "NUMBER-OR-NAME" is what may be either, such as "ab" (hexadecimal) or "0x1f".
 */
export type TokenType = string;

export interface Token {
  readonly type: TokenType;
  /** As written; of a string its contents, escapes replaced. */
  readonly text: string;
  readonly offset: number;
  readonly line: number;
  /** True if blank space or a comment stands before it. */
  readonly spaced: boolean;
  /** Its place in the line as dhcpd counts: one more where it had read the first character before, to see where a word or space ends. */
  readonly column: number;
  /** Up to where dhcpd has read when it has the token, and in which line that is. */
  readonly readTo: number;
  readonly readLine: number;
  /** What is wrong with the token itself. */
  readonly problems: readonly string[];
}

/** A token without its place in dhcpd's reading. */
type Plain = Omit<Token, "column" | "readTo" | "readLine">;

/** dhcpd's buffer: no token is longer. */
const LONGEST_TOKEN = 1500;
const NOTHING: readonly string[] = [];

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
    const start = this.#offset;
    this.#skipBlank();
    const spaced = this.#offset > start;
    const line = this.#line;
    const column = this.#offset - (this.source.lineStarts[line - 1] ?? 0) + 1 + this.#ahead;
    const token = this.#token(this.#offset, line, spaced);
    return { ...token, column, ...this.#position() };
  }

  #position(): { readTo: number; readLine: number } {
    const readTo = this.#offset + this.#ahead;
    return { readTo, readLine: this.#line + (this.#ahead === 1 && this.source.text.charCodeAt(this.#offset) === 10 ? 1 : 0) };
  }

  #token(offset: number, line: number, spaced: boolean): Plain {
    const text = this.source.text;
    this.#ahead = 0;
    if (offset >= text.length) return { type: "EOF", text: "", offset, line, spaced, problems: NOTHING };
    const code = text.charCodeAt(offset);
    if (code === 34) return this.#string(offset, line, spaced);
    if (isDigit(code) || code === 45 || isLetter(code)) return this.#word(offset, line, spaced);
    this.#offset += 1;
    const character = text[offset] ?? "";
    return { type: character, text: character, offset, line, spaced, problems: NOTHING };
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

  #word(offset: number, line: number, spaced: boolean): Plain {
    const text = this.source.text;
    let end = offset + 1;
    const limit = Math.min(text.length, offset + LONGEST_TOKEN);
    const numeric = !isLetter(text.charCodeAt(offset));
    if (numeric) while (end < limit && isWord(text.charCodeAt(end))) end += 1;
    else while (end < limit && isWord(text.charCodeAt(end))) end += 1;
    this.#offset = end;
    this.#ahead = end < text.length ? 1 : 0;
    const word = text.slice(offset, end);
    const problems = end - offset >= LONGEST_TOKEN ? ["token larger than internal buffer"] : NOTHING;
    const type = numeric ? numberType(word) : nameType(word);
    return { type, text: word, offset, line, spaced, problems };
  }

  #string(offset: number, line: number, spaced: boolean): Plain {
    const text = this.source.text;
    const problems: string[] = [];
    const state: StringState = { value: "", escape: "none", digits: "" };
    let end = offset + 1;
    let plain = end;
    for (; ; end += 1) {
      const code = text.charCodeAt(end);
      if (Number.isNaN(code)) {
        problems.push("eof in string constant");
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
        escaped(state, text[end] ?? "", problems);
        plain = end + 1;
      }
    }
    if (problems.length > 0 && plain < end) state.value += text.slice(plain, end);
    this.#offset = Math.min(end + 1, text.length);
    if (state.value.length >= LONGEST_TOKEN) problems.push("string constant larger than internal buffer");
    return { type: "STRING", text: state.value, offset, line, spaced, problems };
  }
}

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
 * A character inside an escape. dhcpd knows \t \r \n \b, \nnn (three octal digits, at most 377), \xnn (two hexadecimal
 * digits), and \c for any other c. After a lone \0 it drops one character and takes the next as if "\" stood before it.
 */
function escaped(state: StringState, character: string, problems: string[]): void {
  const code = character.charCodeAt(0).toString(16);
  if (state.escape === "begun") {
    state.digits = character >= "0" && character <= "3" ? character : "";
    if (state.digits !== "") state.escape = "octal";
    else if (character === "x") state.escape = "hex";
    else {
      state.value += ESCAPES.get(character) ?? character;
      state.escape = "none";
    }
    return;
  }
  const [wanted, base, length] = state.escape === "octal" ? ([/[0-7]/, 8, 3] as const) : ([/[0-9a-fA-F]/, 16, 2] as const);
  if (wanted.test(character)) {
    state.digits += character;
    if (state.digits.length < length) return;
    state.value += String.fromCharCode(Number.parseInt(state.digits, base));
    state.escape = "none";
  } else if (base === 8 && /^0+$/.test(state.digits)) {
    state.value += "\0";
    state.escape = "begun";
  } else {
    problems.push(base === 8 ? `invalid octal digit ${code}` : `invalid hex digit: ${code}`);
    state.escape = "none";
  }
}
