import { err, ok, type Result } from "../values/result.ts";
import type { AgentConfig, HostTable } from "./agent-config.ts";
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
  /**
   * Reads declarations of hosts and named groups as if they stood behind all others, without reading anything again, and gives the
   * hosts that there are then, or the first error; then nothing of `text` is taken.
   */
  readonly addHosts: (text: string) => Result<HostTable, string>;
}

/** Reads a dhcpd.conf, with the files it includes, and checks it. Accepts and refuses what ISC dhcpd 4.4.3 does for DHCPv4. */
export function loadConfig(request: LoadRequest): LoadedConfig {
  const context = new ParseContext({ expression, statement, declaration }, request, request.path);
  const text = request.text === undefined ? request.readFile(request.path) : { ok: true as const, value: request.text };
  if (!text.ok) {
    const location = { file: request.path, line: 1, column: 1 };
    const message = `Can't open ${request.path}: ${text.error}`;
    const diagnostics: Diagnostic[] = [{ severity: "error", location, message, sourceLine: "", mend: undefined }];
    return { config: undefined, diagnostics, addHosts: () => err(message) };
  }
  const resolved = reads(context, request.path, text.value) ? resolve(context) : undefined;
  return {
    config: resolved?.config,
    diagnostics: context.diagnostics.all,
    addHosts: (more) => {
      const { errors, all } = context.diagnostics;
      const [before, hosts, groups] = [{ errors, count: all.length }, [...context.hosts], [...context.groups]];
      if (resolved === undefined) return err("the configuration has errors");
      if (reads(context, "declarations made at run time", more)) return ok(resolved.hosts());
      refill(context.hosts, hosts);
      refill(context.groups, groups);
      const found = context.diagnostics.rewind(before).find(({ severity }) => severity === "error");
      return err(found?.message ?? "it has errors");
    },
  };
}

function reads(context: ParseContext, path: string, text: string): boolean {
  const checked = context.atEnd.length;
  readDeclarations(context, path, text, outermost(context));
  if (context.diagnostics.errors === 0) for (const check of context.atEnd.slice(checked)) check();
  return context.diagnostics.errors === 0;
}

function refill<K, V>(map: Map<K, V>, entries: readonly (readonly [K, V])[]): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}

const outermost = (context: ParseContext): Place => ({
  kind: "root",
  scope: context.root,
  network: undefined,
  subnet: undefined,
  host: undefined,
  afterDeclaration: false,
});
