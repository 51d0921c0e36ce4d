import { expect, test } from "vitest";
import { load } from "../../support/load-config.ts";
import { verdictCases } from "../../support/verdict-cases.ts";

const FILES = { "/dev/null": "" };

/** "accept", or "reject LINE" with the line of the first error. */
function verdict(text: string): string {
  const { config, diagnostics } = load(text, FILES);
  if (config !== undefined) return "accept";
  return `reject ${diagnostics.find((one) => one.severity === "error")?.location.line}`;
}

test("every construct is accepted or refused as dhcpd does, at the same line", () => {
  const cases = verdictCases();
  expect(cases.length).toBeGreaterThan(250);
  const wrong = cases
    .map((one) => ({ ...one, found: verdict(one.text) }))
    .filter(({ ours, found }) => found !== ours && !(ours === "reject" && found.startsWith("reject")))
    .map(({ file, line, text, ours, found }) => `${file}:${line}: ${found} instead of ${ours}:\n${text}`);
  expect(wrong).toEqual([]);
});
