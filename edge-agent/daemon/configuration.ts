import type { AgentConfig } from "../config/agent-config.ts";
import { formatDiagnosticLikeDhcpd } from "../config/diagnostics.ts";
import { loadConfig } from "../config/load.ts";
import { readConfiguration } from "../rim/config-file.ts";
import type { Logger } from "../rim/logger.ts";
import { CONFIG_ERRORS } from "./banner.ts";
import { StartFailed } from "./start-failed.ts";

/** Reads and checks a configuration, telling all findings; undefined if it has errors. */
export async function loadTelling(path: string, logger: Logger): Promise<AgentConfig | undefined> {
  const { config, diagnostics } = await readConfiguration((ports) => loadConfig({ ...ports, path }));
  const unreadable = diagnostics.length === 1 && diagnostics[0]?.message.startsWith("Can't open") ? diagnostics[0].message : undefined;
  if (unreadable !== undefined) {
    logger.line("error", unreadable);
    return undefined;
  }
  for (const diagnostic of diagnostics) {
    logger.line(
      diagnostic.severity === "error" ? "error" : diagnostic.severity === "warning" ? "warn" : "info",
      formatDiagnosticLikeDhcpd(diagnostic),
    );
  }
  if (config === undefined) logger.line("error", CONFIG_ERRORS);
  return config;
}

/** The configuration to start with; {@link StartFailed}, with everything told, if there is none. */
export async function loadToStart(path: string, logger: Logger): Promise<AgentConfig> {
  const config = await loadTelling(path, logger);
  if (config === undefined) throw new StartFailed("");
  return config;
}
