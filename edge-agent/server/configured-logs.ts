import type { Evaluation } from "../config/evaluation.ts";
import type { LogEventName } from "../log-events.ts";
import type { Exchange } from "./exchange.ts";

const EVENT_OF_PRIORITY: Readonly<Record<Evaluation["logs"][number]["priority"], LogEventName>> = {
  fatal: "configured-error",
  error: "configured-error",
  info: "configured-message",
  debug: "configured-detail",
};

/** Says what was logged since `told` lines of it were said; how many are said then. */
export function emitLogs(exchange: Exchange, logs: Evaluation["logs"], told: number): number {
  for (let at = told; at < logs.length; at += 1) {
    const { priority, text } = logs[at]!;
    exchange.effects.push({ kind: "log", event: EVENT_OF_PRIORITY[priority], fields: { text } });
  }
  return logs.length;
}
