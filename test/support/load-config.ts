import type { AgentConfig } from "../../edge-agent/config/agent-config.ts";
import { formatDiagnostic } from "../../edge-agent/config/diagnostics.ts";
import { type LoadedConfig, loadConfig } from "../../edge-agent/config/load.ts";
import { type Ipv4Address, parseIpv4 } from "../../edge-agent/values/ipv4.ts";
import { err, ok } from "../../edge-agent/values/result.ts";

/** Reads configuration text; `files` are what `include` finds, `hosts` what names resolve to. */
export function load(text: string, files: Record<string, string> = {}, hosts: Record<string, readonly string[]> = {}): LoadedConfig {
  return loadConfig({
    path: "dhcpd.conf",
    text,
    readFile: (path) => (Object.hasOwn(files, path) ? ok(files[path] ?? "") : err("No such file or directory")),
    resolveHost: (name) => (Object.hasOwn(hosts, name) ? hosts[name]?.map(address) : undefined),
  });
}

/** The configuration, or an exception with everything that is wrong with it. */
export function configOf(text: string, files: Record<string, string> = {}, hosts: Record<string, readonly string[]> = {}): AgentConfig {
  const { config, diagnostics } = load(text, files, hosts);
  if (config === undefined) throw new Error(diagnostics.map(formatDiagnostic).join("\n"));
  return config;
}

function address(text: string): Ipv4Address {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
