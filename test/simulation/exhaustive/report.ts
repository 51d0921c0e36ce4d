import type { Dimensions } from "./inspection.ts";
import { ROOTS } from "./roots.ts";
import { type Found, search } from "./search.ts";

/** MCLT is shorter than a lease, so that most of what two servers may promise each other matters. */
export const dimensionsOf = (addresses: number): Dimensions => ({ addresses, mclt: 60, leaseTime: 200 });

export interface Exploration {
  readonly depth: number;
  readonly addresses: number;
  /** Only roots whose name has this in it. */
  readonly root: string;
  readonly healEvery: number;
  /** Stops each search after so many transitions. */
  readonly most: number;
}

/** Searches from every root; prints a line for each, and the moves to what went wrong. False if anything did. */
export function explore({ depth, addresses, root, healEvery, most }: Exploration, print: (line: string) => void): boolean {
  let isClean = true;
  for (const name of Object.keys(ROOTS).filter((each) => each.includes(root))) {
    const before = process.cpuUsage();
    const found = search({ root: name, dimensions: dimensionsOf(addresses), depth, healEvery, most });
    const { user, system } = process.cpuUsage(before);
    print(`${lineOf(name, found)}, ${((user + system) / 1e6).toFixed(1)} s of one core`);
    if (found.failure === undefined) continue;
    isClean = false;
    print(`  ${found.failure.complaint}`);
    for (const [index, move] of found.failure.moves.entries()) print(`  ${index + 1}. ${move}`);
  }
  return isClean;
}

export const lineOf = (root: string, { states, transitions, depth, healed }: Found): string =>
  `${root}: ${states} states, ${transitions} transitions, depth ${depth}, ${healed} healed`;
