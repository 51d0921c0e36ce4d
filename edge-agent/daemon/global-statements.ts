import { hostname } from "node:os";
import type { AgentConfig } from "../config/agent-config.ts";
import { createEnvironment, run } from "../config/evaluate/statements.ts";
import { NO_CLIENT } from "../config/evaluation.ts";
import type { LogEventName } from "../log-events.ts";
import type { Logger } from "../rim/logger.ts";
import { epochSeconds, monotonicMillis } from "../values/time.ts";

const EVENTS: Readonly<Record<"fatal" | "error" | "info" | "debug", LogEventName>> = {
  fatal: "configured-error",
  error: "configured-error",
  info: "configured-message",
  debug: "configured-detail",
};

/**
 * dhcpd runs the statements outside of all declarations once when it has read the configuration, without any client, to learn its own
 * parameters. What they log then is said here too; commands of `execute` are for clients only.
 */
export function tellOfGlobalStatements(config: AgentConfig, log: Pick<Logger, "log">): void {
  const environment = createEnvironment({
    ...NO_CLIENT,
    config,
    hostName: hostname(),
    at: { now: epochSeconds(Math.floor(Date.now() / 1000)), monotonic: monotonicMillis(0), wallOffset: 0 },
  });
  run(config.global.statements, environment);
  for (const { priority, text } of environment.logs) log.log(EVENTS[priority], { text });
}
