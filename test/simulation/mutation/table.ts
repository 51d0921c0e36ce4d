import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Aim, draw } from "../draw.ts";
import { GUARDS } from "../guards.ts";
import type { World } from "../world.ts";
import { SCRIPTS, scripted } from "./scripts.ts";

/** What complains when a guard is missing: a drawn world, a script, the search among small worlds, or a unit test that a world cannot stand for. */
export type Catch =
  | { readonly seed: number; readonly aim: Aim }
  | { readonly script: string }
  | { readonly search: string; readonly depth: number }
  | { readonly test: string };
/** A world that can be built. */
export type WorldCatch = Exclude<Catch, { readonly test: string } | { readonly search: string }>;

/** What each guard was caught by, by its name. */
export const readCatches = (): Record<string, Catch> =>
  JSON.parse(readFileSync(join(import.meta.dirname, "catches.json"), "utf8")) as Record<string, Catch>;

export function textOf(found: Catch): string {
  if ("seed" in found) return `seed ${found.seed} of ${found.aim}`;
  if ("script" in found) return `script: ${found.script}`;
  return "search" in found ? `search, ${found.depth} moves: ${found.search}` : found.test;
}

const LEDGER_AIMS: ReadonlySet<Aim> = new Set(["ledger", "witness", "claims"]);

/** The world of a catch; the ledger only where it is aimed at, so that failover's guards stand alone. */
export function worldOf(Kind: typeof World, found: WorldCatch): World {
  if ("seed" in found) return new Kind(draw(found.seed, found.aim, LEDGER_AIMS.has(found.aim) ? {} : { ledger: undefined }));
  const script = SCRIPTS[found.script];
  if (script === undefined) throw new Error(`no script is called "${found.script}"`);
  return scripted(Kind, script);
}

/** The table of docs/safety.md: each guard, and what complains without it. */
export function guardTable(): string {
  const catches = readCatches();
  const rows = GUARDS.map(({ name }) => {
    const found = catches[name];
    return `| ${name} | ${found === undefined ? "nothing recorded" : textOf(found)} |`;
  });
  return ["| without this guard | this complains |", "|---|---|", ...rows, ""].join("\n");
}
