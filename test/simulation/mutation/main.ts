import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AIMS, draw } from "../draw.ts";
import { GUARDS, type Guard } from "../guards.ts";
import { World } from "../world.ts";
import { type Catch, readCatches } from "./table.ts";
import { worldWithout } from "./without.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    part: { type: "string" },
    search: { type: "string", default: "0" },
    record: { type: "boolean", default: false },
  },
});

/** What a world complains of; undefined if nothing. */
async function complaint(Kind: typeof World, { seed, aim }: Catch): Promise<string | undefined> {
  try {
    await new Kind(draw(seed, aim)).run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The first world that is clean with the guard and complains without it. */
async function search(Kind: typeof World, seeds: number): Promise<{ readonly found: Catch; readonly text: string } | undefined> {
  for (let seed = 1; seed <= seeds; seed += 1) {
    for (const aim of AIMS) {
      const text = await complaint(Kind, { seed, aim });
      if (text !== undefined && (await complaint(World, { seed, aim })) === undefined) return { found: { seed, aim }, text };
    }
  }
  return undefined;
}

const [part = 0, parts = 1] = (values.part ?? "0/1").split("/").map(Number);
const catches = readCatches();
let missed = 0;

async function examine(guard: Guard): Promise<void> {
  const Kind = await worldWithout(guard);
  const recorded = catches[guard.name];
  let text = recorded === undefined ? undefined : await complaint(Kind, recorded);
  let found = text === undefined ? undefined : recorded;
  if (found !== undefined && (await complaint(World, found)) !== undefined) {
    process.stdout.write(`${guard.name}: seed ${found.seed} of "${found.aim}" complains though the guard is there\n`);
    found = undefined;
  }
  if (found === undefined) ({ found, text } = (await search(Kind, Number(values.search))) ?? { found, text: undefined });
  if (found === undefined) {
    missed += 1;
    delete catches[guard.name];
  } else catches[guard.name] = found;
  const where = found === undefined ? "MISSED" : `${found.aim} ${found.seed}`;
  process.stdout.write(`${where.padEnd(18)} ${guard.name.padEnd(64)} ${(text ?? "").split("\n")[0]?.slice(0, 140)}\n`);
}

const chosen = GUARDS.filter(({ name }, index) => index % parts === part && name.includes(values.only ?? ""));
for (const guard of chosen) await examine(guard);
process.stdout.write(`${missed} of ${chosen.length} guards are missed\n`);
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
