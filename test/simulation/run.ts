import type { Aim } from "./draw.ts";
import { draw } from "./draw.ts";
import { drawLedger } from "./ledger/swarm.ts";
import { Prng } from "./prng.ts";
import { rashSwarm, type Swarm } from "./swarm.ts";
import { Violation, World } from "./world.ts";

/** What the command line wants changed in every world. */
export interface Wishes {
  readonly aim?: Aim | undefined;
  readonly operator?: string | undefined;
  /** "always": every pair has a ledger; "lying": one whose operators lie; "restored": one that is restored from copies often; "never". */
  readonly ledger?: string | undefined;
  /** Virtual machines are frozen, clocks and all. */
  readonly frozen?: boolean | undefined;
}

export function settingsOf(seed: number, wishes: Wishes): Swarm {
  const settings = drawn(seed, wishes);
  const { more } = settings;
  return wishes.frozen === true ? { ...settings, more: { ...more, faults: { ...more.faults, freeze: 300 } } } : settings;
}

function drawn(seed: number, { aim, operator, ledger }: Wishes): Swarm {
  if (operator === "rash") return rashSwarm(seed);
  if (ledger === undefined) return draw(seed, aim);
  if (ledger === "never") return draw(seed, aim, { ledger: undefined });
  const drawn = drawLedger(new Prng(seed, 40));
  if (ledger === "restored") return draw(seed, aim, { pair: true, ledger: { ...drawn, restores: restoredOften(seed) } });
  return draw(seed, aim, { pair: true, ledger: ledger === "lying" ? { ...drawn, operators: "lying" } : drawn });
}

const restoredOften = (seed: number) => ({ every: [600, 1800, 5400][seed % 3]!, oldest: [60, 900, 7200][Math.floor(seed / 3) % 3]! });

/** Runs a world to its end; gives what a checker complains of, or undefined. */
export async function complaintOf(settings: Swarm, print?: (line: string) => void): Promise<string | undefined> {
  try {
    await new World(settings, print).run();
    return undefined;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return error.message;
  }
}
