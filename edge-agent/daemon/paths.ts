import { realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { AgentOptions } from "../cli.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { bytesIn } from "../config/settings.ts";

/** Files of one agent. */
export interface AgentPaths {
  readonly configFile: string;
  readonly leaseFile: string;
  readonly pidFile: string;
  /** Folder of the lease store, the lock and the control socket. */
  readonly stateDirectory: string;
  /** How the agent takes part in the ledger; the first of them that is there. */
  readonly agentConfigs: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_CONFIG = "/etc/dhcp/dhcpd.conf";
const DEFAULT_LEASES = "/var/lib/dhcp/dhcpd.leases";
const DEFAULT_PID = "/var/run/dhcpd.pid";
const DEFAULT_STATE = "/var/lib/tandem";
const DEFAULT_AGENT = "/etc/tandem/agent.json";

/** `lease-file-name` and `pid-file-name` of a configuration. */
export interface NamedFiles {
  readonly leaseFile: string | undefined;
  readonly pidFile: string | undefined;
}

export function namedFiles({ global }: AgentConfig): NamedFiles {
  const text = (parameter: string): string | undefined => {
    const named = bytesIn(global, parameter);
    return named && new TextDecoder().decode(named.value);
  };
  return { leaseFile: text("lease-file-name"), pidFile: text("pid-file-name") };
}

/** Where the configuration is, which may name the other files: command line, environment variable, dhcpd's place. */
export const configPath = (options: AgentOptions, environment: Environment): string =>
  options.configFile ?? environment["PATH_DHCPD_CONF"] ?? DEFAULT_CONFIG;

/** As dhcpd does: what the configuration names counts most, then the command line, then the environment, then dhcpd's places. */
export function agentPaths(options: AgentOptions, environment: Environment, named: NamedFiles): AgentPaths {
  const namedLeases = named.leaseFile ?? options.leaseFile ?? environment["PATH_DHCPD_DB"];
  const leaseFile = realPath(namedLeases ?? DEFAULT_LEASES);
  const stateDirectory = resolve(options.stateDirectory ?? (namedLeases === undefined ? DEFAULT_STATE : `${leaseFile}.tandem`));
  return {
    configFile: configPath(options, environment),
    leaseFile,
    pidFile: named.pidFile ?? options.pidFile ?? environment["PATH_DHCPD_PID"] ?? DEFAULT_PID,
    stateDirectory,
    agentConfigs: options.agentConfig === undefined ? [join(stateDirectory, "agent.json"), DEFAULT_AGENT] : [resolve(options.agentConfig)],
  };
}

/** Absolute and without symbolic links, as far as the file or its folder exists. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    try {
      return join(realpathSync(dirname(absolute)), absolute.slice(absolute.lastIndexOf("/") + 1));
    } catch {
      return absolute;
    }
  }
}
