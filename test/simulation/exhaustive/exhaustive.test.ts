import { expect, test } from "vitest";
import { dimensionsOf, explore, lineOf } from "./report.ts";
import { ROOTS } from "./roots.ts";
import { search } from "./search.ts";

test.each(Object.keys(ROOTS))(
  "%s: no sequence of four moves breaks anything",
  (root) => {
    const found = search({ root, dimensions: dimensionsOf(2), depth: 4, healEvery: 50 });
    process.stdout.write(`${lineOf(root, found)}\n`);
    expect(found.failure).toBeUndefined();
    expect(found.depth).toBe(4);
    // a search that cannot move is none
    expect(found.states).toBeGreaterThan(500);
    expect(found.healed).toBeGreaterThan(0);
  },
  120_000,
);

test("with a single address too", () => {
  const lines: string[] = [];
  const isClean = explore({ depth: 3, addresses: 1, root: "", healEvery: 20, most: Number.POSITIVE_INFINITY }, (line) => lines.push(line));
  expect([isClean, lines.filter((line) => line.startsWith("  "))]).toEqual([true, []]);
  expect(lines).toHaveLength(Object.keys(ROOTS).length);
});

test("the same search finds the same", () => {
  const once = () => search({ root: "both are normal", dimensions: dimensionsOf(2), depth: 3, healEvery: 20 });
  expect(once()).toEqual(once());
});
