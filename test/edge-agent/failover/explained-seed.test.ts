import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { draw } from "../../simulation/draw.ts";
import { World } from "../../simulation/world.ts";

test("the seed that docs/safety.md explains tells the story that is told there", async () => {
  const explained = /## One seed explained\n\n`npm run sim -- --aim crossing --ledger never --seed (\d+) --trace`/.exec(
    readFileSync("docs/safety.md", "utf8"),
  );
  const lines: string[] = [];
  await new World(draw(Number(explained?.[1]), "crossing", { ledger: undefined }), (line) => lines.push(line)).run();
  const told = lines.findIndex(
    (line) => line.includes("0:24:54") && line.includes("primary") && line.includes("BNDUPD") && line.includes("10.20.0.100 status 7"),
  );
  expect(told).toBeGreaterThan(0);
  expect(lines.slice(0, told).findLast((line) => line.includes("bound to 10.20.0.100"))).toContain("client-3");
  expect(lines.slice(told).find((line) => line.includes("-> BNDACK") && line.includes("10.20.0.100"))).toContain(
    "secondary  -> BNDACK #4 10.20.0.100 reject 15",
  );
  expect(lines.slice(told).find((line) => line.includes("secondary  -> BNDUPD") && line.includes("10.20.0.100"))).toContain("status 2");
});
