import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const fixtures = readdirSync(join(ROOT, "test/fixtures/failover"));

/** The table of what is known of dhcpd names tests that are there. */
test("every test that docs/failover-facts.md names exists", () => {
  const text = readFileSync(join(ROOT, "docs/failover-facts.md"), "utf8");
  const named = [...text.matchAll(/`([\w./-]+\.(?:ts|cases))` "([^"]+)"/g)];
  expect(named.length).toBeGreaterThan(80);
  const missing = named.flatMap(([, path = "", words = ""]) => {
    const file = join(ROOT, "test", path.replace(/^unit\//, "edge-agent/failover/"));
    const isThere = existsSync(file) && readFileSync(file, "utf8").includes(words);
    return isThere || fixtures.includes(`${words}.hex`) ? [] : [`${path}: ${words}`];
  });
  expect(missing).toEqual([]);
});
