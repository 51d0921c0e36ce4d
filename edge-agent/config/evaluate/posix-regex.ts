import { RE2JS } from "re2js";

/** A pattern may come from a packet; longer ones are refused. Bytes. */
const PATTERN_LIMIT = 1024;
const CACHE_LIMIT = 1000;

const cache = new Map<string, RE2JS | undefined>();

/**
 * Does the POSIX extended regular expression match anywhere in `subject` (dhcp-eval(5) `~=`)? Linear in the subject, so
 * that no client can stall the server. Both are taken byte by byte. Undefined for a pattern that is none.
 */
export function matchesRegex(subject: string, pattern: string, ignoreCase: boolean): boolean | undefined {
  const key = (ignoreCase ? "i" : "c") + pattern;
  let compiled = cache.get(key);
  if (compiled === undefined && !cache.has(key)) {
    compiled = compile(pattern, ignoreCase);
    if (cache.size >= CACHE_LIMIT) cache.clear();
    cache.set(key, compiled);
  }
  return compiled?.matcher(subject).find();
}

function compile(pattern: string, ignoreCase: boolean): RE2JS | undefined {
  const translated = pattern.length > PATTERN_LIMIT ? undefined : toRe2(pattern);
  if (translated === undefined) return undefined;
  try {
    return RE2JS.compile(translated, RE2JS.DOTALL | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0));
  } catch {
    return undefined;
  }
}

const GNU_CLASSES: Readonly<Record<string, string>> = {
  w: "\\w",
  W: "\\W",
  s: "\\s",
  S: "\\S",
  b: "\\b",
  B: "\\B",
  "<": "\\b",
  ">": "\\b",
};

/** The same pattern in RE2's notation; undefined if it is malformed or needs back-references. */
export function toRe2(pattern: string): string | undefined {
  const translation = new Translation();
  let index = 0;
  while (index < pattern.length) {
    const read = step(pattern, index, translation);
    if (read === undefined) return undefined;
    index += read;
  }
  return translation.finish();
}

/** Translates what stands at `index`; the number of characters it took. */
function step(pattern: string, index: number, translation: Translation): number | undefined {
  const character = pattern[index]!;
  switch (character) {
    case "\\": {
      const escaped = pattern[index + 1];
      if (escaped === undefined || (escaped >= "1" && escaped <= "9")) return undefined;
      translation.atom(GNU_CLASSES[escaped] ?? quote(escaped));
      return 2;
    }
    case "[": {
      const bracket = /^\[\^?\]?(?:\[:[a-z]+:\]|\[\..\.\]|\[=.=\]|[^\]])*\]/s.exec(pattern.slice(index))?.[0];
      if (bracket === undefined) return undefined;
      translation.atom(bracketOf(bracket));
      return bracket.length;
    }
    case "(":
      translation.open();
      return 1;
    case ")":
      translation.close();
      return 1;
    case "|":
      translation.separator("|");
      return 1;
    case "^":
    case "$":
      translation.separator(character);
      return 1;
    case "*":
    case "+":
    case "?":
      return translation.repeat(character) ? 1 : undefined;
    case "{": {
      const interval = /^\{(\d*)(,?)(\d*)\}/.exec(pattern.slice(index));
      if (interval === null || interval[0] === "{}") {
        translation.atom("\\{");
        return 1;
      }
      return translation.repeat(`{${interval[1] || "0"}${interval[2]}${interval[3]}}`) ? interval[0].length : undefined;
    }
    default:
      translation.atom(character === "." ? "." : quote(character));
      return 1;
  }
}

/** In a POSIX bracket expression a backslash is itself; `[.x.]` and `[=x=]` are the character x. */
function bracketOf(bracket: string): string {
  const negated = bracket[1] === "^";
  const inner = bracket.slice(negated ? 2 : 1, -1);
  const parts = inner.match(/\[:[a-z]+:\]|\[[.=].[.=]\]|[\s\S]/g) ?? [];
  const translated = parts.map((part, index) => {
    if (part.startsWith("[:")) return part;
    if (part.length > 1) return quote(part[2]!);
    return part === "-" && index > 0 && index < parts.length - 1 ? "-" : quote(part);
  });
  return `[${negated ? "^" : ""}${translated.join("")}]`;
}

const quote = (character: string): string => (/[A-Za-z0-9_ ]/.test(character) ? character : `\\x{${character.charCodeAt(0).toString(16)}}`);

/** Output under construction; knows where the last atom starts, for a repetition of a repetition. */
class Translation {
  #output = "";
  #atom: number | undefined;
  #repeated = false;
  readonly #groups: number[] = [];

  atom(text: string): void {
    this.#atom = this.#output.length;
    this.#repeated = false;
    this.#output += text;
  }
  separator(text: string): void {
    this.#atom = undefined;
    this.#output += text;
  }
  open(): void {
    this.#groups.push(this.#output.length);
    this.#atom = undefined;
    this.#output += "(?:";
  }
  /** An unmatched right parenthesis stands for itself. */
  close(): void {
    const start = this.#groups.pop();
    if (start === undefined) {
      this.atom("\\)");
      return;
    }
    this.#output += ")";
    this.#atom = start;
    this.#repeated = false;
  }
  /** False if there is nothing to repeat. */
  repeat(operator: string): boolean {
    if (this.#atom === undefined) return false;
    if (this.#repeated) this.#output = `${this.#output.slice(0, this.#atom)}(?:${this.#output.slice(this.#atom)})`;
    this.#output += operator;
    this.#repeated = true;
    return true;
  }
  finish(): string | undefined {
    return this.#groups.length > 0 ? undefined : this.#output;
  }
}
