import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LOG_EVENTS } from "../../edge-agent/log-events.ts";

const MANUAL = join(import.meta.dirname, "../../docs/operations.md");

/** The table of docs/operations.md, made from the catalogue; `UPDATE_DOCS=1` writes it. */
test("the manual lists every log event", () => {
  const rows = Object.entries(LOG_EVENTS).map(([name, { level, meaning }]) => `| \`${name}\` | ${level} | ${meaning} |`);
  const table = ["| event | level | meaning |", "|---|---|---|", ...rows].join("\n");
  const manual = readFileSync(MANUAL, "utf8");
  const updated = manual.replace(/<!-- log-events -->[\s\S]*<!-- \/log-events -->/, `<!-- log-events -->\n${table}\n<!-- /log-events -->`);
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(MANUAL, updated);
  else expect(manual).toBe(updated);
});
