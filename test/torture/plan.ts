import { Prng } from "../simulation/prng.ts";
import type { Program, Role } from "../support/failover-config.ts";

export const FAULT_KINDS = [
  "kill",
  "restart",
  "pause",
  "linkCut",
  "oneWayCut",
  "linkReset",
  "lanCut",
  "lanOneWay",
  "diskFull",
  "diskLoss",
  "clockStep",
  "reload",
  "order",
  "partnerDown",
  "ledgerCut",
  "ledgerSlow",
  "clockFar",
  "terms",
  "bothLost",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What one run is like. Times in seconds. */
export interface Plan {
  readonly seed: number;
  readonly minutes: number;
  readonly programs: Readonly<Record<Role, Program>>;
  readonly ledger: boolean;
  /** The operator declares what comes to mind: then no address is promised to have one holder, but that all heals. */
  readonly rash: boolean;
  readonly clients: number;
  readonly realClients: boolean;
  readonly poolSize: number;
  readonly leaseSeconds: number;
  readonly mclt: number;
  readonly maxResponseDelay: number;
  readonly maxUnacked: number;
  readonly autonomySeconds: number;
  /** Mean seconds between faults of each kind; 0 for never. */
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** Share of clients' datagrams that get lost. */
  readonly loss: number;
  /** The machine can pretend other times (libfaketime is there). */
  readonly clocks: boolean;
  /** By how much each server's wall clock is wrong at the start. */
  readonly skew: Readonly<Record<Role, number>>;
  /** Mean seconds between a client's whims. */
  readonly whims: number;
}

/** Kinds that came later draw from a source of their own: what a seed means stays. */
const LATER: readonly FaultKind[] = ["terms", "bothLost"];

/** Largest step of a wall clock, seconds. */
export const LARGEST_STEP = 5;

export interface PlanOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly partner: "tandem" | "isc" | "isc-primary" | "isc-secondary";
  readonly ledger: boolean;
  readonly rash: boolean;
  readonly clocks: boolean;
  readonly realClients: boolean;
  /** These kinds of faults only. */
  readonly only?: readonly FaultKind[];
}

/** MCLT is changed by this factor at most, either way. */
const MCLT_FACTOR = 2;
/** The longest MCLT that a server may go by at any time of the run, seconds. */
export const longestMclt = ({ mclt, faults }: Plan): number => (faults.terms > 0 ? mclt * MCLT_FACTOR : mclt);

/** What a server's configuration says of the terms of the pair. */
export interface Terms {
  readonly mclt: number;
  readonly split: number;
  /** Addresses beside those of the plan, at the end of the range; below 0 so many fewer. */
  readonly more: number;
}
export const agreedTerms = ({ mclt }: Plan, more = 0): Terms => ({ mclt, split: 128, more });

/** Other terms for one server. What was added to the range stays: a dhcpd forgets the leases of addresses that it has no more. */
export function drawTerms(random: Prng, plan: Plan, before: Terms, mayForget: boolean): Terms {
  const mclt = random.pick([plan.mclt, Math.ceil(plan.mclt / MCLT_FACTOR), plan.mclt * MCLT_FACTOR]);
  const split = random.pick([0, 64, 128, 200, 256]);
  const grown = Math.max(0, before.more) + random.pick([0, 0, 3]);
  return { mclt, split, more: mayForget && before.more <= 0 && random.chance(0.3) ? -4 : grown };
}

/** Each seed draws its own mixture of faults, so that rare ones come up together (swarm testing). */
export function planOf(options: PlanOptions): Plan {
  const random = new Prng(options.seed, 11);
  const { partner, ledger, rash, clocks, seed, minutes } = options;
  const isc = partner === "isc" ? random.pick(["isc-primary", "isc-secondary"]) : partner;
  const later = new Prng(options.seed, 15);
  const meanOf = (kind: FaultKind): number => {
    const source = LATER.includes(kind) ? later : random;
    return source.chance(0.55) ? source.pick([20, 40, 80]) : 0;
  };
  const drawn = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, meanOf(kind)])) as Record<FaultKind, number>;
  if (Math.max(...Object.values(drawn)) === 0) drawn.kill = 30;
  const allowed = (kind: FaultKind): boolean => {
    if (options.only !== undefined && !options.only.includes(kind)) return false;
    if (kind === "clockStep" || kind === "clockFar") return clocks;
    // who lost both disks has promised nothing to anybody
    if (kind === "bothLost") return rash;
    return ledger || (kind !== "ledgerCut" && kind !== "ledgerSlow");
  };
  const faults = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, allowed(kind) ? drawn[kind] : 0])) as Record<FaultKind, number>;
  if (options.only !== undefined) for (const kind of options.only) if (allowed(kind)) faults[kind] = Math.max(20, drawn[kind]);
  const clients = random.pick([20, 28, 36]);
  const skewed = clocks && random.chance(0.4);
  return {
    seed,
    minutes,
    programs: { primary: isc === "isc-primary" ? "dhcpd" : "tandem", secondary: isc === "isc-secondary" ? "dhcpd" : "tandem" },
    ledger,
    rash,
    clients,
    realClients: options.realClients,
    poolSize: Math.floor(clients * random.pick([1.3, 2, 3])) + 8,
    leaseSeconds: random.pick([20, 30, 40, 60]),
    mclt: random.pick([5, 8, 12, 15]),
    maxResponseDelay: random.pick([6, 10]),
    // dhcpd may lose count of one update that was under way to a partner that went, and with a window of one it then sends nothing more
    maxUnacked: Math.max(random.pick([1, 5, 10, 10]), partner === "tandem" ? 1 : 10),
    autonomySeconds: 60,
    faults,
    loss: random.chance(0.5) ? random.pick([0.02, 0.1]) : 0,
    clocks,
    skew: skewed ? { primary: random.below(5) - 2, secondary: random.below(5) - 2 } : { primary: 0, secondary: 0 },
    whims: random.pick([20, 40, 90]),
  };
}
