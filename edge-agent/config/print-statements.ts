import type { Statement, SwitchCase } from "./expression.ts";
import { PARAMETERS } from "./parameters.ts";
import { printAmbiguous, printExpression } from "./print-expression.ts";
import { PrintedText } from "./print-layout.ts";

/** Statements as dhcpd writes them into its lease file, each on a new line at `indent`. They can be read again as what they were. */
export function printStatements(statements: readonly Statement[], indent: number): string {
  const out = new PrintedText();
  write(out, statements, indent);
  return out.text;
}

function write(out: PrintedText, statements: readonly Statement[], indent: number): void {
  for (const statement of statements) writeOne(out, statement, indent);
}

type Of<K extends Statement["kind"]> = Statement & { readonly kind: K };

function writeOne(out: PrintedText, statement: Statement, indent: number): void {
  switch (statement.kind) {
    case "on":
      block(out, `on ${statement.events.join(" or ")} {`, statement.body, indent);
      return;
    case "if":
      conditional(out, statement, indent);
      return;
    case "switch":
      multiway(out, statement, indent);
      return;
    case "option":
      option(out, statement, indent);
      return;
    case "parameter":
      parameter(out, statement, indent);
      return;
    case "log":
    case "execute":
      effect(out, statement, indent);
      return;
    case "define":
      block(out, `define ${statement.name} (${statement.parameters.join(", ")}) {`, statement.body, indent);
      return;
    default:
      simple(out, statement, indent);
  }
}

function block(out: PrintedText, head: string, body: readonly Statement[], indent: number): void {
  out.line(indent, head);
  write(out, body, indent + 2);
  out.line(indent, "}");
}

function conditional(out: PrintedText, first: Of<"if">, indent: number): void {
  out.line(indent, "if ");
  let at = printExpression(out, first.condition, indent + 3, indent + 3, true);
  let branch = first;
  for (;;) {
    out.token(at, indent, " ", "{", "");
    write(out, branch.then, indent + 2);
    const [only, ...more] = branch.otherwise;
    if (only?.kind !== "if" || more.length > 0) break;
    out.line(indent, "} elsif ");
    at = printExpression(out, only.condition, indent + 6, indent + 6, true);
    branch = only;
  }
  if (branch.otherwise.length > 0) {
    out.line(indent, "} else {");
    write(out, branch.otherwise, indent + 2);
  }
  out.line(indent, "}");
}

function multiway(out: PrintedText, { value, cases }: Of<"switch">, indent: number): void {
  out.line(indent, "switch (");
  const at = printExpression(out, value, indent + 7, indent + 7, true);
  out.token(out.token(at, indent + 7, "", ")", ""), indent, " ", "{", "");
  for (const one of cases) oneCase(out, one, indent + 2);
  out.line(indent, "}");
}

function oneCase(out: PrintedText, { matches, body }: SwitchCase, indent: number): void {
  if (matches === undefined) out.line(indent - 1, "default: ");
  else {
    out.line(indent - 1, "case ");
    out.token(printAmbiguous(out, matches, indent + 5, indent + 5, true), indent + 5, "", ":", "");
  }
  write(out, body, indent);
}

function option(out: PrintedText, { operator, option: { space, name }, value }: Of<"option">, indent: number): void {
  const head = `${operator === "send" ? "supersede" : operator} ${space === "dhcp" ? "" : `${space}.`}${name} = `;
  out.line(indent, head);
  if (value === undefined) out.raw('""');
  else if (value.kind === "bytes") out.bytes(indent + head.length, indent + 8, value.value);
  else printExpression(out, value, indent + head.length, indent + 8, true);
  out.raw(";");
}

function parameter(out: PrintedText, { operator, name, value }: Of<"parameter">, indent: number): void {
  const head = `${operator === "send" ? "supersede" : operator} server.${name} = `;
  out.line(indent, head);
  const at = indent + head.length;
  if (value.kind === "number") out.bytes(at, indent + 8, numberBytes(name, value.value));
  else printExpression(out, value, at, indent + 8, true);
  out.raw(";");
}

/** Parameters whose number has one byte, or two, where others have four. */
const WIDTHS: ReadonlyMap<string, number> = new Map([
  ...["min-secs", "dhcp-cache-threshold", "adaptive-lease-time-threshold", "log-threshold-low", "log-threshold-high"].map(
    (name) => [name, 1] as const,
  ),
  ...["omapi-port", "local-port", "remote-port"].map((name) => [name, 2] as const),
]);

function numberBytes(name: string, value: number): Uint8Array {
  const width = WIDTHS.get(name) ?? (PARAMETERS.get(name)?.kind === "number" ? 4 : 1);
  return Uint8Array.from({ length: width }, (_, index) => (value >>> (8 * (width - 1 - index))) & 255);
}

function effect(out: PrintedText, statement: Of<"log" | "execute">, indent: number): void {
  const inner = indent + 4;
  if (statement.kind === "log") {
    out.line(indent, "log ");
    out.token(out.token(inner, inner, "", "(", ""), inner, "", `${statement.priority},`, " ");
    out.token(printExpression(out, statement.message, inner, inner, false), inner, "", ");", "");
    return;
  }
  out.line(indent);
  let at = out.token(out.token(inner, inner, "", "execute", ""), inner, " ", "(", "");
  at = out.token(at, inner, '"', statement.command.replaceAll(/["\\]/g, "\\$&"), '"');
  for (const argument of statement.arguments) at = printExpression(out, argument, out.token(at, inner, "", ",", " "), inner, false);
  out.token(at, inner, "", ");", "");
}

type Simple = Exclude<Statement, { readonly kind: "on" | "if" | "switch" | "option" | "parameter" | "log" | "execute" | "define" }>;

function simple(out: PrintedText, statement: Simple, indent: number): void {
  switch (statement.kind) {
    case "set":
    case "let": {
      out.line(indent, `${statement.kind} `);
      out.token(out.token(indent + 4, indent + 4, "", statement.name, ""), indent + 4, " ", "=", " ");
      const at = printAmbiguous(out, statement.value, indent + 3, indent + 3, false);
      out.token(at, indent + 4, " ", statement.kind === "set" ? ";" : "{", "");
      if (statement.kind === "let") {
        write(out, statement.body, indent + 2);
        out.line(indent, "}");
      }
      return;
    }
    case "unset":
      out.line(indent, `unset ${statement.name} ;`);
      return;
    case "eval":
    case "return":
      out.line(indent, statement.value === undefined ? statement.kind : `${statement.kind} `);
      if (statement.value !== undefined) printExpression(out, statement.value, indent + 5, indent + 5, true);
      out.raw(";");
      return;
    case "break":
      out.line(indent, "break;");
      return;
    case "add-class":
      out.line(indent, `add "${statement.className}";`);
      return;
    default:
      out.line(indent, `${statement.kind} ${statement.space};`);
  }
}
