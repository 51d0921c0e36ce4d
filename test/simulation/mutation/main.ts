import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine, refuse } from "../../support/command-line.ts";
import { AIMS } from "../draw.ts";
import { dimensionsOf } from "../exhaustive/report.ts";
import type { search } from "../exhaustive/search.ts";
import type { Guard } from "../guards/guard.ts";
import { GUARDS } from "../guards.ts";
import { World } from "../world.ts";
import { SCRIPTS } from "./scripts.ts";
import { type Catch, guardTable, readCatches, textOf, type WorldCatch, worldOf } from "./table.ts";
import { searchWithout, worldWithout } from "./without.ts";

/** Seeds that once showed a mistake (regressions.test.ts). */
const FORMER = [7, 16, 29, 99, 134, 358, 784, 927, 1027];

const HELP = `npm run sim:mutants -- [options]      takes the product's guards out, one at a time; each must make what is recorded for it complain

  --only TEXT             guards whose name has this in it
  --part I/N              every Nth guard, from the Ith (from 0) on
  --search N              looks through N seeds of each aim for those that nothing complains of
  --aim AIM               of this aim only
  --anew                  looks for a world also where a unit test is recorded
  --recorded              only guards that something is recorded for
  --record                writes what complained into catches.json
  --table                 prints the table of docs/safety.md, and tries nothing
`;
const NAME = "npm run sim:mutants";

const { values } = commandLine({
  name: NAME,
  help: HELP,
  numbers: ["search"],
  options: {
    only: { type: "string" },
    part: { type: "string" },
    search: { type: "string", default: "0" },
    aim: { type: "string" },
    anew: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    recorded: { type: "boolean", default: false },
    table: { type: "boolean", default: false },
  },
});
if (values.part !== undefined && !/^\d+\/[1-9]\d*$/.test(values.part)) refuse(NAME, `--part is I/N, not ${values.part}`);

/** What a world complains of; undefined if nothing. */
async function complaint(Kind: typeof World, found: WorldCatch): Promise<string | undefined> {
  try {
    await worldOf(Kind, found).run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What the search among small worlds complains of. */
function searchComplaint(searching: typeof search, { search: root, depth }: Extract<Catch, { search: string }>): string | undefined {
  try {
    return searching({ root, dimensions: dimensionsOf(2), depth, healEvery: 50 }).failure?.complaint;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What a unit test complains of without the guard. */
function testComplaint(guard: Guard | undefined, files: readonly string[]): string | undefined {
  const config = join(import.meta.dirname, "vitest.config.ts");
  const run = spawnSync("vitest", ["run", "--config", config, "--root", join(import.meta.dirname, "../../.."), ...files], {
    encoding: "utf8",
    env: { ...process.env, WITHOUT_GUARD: guard?.name ?? "", NO_COLOR: "1" },
  });
  if (run.status === 0) return undefined;
  const failure = /FAIL .*/.exec(run.stdout + run.stderr)?.[0];
  if (failure === undefined) throw new Error(`the tests of "${guard?.name}" do not run: ${run.stdout}${run.stderr}`);
  return failure;
}

/** Worlds to look at, the likely ones first. */
function* candidates(seeds: number): Generator<WorldCatch> {
  if (seeds === 0) return;
  for (const script of Object.keys(SCRIPTS)) yield { script };
  for (let seed = 1; seed <= seeds; seed += 1)
    for (const aim of AIMS) if (aim !== "full" && aim === (values.aim ?? aim)) yield { seed, aim };
  for (const seed of FORMER) yield { seed, aim: "full" };
}

/** The first world that is clean with the guard and complains without it. */
async function lookFor(Kind: typeof World, seeds: number): Promise<{ readonly found: Catch; readonly text: string } | undefined> {
  for (const found of candidates(seeds)) {
    const text = await complaint(Kind, found);
    if (text !== undefined && (await complaint(World, found)) === undefined) return { found, text };
  }
  return undefined;
}

const [part = 0, parts = 1] = (values.part ?? "0/1").split("/").map(Number);
const catches = readCatches();
let missed = 0;

async function examine(guard: Guard): Promise<void> {
  const former = catches[guard.name];
  // looked for anew, a unit test gives way to a world
  const recorded = values.anew && former !== undefined && "test" in former ? undefined : former;
  let found = recorded;
  let text: string | undefined;
  if (found !== undefined && "test" in found) text = testComplaint(guard, [found.test]);
  else if (found !== undefined && "search" in found) text = searchComplaint(await searchWithout(guard), found);
  else {
    const Kind = await worldWithout(guard);
    if (found !== undefined) text = await complaint(Kind, found);
    const shared = text === undefined || found === undefined ? undefined : await complaint(World, found);
    if (shared !== undefined) process.stdout.write(`${textOf(found as Catch)} complains though "${guard.name}" is there: ${shared}\n`);
    if (text === undefined || shared !== undefined) {
      ({ found, text } = (await lookFor(Kind, Number(values.search))) ?? { found: undefined, text: undefined });
    }
  }
  if ((found === undefined || text === undefined) && former !== recorded) return;
  if (found === undefined || text === undefined) {
    missed += 1;
    delete catches[guard.name];
  } else catches[guard.name] = found;
  const where = found === undefined || text === undefined ? "MISSED" : textOf(found);
  process.stdout.write(`${guard.name.padEnd(58)} ${where.padEnd(28)} ${(text ?? "").split("\n")[0]?.slice(0, 120)}\n`);
}

const isWanted = (name: string, index: number): boolean =>
  index % parts === part && name.includes(values.only ?? "") && (!values.recorded || catches[name] !== undefined);
const chosen = values.table ? [] : GUARDS.filter(({ name }, index) => isWanted(name, index));
for (const guard of chosen) await examine(guard);
process.stdout.write(values.table ? guardTable() : `${missed} of ${chosen.length} guards are missed\n`);
process.exitCode = missed === 0 ? 0 : 1;
if (values.record) {
  const path = join(import.meta.dirname, "catches.json");
  const latest = { ...(JSON.parse(readFileSync(path, "utf8")) as Record<string, Catch>) };
  for (const { name } of chosen) {
    delete latest[name];
    if (catches[name] !== undefined) latest[name] = catches[name];
  }
  const ordered = Object.fromEntries(GUARDS.flatMap(({ name }) => (latest[name] === undefined ? [] : [[name, latest[name]]])));
  writeFileSync(path, `${JSON.stringify(ordered, null, 2)}\n`);
}
