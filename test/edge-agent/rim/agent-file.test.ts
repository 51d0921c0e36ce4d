import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAgentFile, readAgentFile } from "../../../edge-agent/rim/agent-file.ts";

const LEDGER = { table: "t", region: "eu-central-1" };
const SITE = { relationship: "lab", site: "LISBON-1" };
const errorOf = (value: unknown): string => {
  const parsed = parseAgentFile("agent.json", typeof value === "string" ? value : JSON.stringify(value));
  return parsed.ok ? "none" : parsed.error;
};

test("a sound file is taken, with the defaults", () => {
  const parsed = parseAgentFile("agent.json", JSON.stringify({ ledger: { ...LEDGER, endpoint: "http://127.0.0.1:8000" }, sites: [SITE] }));
  expect(parsed).toMatchObject({ ok: true, value: { sites: [{ autonomySeconds: 3600, coldStart: "run-down", partner: "tandem" }] } });
});

test.each([
  ["a field that is not there", {}, "agent.json: ledger: is missing; sites: is missing"],
  ["a field that nobody knows", { ledger: { ...LEDGER, apikey: 1 }, sites: [SITE] }, 'ledger: there is no "apikey"; it has table, region,'],
  ["one in a site", { ledger: LEDGER, sites: [{ ...SITE, autonomy: 60 }] }, 'sites.0: there is no "autonomy"; it has relationship, site,'],
  ["no scheme", { ledger: { ...LEDGER, endpoint: "localhost:8000" }, sites: [SITE] }, "ledger.endpoint: not a URL such as https://"],
  [
    "a word that is none",
    { ledger: LEDGER, sites: [{ ...SITE, coldStart: "runDown" }] },
    'sites.0.coldStart: Invalid option: expected one of "run-down"|',
  ],
  ["a name that is none", { ledger: LEDGER, sites: [{ ...SITE, site: "Lisbon 1" }] }, "sites.0.site: a site is named by 2 to 24 of"],
  ["one relationship twice", { ledger: LEDGER, sites: [SITE, { ...SITE, site: "LISBON-2" }] }, "sites: one relationship is named twice"],
  ["no JSON", '{"ledger": }', "agent.json: Unexpected token"],
])("%s is told with its place", (_what, value, said) => {
  expect(errorOf(value)).toContain(said);
});

test("of two places the first that has a file counts; the only one must have it", () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-agent-file-"));
  try {
    const [here, nowhere] = [join(folder, "agent.json"), join(folder, "none", "agent.json")];
    expect(readAgentFile([nowhere, here])).toEqual({ ok: true, value: undefined });
    writeFileSync(here, JSON.stringify({ ledger: LEDGER, sites: [SITE] }));
    expect(readAgentFile([nowhere, here])).toMatchObject({ ok: true, value: { ledger: LEDGER } });
    expect(readAgentFile([nowhere])).toMatchObject({ ok: false, error: expect.stringContaining("ENOENT") });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
