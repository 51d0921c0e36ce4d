import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AIMS, draw } from "./draw.ts";
import { complaintOf, settingsOf } from "./run.ts";
import { World } from "./world.ts";

/** How many seeds no run of another state of the sources has seen. */
const FRESH_COUNT = Number(process.env["TANDEM_FRESH_SEEDS"] ?? (process.env["CI"] === undefined ? 100 : 2000));
/**
 * Where they begin: other seeds for every state of the sources, the same ones for the same state, so that what has passed passes again. A
 * failure names its seed, and `npm run sim -- --seed N --trace` shows it again.
 */
const FIRST_FRESH = firstFresh();

function firstFresh(): number {
  const hash = createHash("sha256");
  for (const folder of ["edge-agent", "cloud", "test/simulation"])
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort())
      if (name.endsWith(".ts")) hash.update(readFileSync(join(folder, name)));
  return (hash.digest().readUInt32BE() % 1_000_000_000) + 1_000_000;
}

test.each([1, 101])(
  "the hundred seeds from %i: no checker complains, and every pair heals",
  async (from) => {
    const failures: string[] = [];
    for (let seed = from; seed < from + 100; seed += 1) failures.push((await complaintOf(settingsOf(seed, {}))) ?? "");
    expect(failures.filter((failure) => failure !== "")).toEqual([]);
  },
  240_000,
);

test.each(AIMS)("worlds aimed at %s", async (aim) => {
  const failures: string[] = [];
  for (let seed = 1; seed <= (aim === "full" ? 2 : 10); seed += 1) failures.push((await complaintOf(draw(seed, aim))) ?? "");
  expect(failures.filter((failure) => failure !== "")).toEqual([]);
});

test(
  "fresh seeds",
  async () => {
    const failures: string[] = [];
    let seed = FIRST_FRESH;
    for (; seed < FIRST_FRESH + FRESH_COUNT && failures.length < 10; seed += 1) {
      const failure = await complaintOf(settingsOf(seed, {}));
      if (failure !== undefined) failures.push(failure);
    }
    process.stdout.write(`fresh seeds ${FIRST_FRESH}..${seed - 1}: ${failures.length} failed\n`);
    expect(failures).toEqual([]);
  },
  FRESH_COUNT * 1000 + 60_000,
);

test("one seed decides everything", async () => {
  const linesOf = async (seed: number) => {
    const lines: string[] = [];
    await new World(draw(seed), (line) => lines.push(line)).run();
    return lines;
  };
  expect(await linesOf(3)).toEqual(await linesOf(3));
});
