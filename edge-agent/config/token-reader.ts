import type { Diagnostic, DiagnosticList, Severity } from "./diagnostics.ts";
import { EchoTracker } from "./echo.ts";
import { Lexer, type Token } from "./lexer.ts";
import type { Location } from "./location.ts";
import { lineOf, type Source } from "./source.ts";

/** Classes of tokens that cannot be names; reserved words can. */
const NOT_IDENTIFIERS = new Set(["NUMBER", "STRING", "EOF"]);

/** Reads one file's tokens with one token of lookahead; knows how to complain, and how to find the next statement after that. */
export class TokenReader {
  readonly source: Source;
  readonly #lexer: Lexer;
  readonly #diagnostics: DiagnosticList;
  readonly #ahead: Token[] = [];
  readonly #echo: EchoTracker;
  #last: Token;
  #closed = false;
  #errors = 0;
  #taken = 0;
  /** After an error it reads on where dhcpd does, not where a person would. */
  readonly likeDhcpd: boolean;

  constructor(source: Source, diagnostics: DiagnosticList, likeDhcpd = false) {
    this.likeDhcpd = likeDhcpd;
    this.source = source;
    this.#lexer = new Lexer(source);
    this.#diagnostics = diagnostics;
    this.#echo = new EchoTracker(source);
    this.#last = { type: "EOF", text: "", offset: 0, line: 1, spaced: false, column: 1, readTo: 0, readLine: 1, problems: [] };
  }

  /** Errors reported in this file, not in files it includes. */
  get errors(): number {
    return this.#errors;
  }
  /** The token taken last: where dhcpd places its errors. */
  get last(): Token {
    return this.#last;
  }
  /** Tokens taken so far. A loop over statements takes one itself if a statement took none, and so always ends. */
  get taken(): number {
    return this.#taken;
  }
  /** The place of the token taken last. */
  get location(): Location {
    return this.locationOf(this.#last);
  }

  locationOf(token: Token): Location {
    const column = token.offset - (this.source.lineStarts[token.line - 1] ?? 0) + 1;
    return { file: this.source.path, line: token.line, column };
  }

  /** The token `distance` after the next one; 0 is the next. */
  peek(distance = 0): Token {
    while (this.#ahead.length <= distance) {
      const token = this.#read();
      // a byte 0 that dhcpd looks ahead at is lost to it
      if (token.type !== "\0") this.#ahead.push(token);
    }
    this.#echo.peek(this.#ahead[0] as Token);
    return this.#ahead[distance] as Token;
  }

  next(): Token {
    const token = this.#ahead.shift() ?? this.#read();
    this.#taken += 1;
    this.#echo.take(token);
    // The end of the file has no line of its own: what is missing there is missing after the last token.
    this.#last = token.type === "EOF" ? { ...this.#last, type: "EOF", text: "" } : token;
    return this.#last;
  }

  #read(): Token {
    if (this.#closed) return { ...this.#last, type: "EOF", text: "", problems: [] };
    const token = this.#lexer.next();
    for (const problem of token.problems) {
      this.#report("error", token, problem.message, undefined, { echo: this.#echo.echoWithin(token, problem) });
    }
    return token;
  }

  /** Takes the next token if it is a `type`. */
  accept(type: string): boolean {
    if (this.peek().type !== type) return false;
    this.next();
    return true;
  }

  isIdentifier(token: Token): boolean {
    // For dhcpd a byte beyond ASCII, as in typographic quotes, is a word of its own.
    return token.type.length > 1 ? !NOT_IDENTIFIERS.has(token.type) : token.type.charCodeAt(0) >= 0x80;
  }
  /** A word that may name a variable: not reserved. */
  isVariableName(token: Token): boolean {
    return token.type === "NAME" || token.type === "NUMBER-OR-NAME";
  }

  /** An error at the token taken last. */
  fail(message: string, mend?: string): void {
    this.#report("error", this.#last, message, mend);
  }
  /** An error at a token taken earlier, for checks that need what comes after it. */
  failAt(token: Token, message: string, mend?: string): void {
    this.#report("error", token, message, mend, { echo: this.#echo.echoAt(token) });
  }
  /** Further lines of dhcpd's about the error before. */
  goOn(...lines: readonly string[]): void {
    if (this.likeDhcpd) for (const line of lines) this.informWithoutPlace(line);
  }
  /** A further error of dhcpd's that follows from the ones before. */
  goOnHere(message: string): void {
    if (this.likeDhcpd) this.fail(message);
  }
  /** An error in the failover relationships, which dhcpd gives without a place, having read everything. */
  failFailoverCheck(token: Token, message: string, mend: string): void {
    this.#report("error", token, message, mend, { prefix: "ERROR: ", failoverCheck: true });
  }
  /** An error that ends dhcpd at once, told without a place. */
  failAtOnce(message: string, mend?: string, token = this.#last): void {
    this.#report("error", token, message, mend, { prefix: "", fatal: true });
  }
  /** A warning of which dhcpd says nothing. */
  warn(message: string, mend?: string): void {
    this.#report("warning", this.#last, message, mend, { own: true });
  }
  /** A warning that dhcpd gives without a place, after `prefix`. */
  warnWithoutPlace(message: string, prefix = "WARNING: ", mend?: string): void {
    this.#report("warning", this.#last, message, mend, { prefix });
  }
  /** Of what has no effect, of which dhcpd says nothing. */
  inform(message: string, mend?: string): void {
    this.#report("info", this.#last, message, mend, { own: true });
  }
  /** What dhcpd says without a place. */
  informWithoutPlace(message: string): void {
    this.#report("info", this.#last, message, undefined, { prefix: "" });
  }

  #report(
    severity: Severity,
    token: Token,
    message: string,
    mend: string | undefined,
    form: Pick<Diagnostic, "echo" | "prefix" | "fatal" | "failoverCheck" | "own"> = {},
  ): void {
    if (severity === "error") this.#errors += 1;
    this.#diagnostics.add(severity, () => {
      const sourceLine = lineOf(this.source, token.line);
      return { severity, location: this.locationOf(token), message, sourceLine, mend, echo: this.#echo.echo(), ...form };
    });
  }

  /** Takes ";", or complains and skips to the end of the statement. */
  semicolon(message = "semicolon expected."): boolean {
    const before = this.#last;
    if (this.next().type === ";") return true;
    const found = this.#last.type === "EOF" ? "the file ends here" : `found "${shorten(this.#last.text)}"`;
    const where = before.line === this.#last.line ? "" : ` after "${shorten(before.text)}" on line ${before.line}`;
    const unquoted = where === "" && UNQUOTED.has(this.#last.type) && this.isIdentifier(before);
    this.fail(message, unquoted ? `${found} after "${shorten(before.text)}"; put text in quotes` : `${found}; write ";"${where}`);
    if (this.likeDhcpd) {
      this.skipBraces(0);
      return false;
    }
    // A statement that simply lacks its ";" ends with its line or block: go on reading there.
    if (this.#last.type === "}" || (where !== "" && this.isIdentifier(this.#last))) this.#ahead.unshift(this.#last);
    else if (this.#last.type === "{") this.skipBraces(1);
    else this.skipStatement();
    return false;
  }

  leftBrace(message = "expecting left brace."): boolean {
    if (this.next().type === "{") return true;
    this.fail(message, `found "${shorten(this.#last.text)}"`);
    this.skipStatement();
    return false;
  }

  /**
   * Takes everything up to the end of this statement: its ";" or, if it has braces, its last "}". Leaves the "}" of an outer block.
   * dhcpd does not look whether it has just taken that end: then the next statement is passed over, too.
   */
  skipStatement(): void {
    if (this.likeDhcpd) this.skipBraces(0);
    else if (this.#last.type !== ";") this.skipBraces(this.#last.type === "{" ? 1 : 0);
  }
  /** As {@link skipStatement}, where dhcpd does look. */
  skipUnlessEnded(): void {
    if (this.#last.type !== ";") this.skipStatement();
  }
  /** Where dhcpd reads on at the very next token, a person would at the end of the statement. */
  skipUnlikeDhcpd(): void {
    if (!this.likeDhcpd) this.skipStatement();
  }
  /** As {@link skipStatement}, out of a block whose "{" was taken; dhcpd does not look whether its "}" was, too. */
  skipBlock(): void {
    if (this.likeDhcpd || this.#last.type !== "}") this.skipBraces(1);
  }

  /** As {@link skipStatement}, when `open` braces are open. */
  skipBraces(open: number): void {
    let depth = open;
    for (;;) {
      const token = this.peek();
      if (token.type === "EOF") return;
      if (token.type === "}") {
        if (depth === 0 && this.likeDhcpd) this.next();
        if (depth === 0) return;
        this.next();
        depth -= 1;
        if (depth === 0) return;
        continue;
      }
      this.next();
      if (token.type === "{") depth += 1;
      else if (token.type === ";" && depth === 0) return;
    }
  }

  /** After an error that makes the rest of the file meaningless: nothing more is read nor reported. */
  close(): void {
    this.#ahead.length = 0;
    this.#closed = true;
    this.#diagnostics.silence();
  }
}

/** What stands inside file names, domain names and URLs that somebody forgot to quote. */
const UNQUOTED: ReadonlySet<string> = new Set([".", "/", ":", "@"]);

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 37)}...` : text);
