import type { AgentConfig, HostTable } from "../config/agent-config.ts";
import { type Diagnostic, formatDiagnosticLikeDhcpd } from "../config/diagnostics.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import type { RecordedDeclaration } from "../leases/lease-file/types.ts";
import { ConfigurationFiles } from "../rim/config-file.ts";
import type { Logger } from "../rim/logger.ts";
import { CONFIG_ERRORS, FAILOVER_ERRORS } from "./banner.ts";
import { StartFailed } from "./start-failed.ts";

/**
 * A configuration as it was read, and what was declared at run time behind it. Its files are read once: what somebody does to
 * them later has no effect before the next {@link Configuration.read}.
 */
export class Configuration {
  readonly #path: string;
  readonly #files: ConfigurationFiles;
  readonly #log: Logger;
  #addHosts: LoadedConfig["addHosts"];
  #config: AgentConfig;
  /** Nothing was declared since the files were read. */
  #isAsRead = true;

  private constructor(path: string, files: ConfigurationFiles, log: Logger, loaded: LoadedConfig, config: AgentConfig) {
    this.#path = path;
    this.#files = files;
    this.#log = log;
    this.#addHosts = loaded.addHosts;
    this.#config = config;
  }

  /**
   * Reads and checks a configuration, telling what is found, notes of our own only on request; undefined if it has errors, with which
   * a server that starts `ends`.
   */
  static async read(path: string, log: Logger, { notes = true, ends = false } = {}): Promise<Configuration | undefined> {
    const files = new ConfigurationFiles();
    const loaded = await files.read((ports) => loadConfig({ ...ports, path, likeDhcpd: true }));
    const { diagnostics } = loaded;
    const told = notes ? diagnostics : diagnostics.filter(({ own, severity }) => own !== true || severity === "warning");
    tell(told, loaded.config !== undefined || !ends, log);
    return loaded.config === undefined ? undefined : new Configuration(path, files, log, loaded, loaded.config);
  }

  get config(): AgentConfig {
    return this.#config;
  }

  /**
   * Looks the host names of the files up again; true if that changed the configuration, which is then without what was declared
   * at run time.
   */
  async lookUpNames(which: "all" | "missing"): Promise<boolean> {
    if (!(await this.#files.lookUpAgain(which))) return false;
    const { config, addHosts } = await this.#files.read((ports) => loadConfig({ ...ports, path: this.#path }));
    if (config === undefined) return false;
    this.#config = config;
    this.#addHosts = addHosts;
    this.#isAsRead = true;
    return true;
  }

  /** Takes all that was declared at run time anew. What does not fit the files, or the rest of it, is left out and told. */
  async declare(declarations: readonly RecordedDeclaration[]): Promise<void> {
    const isAsRead = this.#isAsRead;
    this.#isAsRead = false;
    if (isAsRead && this.#takes(declarations.map(declarationText).join("")) !== undefined) return;
    const { loaded, hosts, misfits } = await this.#files.read((ports) => {
      const again = loadConfig({ ...ports, path: this.#path });
      return { loaded: again, ...declareIn(again, declarations) };
    });
    for (const { declaration, error } of misfits) {
      this.#log.line("warn", `${declaration.kind} ${declaration.name}, made over OMAPI, is left out: ${error}`);
    }
    if (loaded.config === undefined) return;
    this.#addHosts = loaded.addHosts;
    this.#config = hosts === undefined ? loaded.config : { ...loaded.config, hosts };
  }

  /** Takes one host more, or one less; the hosts there are then. Undefined where all is to be declared anew. */
  declareHost(declaration: RecordedDeclaration): HostTable | undefined {
    if (declaration.kind !== "host") return undefined;
    this.#isAsRead = false;
    return this.#takes(declarationText(declaration));
  }

  #takes(text: string): HostTable | undefined {
    const hosts = this.#addHosts(text);
    if (!hosts.ok) return undefined;
    this.#config = { ...this.#config, hosts: hosts.value };
    return hosts.value;
  }
}

interface Misfit {
  readonly declaration: RecordedDeclaration;
  readonly error: string;
}

/** All at once, or what of them fits one after the other. */
function declareIn(
  loaded: LoadedConfig,
  declarations: readonly RecordedDeclaration[],
): { hosts: HostTable | undefined; misfits: Misfit[] } {
  const all = loaded.addHosts(declarations.map(declarationText).join(""));
  if (all.ok) return { hosts: all.value, misfits: [] };
  let hosts: HostTable | undefined;
  const misfits: Misfit[] = [];
  for (const declaration of declarations) {
    const added = loaded.addHosts(declarationText(declaration));
    if (added.ok) hosts = added.value;
    else misfits.push({ declaration, error: added.error });
  }
  return { hosts, misfits };
}

/** As dhcpd keeps them in its lease file. A host takes the place of one of its name; a removed group is not there. */
function declarationText({ kind, name, body, replaces }: RecordedDeclaration): string {
  const gone = kind === "host" ? `host ${name} { dynamic; deleted; }\n` : "";
  return body === undefined ? gone : `${gone}${kind} ${name} {${replaces ? "" : " dynamic;"}\n${body}\n}\n`;
}

function tell(diagnostics: readonly Diagnostic[], goesOn: boolean, log: Logger): void {
  const unreadable = diagnostics.length === 1 && diagnostics[0]?.message.startsWith("Can't open") ? diagnostics[0].message : undefined;
  if (unreadable !== undefined) {
    log.line("error", unreadable);
    return;
  }
  const end = diagnostics.findIndex(({ fatal }) => fatal === true) + 1;
  for (const diagnostic of end === 0 ? diagnostics : diagnostics.slice(0, end))
    log.line(LEVELS[diagnostic.severity], formatDiagnosticLikeDhcpd(diagnostic));
  if (goesOn || end !== 0) return;
  log.line("error", diagnostics.some(({ failoverCheck }) => failoverCheck === true) ? FAILOVER_ERRORS : CONFIG_ERRORS);
}

const LEVELS = { error: "error", warning: "warn", info: "info" } as const;

/** The configuration to start with; {@link StartFailed}, with everything told, if there is none. */
export async function readToStart(path: string, log: Logger, notes: boolean): Promise<Configuration> {
  const configuration = await Configuration.read(path, log, { notes, ends: true });
  if (configuration === undefined) throw new StartFailed("");
  return configuration;
}
