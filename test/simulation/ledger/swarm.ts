import { Prng } from "../prng.ts";

/** What the ledger of a seed's world is like. Milliseconds unless the name says otherwise. */
export interface LedgerSwarm {
  /** How long a server that is cut off from partner and ledger goes on. */
  readonly autonomySeconds: number;
  readonly coldStart: "run-down" | "fence";
  /** With more entries waiting, renewals are merged. */
  readonly mergeBacklog: number;
  /** Wall clock of the cloud minus true time, seconds. */
  readonly cloudSkewSeconds: number;
  readonly wanDelay: number;
  readonly wanLoss: number;
  readonly straggling: number;
  /** Share of requests that the cloud puts off, and of those that it carries out and answers with an error. */
  readonly throttling: number;
  readonly lostAnswers: number;
  /** How far indexes and reads that are not consistent lag behind, at most. */
  readonly indexLag: number;
  /** Mean seconds between troubles; 0 for never. */
  readonly troubles: Readonly<Record<LedgerTrouble, number>>;
  readonly operators: LedgerOperators;
  /** Mean seconds between restores of the table from a copy, and how old the copy is at most; 0 for never. */
  readonly restores: { readonly every: number; readonly oldest: number };
}

/**
 * Who acts through the ledger. "careful": asks on evidence, and forces only what is so. "forcing": declares a server alone by
 * his word while the other one lives. "lying": also takes over from, and calls a pair again, what lives and serves.
 */
export type LedgerOperators = "none" | "careful" | "forcing" | "lying";

export const LEDGER_TROUBLES = ["wanCut", "cloudOut", "act", "quarrel", "stop"] as const;
export type LedgerTrouble = (typeof LEDGER_TROUBLES)[number];

/** Does this seed have a ledger, and what is it like? Drawn apart from all else, so that the other worlds stay as they are. */
export function ledgerSwarm(seed: number): LedgerSwarm | undefined {
  const random = new Prng(seed, 30);
  return random.chance(0.12) ? drawLedger(random) : undefined;
}

export const NO_RESTORES = { every: 0, oldest: 0 } as const;

export function drawLedger(random: Prng): LedgerSwarm {
  return {
    autonomySeconds: random.pick([60, 120, 600, 3600]),
    coldStart: random.chance(0.7) ? "run-down" : "fence",
    mergeBacklog: random.pick([5, 50, 50_000]),
    cloudSkewSeconds: random.chance(0.5) ? random.below(601) - 300 : 0,
    wanDelay: random.pick([20, 200, 3000]),
    wanLoss: random.chance(0.4) ? random.between(0, 0.3) : 0,
    straggling: random.chance(0.3) ? random.between(0, 0.05) : 0,
    throttling: random.chance(0.3) ? random.between(0, 0.3) : 0,
    lostAnswers: random.chance(0.4) ? random.between(0, 0.1) : 0,
    indexLag: random.pick([0, 1000, 60_000]),
    troubles: Object.fromEntries(
      LEDGER_TROUBLES.map((kind) => [kind, random.chance(0.6) ? random.pick([300, 900, 3600]) : 0]),
    ) as unknown as Record<LedgerTrouble, number>,
    operators: random.pick(["none", "careful", "careful", "forcing"]),
    restores: random.chance(0.15) ? { every: random.pick([1800, 7200]), oldest: random.pick([60, 900, 7200]) } : NO_RESTORES,
  };
}
