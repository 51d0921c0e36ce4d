import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { GUARDS } from "../guards.ts";
import { editsOf } from "./edits.ts";
import { guardTable, readCatches } from "./table.ts";

const ROOT = join(import.meta.dirname, "../../..");
/** `npm run sim:mutants` takes all in turn; here each day has its share. */
const SHARES = 8;

test("docs/safety.md has the table of guards as it is recorded", () => {
  expect(readFileSync(join(ROOT, "docs/safety.md"), "utf8")).toContain(guardTable());
});

test("nothing is left that no world and no test needs", () => {
  const catches = readCatches();
  expect(GUARDS.filter(({ name }) => catches[name] === undefined)).toEqual([]);
});

test("each guard's text stands once in the source: it can be taken out", () => {
  const astray = GUARDS.flatMap((guard) => editsOf(guard).map((edit) => ({ name: guard.name, ...edit }))).filter(
    ({ file, find }) => readFileSync(join(ROOT, file), "utf8").split(find).length !== 2,
  );
  expect(astray.map(({ name, file }) => `${name}: ${file}`)).toEqual([]);
});

test("what is recorded for a guard complains without it", () => {
  const share = `${Math.floor(Date.now() / 86_400_000) % SHARES}/${SHARES}`;
  const main = join(import.meta.dirname, "main.ts");
  const run = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", main, "--recorded", "--part", share], {
    encoding: "utf8",
  });
  expect([run.status, run.status === 0 ? "" : run.stdout + run.stderr]).toEqual([0, ""]);
}, 240_000);
