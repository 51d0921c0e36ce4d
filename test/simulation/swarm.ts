import { type LedgerSwarm, ledgerSwarm } from "./ledger/swarm.ts";
import { type More, more } from "./more-faults.ts";
import { Prng } from "./prng.ts";

/** What one seed's world is like; each seed draws its own, so that rare mixtures of faults come up (swarm testing). Times in seconds. */
export interface Swarm {
  readonly seed: number;
  readonly pair: boolean;
  readonly clients: number;
  readonly hostile: number;
  readonly poolSize: number;
  readonly leaseTime: number;
  readonly maximumLeaseTime: number;
  readonly mclt: number;
  readonly maxUnacked: number;
  readonly pingCheck: boolean;
  readonly loadBalanceSeconds: number;
  /** max-response-delay, seconds. */
  readonly responseDelay: number;
  /** How long faults last before the world is healed. */
  readonly faultSeconds: number;
  /** Mean seconds between faults of each kind; 0 for never. */
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** Share of datagrams lost and repeated. */
  readonly loss: number;
  readonly duplication: number;
  /** Longest delay of a datagram, of a piece on the peer link, and of a commit; milliseconds. */
  readonly lanDelay: number;
  readonly linkDelay: number;
  readonly commitDelay: number;
  /** Wall clock of each server minus true time at start, seconds, and parts per million that its elapsed time runs fast. */
  readonly skew: readonly [number, number];
  readonly drift: readonly [number, number];
  /** What clients do while bound: mean seconds between their whims; 0 for never. */
  readonly whims: number;
  readonly operator: OperatorKind;
  /** Lease times that clients ask for, those that ask. */
  readonly asks: readonly [number, ...number[]];
  /** Undefined: the pair has no ledger. */
  readonly ledger: LedgerSwarm | undefined;
  readonly more: More;
}

/** "right": declares a server down only when it is, and keeps it off until it can reach the partner. "rash": declares what comes to mind. */
export type OperatorKind = "none" | "right" | "rash";
export const FAULT_KINDS = [
  "kill",
  "powerCut",
  "diskLoss",
  "pause",
  "linkCut",
  "oneWayCut",
  "reset",
  "lanCut",
  "diskFull",
  "clockStep",
  "reload",
  "order",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export function swarm(seed: number, changes: Partial<Swarm> = {}): Swarm {
  const random = new Prng(seed, 1);
  const pair = !random.chance(0.08);
  const clients = random.pick([1, 2, 3, 4, 6, 8, 12, 20]);
  const leaseTime = random.pick([60, 120, 300, 600, 1800, 3600, 7200]);
  const tight = random.chance(0.4);
  const faults = Object.fromEntries(
    FAULT_KINDS.map((kind) => [kind, random.chance(0.45) ? random.pick([200, 600, 1800, 7200]) : 0]),
  ) as unknown as Record<FaultKind, number>;
  if (!random.chance(0.4)) faults.diskLoss = 0;
  const skewed = random.chance(0.3);
  return {
    seed,
    pair,
    clients,
    hostile: random.chance(0.25) ? random.pick([1, 2]) : 0,
    poolSize: Math.max(2, tight ? clients + random.below(3) : clients * 2 + random.below(8)),
    leaseTime,
    maximumLeaseTime: leaseTime * random.pick([1, 2, 10]),
    mclt: random.pick([60, 120, 300, 600, 1800, 3600]),
    maxUnacked: random.pick([1, 2, 10, 64]),
    pingCheck: random.chance(0.2),
    loadBalanceSeconds: random.pick([0, 3, 10]),
    faultSeconds: random.pick([3600, 3 * 3600, 8 * 3600]),
    faults,
    loss: random.chance(0.5) ? random.between(0, 0.2) : 0,
    duplication: random.chance(0.4) ? random.between(0, 0.1) : 0,
    lanDelay: random.pick([2, 20, 200]),
    linkDelay: random.pick([1, 50, 1000, 5000]),
    commitDelay: random.pick([1, 10, 300]),
    skew: skewed ? [random.below(11) - 5, random.below(11) - 5] : [0, 0],
    drift: random.chance(0.3) ? [random.below(101) - 50, random.below(101) - 50] : [0, 0],
    whims: random.pick([0, 600, 3600]),
    operator: random.pick(["none", "right", "right", "right"]),
    responseDelay: 30,
    asks: [30, 300, 86_400],
    ledger: pair ? ledgerSwarm(seed) : undefined,
    more: more(seed),
    ...changes,
  };
}

/**
 * A world in which an operator declares and forces what comes to mind, made so that this does harm: the servers are often out of
 * each other's sight for longer than MCLT, and clients want each other's addresses.
 */
export function rashSwarm(seed: number): Swarm {
  const random = new Prng(seed, 8);
  const clients = random.pick([4, 8, 12]);
  const faults = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const often = { linkCut: 600, order: random.pick([120, 600]), kill: random.pick([0, 1800]), diskFull: random.pick([0, 7200]) };
  return swarm(seed, {
    ...{ operator: "rash", pair: true, ledger: undefined, hostile: 0, clients, poolSize: clients + random.below(2), whims: 600 },
    ...{
      mclt: random.pick([60, 120]),
      leaseTime: 1800,
      maximumLeaseTime: 3600,
      faultSeconds: 4 * 3600,
      linkDelay: random.pick([1, 50, 1000]),
    },
    faults: { ...faults, ...often },
  });
}
