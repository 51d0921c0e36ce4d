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
  /** What is wrong with the token itself. */
  readonly problems: readonly string[];
}

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

  constructor(source: Source) {
    this.source = source;
  }

  next(): Token {
    const start = this.#offset;
    this.#skipBlank();
    const spaced = this.#offset > start;
    const text = this.source.text;
    const offset = this.#offset;
    const line = this.#line;
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
      } else if (isSpace(code)) this.#offset += 1;
      else if (code === 35) {
        const end = text.indexOf("\n", this.#offset);
        this.#offset = end < 0 ? text.length : end;
      } else return;
    }
  }

  #word(offset: number, line: number, spaced: boolean): Token {
    const text = this.source.text;
    let end = offset + 1;
    const limit = Math.min(text.length, offset + LONGEST_TOKEN);
    const numeric = !isLetter(text.charCodeAt(offset));
    if (numeric) while (end < limit && isWord(text.charCodeAt(end))) end += 1;
    else while (end < limit && isWord(text.charCodeAt(end))) end += 1;
    this.#offset = end;
    const word = text.slice(offset, end);
    const problems = end - offset >= LONGEST_TOKEN ? ["token larger than internal buffer"] : NOTHING;
    const type = numeric ? numberType(word) : nameType(word);
    return { type, text: word, offset, line, spaced, problems };
  }

  #string(offset: number, line: number, spaced: boolean): Token {
    const text = this.source.text;
    let end = offset + 1;
    for (;;) {
      const code = text.charCodeAt(end);
      if (Number.isNaN(code) || code === 34) break;
      if (code === 10) this.#line += 1;
      if (code === 92) {
        end += 1;
        if (text.charCodeAt(end) === 10) this.#line += 1;
      }
      end += 1;
    }
    const problems: string[] = [];
    if (end >= text.length) problems.push("eof in string constant");
    this.#offset = Math.min(end + 1, text.length);
    const raw = text.slice(offset + 1, end);
    const value = raw.includes("\\") ? replaceEscapes(raw, problems) : raw;
    if (value.length >= LONGEST_TOKEN) problems.push("string constant larger than internal buffer");
    return { type: "STRING", text: value, offset, line, spaced, problems };
  }
}

/** A word that begins with a digit or "-": dhcpd promotes number to number-or-name to name as it reads. */
function numberType(word: string): TokenType {
  if (word === "-") return "-";
  if (/^-?\d*$/.test(word)) return "NUMBER";
  if (/^-?\d*[0-9a-fA-F]*$/.test(word) || /^0[xX][0-9a-fA-F]+$/.test(word)) return "NUMBER-OR-NAME";
  return "NAME";
}

function nameType(word: string): TokenType {
  const lower = word.toLowerCase();
  if (KEYWORDS.has(lower)) return lower === "pick" ? "pick-first-value" : lower;
  for (let index = 0; index < word.length; index += 1) if (!isHex(word.charCodeAt(index))) return "NAME";
  return "NUMBER-OR-NAME";
}

const ESCAPES = new Map([
  ["t", "\t"],
  ["r", "\r"],
  ["n", "\n"],
  ["b", "\b"],
]);

/** dhcpd's escapes: \t \r \n \b, \nnn (octal, three digits, at most 377), \xnn (two digits), and \c for any other c. */
function replaceEscapes(raw: string, problems: string[]): string {
  let value = "";
  for (let at = 0; at < raw.length; at += 1) {
    if (raw[at] !== "\\") {
      value += raw[at];
      continue;
    }
    at += 1;
    const letter = raw[at] ?? "";
    if (letter >= "0" && letter <= "3") {
      const digits = /^[0-7]{1,3}/.exec(raw.slice(at, at + 3))?.[0] ?? "";
      if (digits.length === 3) value += String.fromCharCode(Number.parseInt(digits, 8));
      else if (/^0+$/.test(digits)) value += "\0";
      else problems.push(`invalid octal digit ${hexOf(raw, at + digits.length)}`);
      at += digits.length === 3 ? 2 : digits.length;
    } else if (letter === "x") {
      const digits = /^[0-9a-fA-F]{0,2}/.exec(raw.slice(at + 1, at + 3))?.[0] ?? "";
      if (digits.length === 2) value += String.fromCharCode(Number.parseInt(digits, 16));
      else problems.push(`invalid hex digit: ${hexOf(raw, at + 1 + digits.length)}`);
      at += digits.length === 2 ? 2 : digits.length + 1;
    } else value += ESCAPES.get(letter) ?? letter;
  }
  return value;
}

const hexOf = (text: string, at: number): string => (text.charCodeAt(at) || 34).toString(16);
