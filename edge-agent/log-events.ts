/** Values of a log line; keys are snake_case with the unit last. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface LogEventRow {
  readonly level: "trace" | "debug" | "info" | "warn" | "error";
  /** The line as dhcpd's users know it; `{field}` is replaced. */
  readonly text: string;
  /** What it means and what to do about it, for the operations manual. */
  readonly meaning: string;
}

/** Every log event there is. A log call names one; docs/operations.md lists them all. */
export const LOG_EVENTS = {
  "dhcp-message": { level: "info", text: "{text}", meaning: "A client's message or the answer to it, in dhcpd's words." },
  failover: { level: "info", text: "{text}", meaning: "What the failover partners do, in dhcpd's words: states, updates, balance." },
  "failover-trouble": {
    level: "warn",
    text: "{text}",
    meaning: "The failover link or the partner misbehaves: refused connections, silence, conflicts. `tandem status` shows what is wrong.",
  },
  ledger: { level: "info", text: "{text}", meaning: "What the ledger says of this server: granted, fenced, cleared, reachable or not." },
  "ledger-trouble": {
    level: "warn",
    text: "{text}",
    meaning: "The ledger is out of reach, refuses us, or contradicts us. `tandem status` shows the backlog and what this server may do.",
  },
  "configured-message": { level: "info", text: "{text}", meaning: "A `log (info, …)` statement of the configuration ran." },
  "configured-detail": {
    level: "debug",
    text: "{text}",
    meaning: "A `log (debug, …)` statement of the configuration ran, or a command of `execute` is about to.",
  },
  "configured-error": {
    level: "error",
    text: "{text}",
    meaning: "A `log (error, …)` or `log (fatal, …)` statement of the configuration ran.",
  },
} as const satisfies Record<string, LogEventRow>;

export type LogEventName = keyof typeof LOG_EVENTS;
