import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MANUAL_STATEMENTS, statusOf, withTables } from "../../../edge-agent/check/configuration-tables.ts";
import { PARAMETERS } from "../../../edge-agent/config/parameters.ts";
import { DECLARATIONS, EXECUTABLE_STATEMENTS } from "../../../edge-agent/config/suggestions.ts";
import { load } from "../../support/load-config.ts";

test("docs/configuration.md has the tables of the code; renew them with node edge-agent/bin/print-configuration-tables.ts", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../docs/configuration.md"), "utf8");
  expect(withTables(text)).toBe(text);
  expect(text.split("\n").length).toBeGreaterThan(150);
});

test("every statement of the manual has a status, once", () => {
  expect(MANUAL_STATEMENTS.filter((name) => statusOf(name) === "not known")).toEqual([]);
  expect(new Set(MANUAL_STATEMENTS).size).toBe(MANUAL_STATEMENTS.length);
});

test("words that are said to begin statements do: none of them is taken for an unknown word", () => {
  const words = [...new Set([...PARAMETERS.keys(), ...EXECUTABLE_STATEMENTS, ...Object.values(DECLARATIONS).flat()])];
  const unknown = words.filter((word) =>
    load(`group { ${word} !; }`).diagnostics.some(({ mend }) => mend?.includes("is no statement that dhcpd knows") === true),
  );
  expect(unknown).toEqual([]);
});

test.each([
  "subnet6 2001:db8::/64 { }",
  "subnet 10.0.0.0 netmask 255.0.0.0 { range6 ::1 ::2; }",
  "use-eui-64 true;",
  "persist-eui-64-leases true;",
])("refused as the table says: %s", (text) => {
  expect(load(text).config).toBeUndefined();
});
