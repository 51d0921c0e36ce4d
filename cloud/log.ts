import { type DestinationStream, type Logger, pino } from "pino";

/** Fields that never reach a log: who a client is, and what proves who a caller is. */
const REDACTED = [
  "authorization",
  "*.authorization",
  "token",
  "*.token",
  "client",
  "*.client",
  "cid",
  "*.cid",
  "hn",
  "*.hn",
  "host",
  "*.host",
  "cursorKey",
  "*.cursorKey",
];

/** The functions' log: JSON lines, errors with their stacks, personal data and secrets taken out. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: REDACTED, censor: "[redacted]" },
    serializers: { error: pino.stdSerializers.err },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
