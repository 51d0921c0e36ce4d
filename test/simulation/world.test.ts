import { expect, test } from "vitest";
import { swarm } from "./swarm.ts";
import { World } from "./world.ts";

const FIXED = Array.from({ length: 12 }, (_, index) => index + 1);

/** Other seeds wherever somebody looks at the result; a failure names its seed, and `npm run sim -- --seed N --trace` shows it again. */
const START = Math.floor(Date.now() / 1000) % 1_000_000_000;
const FRESH =
  process.env["TANDEM_FRESH_SEEDS"] === undefined
    ? []
    : Array.from({ length: Number(process.env["TANDEM_FRESH_SEEDS"]) }, (_, index) => START * 3 + index);

test.each([...FIXED, ...FRESH])("seed %i: no checker complains, and the pair heals", async (seed) => {
  const world = new World(swarm(seed));
  await world.run();
  expect(world.agenda.done).toBeGreaterThan(100);
});

test("one seed decides everything", async () => {
  const linesOf = async (seed: number) => {
    const lines: string[] = [];
    await new World(swarm(seed), (line) => lines.push(line)).run();
    return lines;
  };
  expect(await linesOf(3)).toEqual(await linesOf(3));
});
