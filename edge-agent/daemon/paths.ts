import { realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { AgentOptions } from "../cli.ts";

/** Files of one agent. */
export interface AgentPaths {
  readonly configFile: string;
  readonly leaseFile: string;
  readonly pidFile: string;
  /** Folder of the lease store, the lock and the control socket. */
  readonly stateDirectory: string;
}

const DEFAULT_CONFIG = "/etc/dhcp/dhcpd.conf";
const DEFAULT_LEASES = "/var/lib/dhcp/dhcpd.leases";
const DEFAULT_PID = "/var/run/dhcpd.pid";
const DEFAULT_STATE = "/var/lib/tandem";

/** Command line first, then dhcpd's environment variables, then dhcpd's places. */
export function agentPaths(options: AgentOptions, environment: Readonly<Record<string, string | undefined>>): AgentPaths {
  const namedLeases = options.leaseFile ?? environment["PATH_DHCPD_DB"];
  const leaseFile = realPath(namedLeases ?? DEFAULT_LEASES);
  return {
    configFile: options.configFile ?? environment["PATH_DHCPD_CONF"] ?? DEFAULT_CONFIG,
    leaseFile,
    pidFile: options.pidFile ?? environment["PATH_DHCPD_PID"] ?? DEFAULT_PID,
    stateDirectory: resolve(options.stateDirectory ?? (namedLeases === undefined ? DEFAULT_STATE : `${leaseFile}.tandem`)),
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
