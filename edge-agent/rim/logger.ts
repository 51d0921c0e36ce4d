import { writeSync } from "node:fs";
import pino from "pino";
import { LOG_EVENTS, type LogEventName, type LogEventRow, type LogFields } from "../log-events.ts";

/** Where log lines go. Nothing here ever throws or waits: a log that nobody reads loses lines, and says how many. */
export interface Logger {
  log(event: LogEventName, fields: LogFields): void;
  /** A line of the start, the end or a refusal, in dhcpd's words; multi-line text stays together. */
  line(level: LogEventRow["level"], text: string): void;
  flush(): void;
}

export interface LineSink {
  write(level: LogEventRow["level"], line: string): void;
  flush(): void;
}

const FLUSH_MILLIS = 50;
/** Bytes gathered before they are written at once. */
const FLUSH_CHARACTERS = 1 << 16;
/** Characters kept for a reader that does not read. */
const MAXIMUM_CHARACTERS = 1 << 22;

/** A sink that writes lines to a descriptor in bursts, at least every 50 ms. */
export function descriptorSink(fd: number): LineSink {
  let pending = "";
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    if (pending === "" && timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    if (lost > 0 && pending.length < MAXIMUM_CHARACTERS / 2) {
      pending += `${lost} log lines were lost: they are not being read fast enough\n`;
      lost = 0;
    }
    pending = writeSome(fd, pending);
    if (pending !== "") timer = setTimeout(flush, FLUSH_MILLIS);
  };
  return {
    write: (_level, line) => {
      if (pending.length > MAXIMUM_CHARACTERS) {
        lost += 1;
        return;
      }
      pending += `${line}\n`;
      if (pending.length > FLUSH_CHARACTERS) flush();
      else timer ??= setTimeout(flush, FLUSH_MILLIS);
    },
    flush,
  };
}

/** Writes text; gives back what a full pipe did not take. A broken descriptor swallows everything. */
export function writeSome(fd: number, text: string): string {
  if (text === "") return "";
  const bytes = Buffer.from(text, "utf8");
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(fd, bytes, written);
    return "";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EAGAIN" ? bytes.subarray(written).toString("utf8") : "";
  }
}

/** syslog severities (RFC 5424 §6.2.1) of our levels. */
const SEVERITY: Readonly<Record<LogEventRow["level"], number>> = { trace: 7, debug: 7, info: 6, warn: 4, error: 3 };
/** Names that `log-facility` takes (syslog(3)). */
const FACILITIES: Readonly<Record<string, number>> = {
  ...{ kern: 0, user: 1, mail: 2, daemon: 3, auth: 4, security: 4, syslog: 5, lpr: 6, news: 7, uucp: 8, cron: 9, authpriv: 10, ftp: 11 },
  ...{ local0: 16, local1: 17, local2: 18, local3: 19, local4: 20, local5: 21, local6: 22, local7: 23 },
};

/** A sink to the system log as dhcpd writes it: "dhcpd[PID]: line", in `facility` ("daemon" unless `log-facility` says otherwise). */
export function syslogSink(socket: { send(line: Uint8Array): boolean }, pid: number, facility: string): LineSink {
  const encoder = new TextEncoder();
  const base = (FACILITIES[facility] ?? 3) * 8;
  let lost = 0;
  return {
    write: (level, line) => {
      for (const each of line.split("\n")) {
        if (each === "") continue;
        const text = lost > 0 ? `${each} (${lost} lines before this one were lost)` : each;
        if (socket.send(encoder.encode(`<${base + SEVERITY[level]}>dhcpd[${pid}]: ${text}`))) lost = 0;
        else lost += 1;
      }
    },
    flush: () => {},
  };
}

/** Every line to all of `sinks`. */
export const teeSink = (sinks: readonly LineSink[]): LineSink => ({
  write: (level, line) => {
    for (const sink of sinks) sink.write(level, line);
  },
  flush: () => {
    for (const sink of sinks) sink.flush();
  },
});

const ROWS: Readonly<Record<LogEventName, LogEventRow>> = LOG_EVENTS;
const levelOf = (event: LogEventName): LogEventRow["level"] => ROWS[event].level;

/** Is an event for everybody's eyes? What the configuration itself logs is, at any priority, as in dhcpd. */
const isShown = (event: LogEventName, level: LogEventRow["level"]): boolean =>
  (level !== "trace" && level !== "debug") || event === "configured-detail";

/** Lines as dhcpd's users know them; `trace` and `debug` events of our own are left out unless `verbose`. */
export function textLogger(sink: LineSink, verbose: boolean): Logger {
  const templates = new Map<string, readonly string[]>();
  for (const [name, { text }] of Object.entries(LOG_EVENTS)) templates.set(name, text.split(/\{([a-z0-9_]+)\}/));
  return {
    log: (event, fields) => {
      const level = levelOf(event);
      if (!verbose && !isShown(event, level)) return;
      sink.write(level, fill(templates.get(event) ?? [], fields));
    },
    line: (level, text) => {
      if (verbose || (level !== "trace" && level !== "debug")) sink.write(level, text);
    },
    flush: () => sink.flush(),
  };
}

function fill(parts: readonly string[], fields: LogFields): string {
  let text = parts[0] ?? "";
  for (let index = 1; index < parts.length; index += 2) text += `${fields[parts[index] ?? ""] ?? ""}${parts[index + 1] ?? ""}`;
  return text;
}

/** One JSON object a line: time, level, event, fields, and the line in words as `msg`. */
export function jsonLogger(sink: LineSink, verbose: boolean): Logger {
  const destination = { write: (line: string) => sink.write("info", line.endsWith("\n") ? line.slice(0, -1) : line) };
  const logger = pino({ level: "trace", base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const templates = new Map(Object.entries(LOG_EVENTS).map(([name, { text }]) => [name, text.split(/\{([a-z0-9_]+)\}/)]));
  return {
    log: (event, fields) => {
      const level = levelOf(event);
      if (verbose || isShown(event, level)) logger[level]({ event, ...fields }, fill(templates.get(event) ?? [], fields));
    },
    line: (level, text) => {
      if (verbose || (level !== "trace" && level !== "debug")) logger[level](text.trim());
    },
    flush: () => sink.flush(),
  };
}

/** Drops everything. */
export const silentSink: LineSink = { write: () => {}, flush: () => {} };
