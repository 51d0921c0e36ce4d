import type { AgentConfig } from "../config/agent-config.ts";
import { formatDiagnosticLikeDhcpd } from "../config/diagnostics.ts";
import { loadConfig } from "../config/load.ts";
import type { RecordedDeclaration } from "../leases/lease-file/types.ts";
import { readConfiguration } from "../rim/config-file.ts";
import type { Logger } from "../rim/logger.ts";
import { CONFIG_ERRORS } from "./banner.ts";
import { StartFailed } from "./start-failed.ts";

/** Reads a configuration with declarations made at run time behind it; if those are what is wrong, without them. */
export async function loadWithDeclarations(
  path: string,
  logger: Logger,
  declarations: readonly RecordedDeclaration[],
): Promise<AgentConfig | undefined> {
  const text = declarations.map(declarationText).join("");
  if (text !== "") {
    const { config } = await readConfiguration(({ readFile, resolveHost }) => {
      const main = readFile(path);
      const whole = main.ok ? { text: `${main.value}\n${text}` } : {};
      return loadConfig({ path, readFile, resolveHost, ...whole });
    });
    if (config !== undefined) return config;
  }
  const plain = await loadTelling(path, logger);
  if (plain !== undefined && text !== "")
    logger.line("warn", "Hosts and groups made over OMAPI do not fit the configuration: they are left out.");
  return plain;
}

/** As dhcpd keeps them in its lease file; a removed one hides the configuration's. */
const declarationText = ({ kind, name, body }: RecordedDeclaration): string =>
  `${kind} ${name} { dynamic;${body === undefined ? " deleted;" : `\n${body}`}\n}\n`;

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
