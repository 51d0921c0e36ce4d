import { disagreement } from "../checkers/agreement.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Dimensions } from "./inspection.ts";
import { movesOf } from "./moves.ts";
import { siteOf } from "./roots.ts";
import type { SmallSite } from "./small-site.ts";

export interface SearchOptions {
  readonly root: string;
  readonly dimensions: Dimensions;
  /** How many moves away from the root. */
  readonly depth: number;
  /** One in so many worlds is healed, and must then come to be NORMAL with equal databases; 0 for none. */
  readonly healEvery: number;
  /** Stops after so many transitions. */
  readonly most?: number;
}
export interface Found {
  readonly states: number;
  readonly transitions: number;
  /** How far all moves were tried. */
  readonly depth: number;
  readonly healed: number;
  /** What went wrong, and by which moves; undefined if nothing did. */
  readonly failure: { readonly complaint: string; readonly moves: readonly string[] } | undefined;
}

/** A world that is still to be gone on from, and how it came about. */
interface Reached {
  readonly site: SmallSite;
  readonly trail: Trail | undefined;
}
interface Trail {
  readonly move: string;
  readonly before: Trail | undefined;
}

/** Breadth first: every sequence of moves up to a depth, where worlds that are the same are gone on from once. The first failure is a shortest one. */
export function search({ root, dimensions, depth, healEvery, most = Number.POSITIVE_INFINITY }: SearchOptions): Found {
  const seen = new Set<number>();
  let reached: Reached[] = [{ site: siteOf(root, dimensions), trail: undefined }];
  let [transitions, healed, level] = [0, 0, 0];
  const result = (failure: Found["failure"]): Found => ({ states: seen.size, transitions, depth: level, healed, failure });
  for (; level < depth && reached.length > 0; level += 1) {
    const next: Reached[] = [];
    for (const { site, trail } of reached) {
      for (const move of movesOf(site)) {
        if (transitions >= most) return result(undefined);
        transitions += 1;
        const moved = { move: move.name, before: trail };
        try {
          const after = site.fork();
          move.apply(after);
          const print = fingerprint(after);
          if (seen.has(print)) continue;
          seen.add(print);
          if (healEvery > 0 && print % healEvery === 0) {
            healed += 1;
            heal(after.fork());
          }
          if (level + 1 < depth) next.push({ site: after, trail: moved });
        } catch (error) {
          return result({ complaint: error instanceof Error ? error.message : String(error), moves: movesIn(moved) });
        }
      }
    }
    reached = next;
  }
  return result(undefined);
}

function movesIn(trail: Trail): readonly string[] {
  const moves: string[] = [];
  for (let each: Trail | undefined = trail; each !== undefined; each = each.before) moves.unshift(each.move);
  return moves;
}

/** Longest time that a pair without faults takes to agree, beside MCLT; milliseconds. */
const HEALING_MILLIS = 900_000;

/** Nothing fails from here on: both must come to be NORMAL with equal databases. */
function heal(site: SmallSite): void {
  site.cut = false;
  const down = site.declaredDown;
  for (const side of [0, 1] as const) if (side !== down && site.servers[side].memory === undefined) site.start(side);
  if (down !== undefined) {
    // it comes back when it can speak with the other
    site.pass(site.now + 20_000, true);
    site.declaredDown = undefined;
    if (site.servers[down].memory === undefined) site.start(down);
  }
  const end = site.now + HEALING_MILLIS + 2000 * site.inspection.sceneOf(site).swarm.mclt;
  for (;;) {
    const problem = disagreement(site.inspection.sceneOf(site));
    if (problem === undefined) return;
    if (site.now >= end) throw new Error(`the pair does not heal: ${problem}`);
    site.pass(site.now + 20_000, true);
  }
}
