import type { AgentOptions } from "../cli.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { openSyslog } from "../rim/linux-sockets.ts";
import { descriptorSink, jsonLogger, type LineSink, type Logger, syslogSink, teeSink, textLogger } from "../rim/logger.ts";

export interface AgentLog extends Logger {
  /** The configuration is known: its `log-facility` counts from here on. */
  useFacility(facility: string): void;
  /** The start is over: from here on stderr gets lines only with -d. */
  endStart(): void;
}

const SYSLOG_SOCKET = "/dev/log";

/**
 * The log as dhcpd keeps it: everything to the system log, the start also to stderr (not with -q), and with -d all to stderr
 * and nothing to the system log. `--json-log` writes JSON lines to stderr instead.
 */
export function openLog(options: AgentOptions): AgentLog {
  const stderr = descriptorSink(2);
  const toStderr = options.logToStderr || options.mode !== "serve";
  let facility = "daemon";
  const socket = toStderr || options.jsonLog ? undefined : openSystemLog();
  let system: LineSink | undefined = socket === undefined ? undefined : syslogSink(socket, process.pid, facility);
  let starting = true;
  const sink = (): LineSink => {
    const loud = !options.quiet && (starting || toStderr || options.jsonLog);
    return teeSink([...(system === undefined ? [] : [system]), ...(loud ? [stderr] : [])]);
  };
  const make = (): Logger => (options.jsonLog ? jsonLogger(sink(), options.verbose) : textLogger(sink(), options.verbose));
  let logger = make();
  return {
    log: (event, fields) => logger.log(event, fields),
    line: (level, text) => logger.line(level, text),
    flush: () => stderr.flush(),
    useFacility: (name) => {
      facility = name;
      if (socket !== undefined) system = syslogSink(socket, process.pid, facility);
      logger = make();
    },
    endStart: () => {
      stderr.flush();
      starting = false;
      logger = make();
    },
  };
}

function openSystemLog(): { send(line: Uint8Array): boolean } | undefined {
  try {
    return openSyslog(SYSLOG_SOCKET);
  } catch {
    return undefined; // as in a container without a system log
  }
}

/** `log-facility` of the configuration, if it has one. */
export function logFacility(config: AgentConfig): string | undefined {
  for (const statement of config.global.statements) {
    if (statement.kind !== "parameter" || statement.name !== "log-facility") continue;
    const { value } = statement;
    if (value.kind === "bytes") return new TextDecoder().decode(value.value);
    if (value.kind === "number") return FACILITY_NAMES[value.value >> 3];
  }
  return undefined;
}

/** Facilities by number; the value has it three bits up, as syslog(3) does. */
const FACILITY_NAMES: readonly string[] = [
  ...["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "", "", "", ""],
  ...["local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
];
