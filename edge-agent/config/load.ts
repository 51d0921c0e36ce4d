import type { AgentConfig } from "./agent-config.ts";
import { declaration } from "./declarations.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { expression } from "./expressions.ts";
import { readDeclarations } from "./include.ts";
import { type LoadPorts, ParseContext, type Place } from "./parse-context.ts";
import { resolve } from "./resolve.ts";
import { statement } from "./statements.ts";

export interface LoadRequest extends LoadPorts {
  readonly path: string;
  /** The file's contents, one character for each byte; read from `path` if undefined. */
  readonly text?: string;
}

export interface LoadedConfig {
  /** Undefined if any diagnostic is an error. */
  readonly config: AgentConfig | undefined;
  /** All findings, in the order of the files. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a dhcpd.conf, with the files it includes, and checks it. Accepts and refuses what ISC dhcpd 4.4.3 does for DHCPv4. */
export function loadConfig(request: LoadRequest): LoadedConfig {
  const context = new ParseContext({ expression, statement, declaration }, request, request.path);
  const text = request.text === undefined ? request.readFile(request.path) : { ok: true as const, value: request.text };
  if (!text.ok) {
    const location = { file: request.path, line: 1, column: 1 };
    const message = `Can't open ${request.path}: ${text.error}`;
    return { config: undefined, diagnostics: [{ severity: "error", location, message, sourceLine: "", mend: undefined }] };
  }
  const place: Place = {
    kind: "root",
    scope: context.root,
    network: undefined,
    subnet: undefined,
    host: undefined,
    afterDeclaration: false,
  };
  readDeclarations(context, request.path, text.value, place);
  if (context.diagnostics.errors === 0) for (const check of context.atEnd) check();
  const config = context.diagnostics.errors === 0 ? resolve(context) : undefined;
  return { config, diagnostics: context.diagnostics.all };
}
