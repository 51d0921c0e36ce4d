import * as z from "zod";

/** Environment of every function; infra sets it, so a name that is missing there does not compile. */
export const Environment = z.object({
  LEDGER_TABLE: z.string().min(3),
  CURSOR_KEY: z.string().min(16).describe("Signs page cursors; any random text, the same for all functions"),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
});
export type EnvironmentNames = keyof z.input<typeof Environment>;
/** Throws with the names of what is missing. */
export function readEnv(source: Readonly<Record<string, string | undefined>>): z.output<typeof Environment> {
  const parsed = Environment.safeParse(source);
  if (parsed.success) return parsed.data;
  throw new Error(`environment: ${parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; ")}`);
}
