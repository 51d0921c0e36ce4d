import { expect, test } from "vitest";
import { AIMS, draw } from "./draw.ts";
import { complaintOf, settingsOf } from "./run.ts";
import { World } from "./world.ts";

/** So many seconds a run may spend on seeds; CI has minutes. */
const FRESH_SECONDS = Number(process.env["TANDEM_FRESH_SECONDS"] ?? (process.env["CI"] === undefined ? 5 : 180));
/** Other seeds every time; a failure names its seed, and `npm run sim -- --seed N --trace` shows it again. */
const FIRST_FRESH = (Math.floor(Date.now() / 1000) % 1_000_000_000) * 4;

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
    const end = Date.now() + FRESH_SECONDS * 1000;
    const failures: string[] = [];
    let seed = FIRST_FRESH;
    for (; Date.now() < end && failures.length < 10; seed += 1) {
      const failure = await complaintOf(settingsOf(seed, {}));
      if (failure !== undefined) failures.push(failure);
    }
    process.stdout.write(`fresh seeds ${FIRST_FRESH}..${seed - 1}: ${failures.length} failed\n`);
    expect(failures).toEqual([]);
  },
  FRESH_SECONDS * 1000 + 60_000,
);

test("one seed decides everything", async () => {
  const linesOf = async (seed: number) => {
    const lines: string[] = [];
    await new World(draw(seed), (line) => lines.push(line)).run();
    return lines;
  };
  expect(await linesOf(3)).toEqual(await linesOf(3));
});
