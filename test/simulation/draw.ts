import { drawLedger } from "./ledger/swarm.ts";
import { NOTHING_MORE } from "./more-faults.ts";
import { Prng } from "./prng.ts";
import { FAULT_KINDS, type FaultKind, type Swarm, swarm } from "./swarm.ts";

/** What a world is aimed at: a situation that chance alone brings about too seldom. "any" is aimed at nothing, "full" is as {@link swarm} draws it: hours long. */
export const AIMS = [
  "any",
  "partner-down",
  "recovery",
  "crossing",
  "reconnect",
  "full-disk",
  "silence",
  "conflict",
  "ledger",
  "witness",
  "claims",
  "old-disk",
  "full",
] as const;
export type Aim = (typeof AIMS)[number];

type Changes = Partial<Swarm>;
/** Those that come up by themselves; in a conflict the operator lies, and the checkers that he defeats are left out. */
const DRAWN = AIMS.filter((aim) => aim !== "full" && aim !== "witness" && aim !== "claims" && aim !== "old-disk") as unknown as readonly [
  Aim,
  ...Aim[],
];

/**
 * The world of a seed as it is run by the thousand: most are short and small, with leases and waits to match, so that as much
 * happens in minutes as elsewhere in hours; a few are as long and large as {@link swarm} draws them. Half are aimed.
 */
export function draw(seed: number, aim?: Aim, changes: Changes = {}): Swarm {
  const random = new Prng(seed, 7);
  const size = random.unit();
  const drawn = size > 0.99 ? "full" : random.chance(0.5) ? random.pick(DRAWN) : "any";
  const wanted = aim ?? drawn;
  if (wanted === "full") return swarm(seed, changes);
  return swarm(seed, { ...(size > 0.9 ? medium(random) : short(random)), ...aimed(wanted, random), ...changes });
}

/** Mean seconds between faults: each kind present with this chance. */
function faults(random: Prng, chance: number, means: readonly [number, ...number[]]): Record<FaultKind, number> {
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, random.chance(chance) ? random.pick(means) : 0])) as Record<FaultKind, number>;
}

function short(random: Prng): Changes {
  const clients = random.pick([1, 2, 2, 3, 4, 6]);
  const leaseTime = random.pick([60, 120, 300, 600]);
  return {
    clients,
    poolSize: Math.max(2, random.chance(0.6) ? clients + random.below(2) : clients * 2 + random.below(6)),
    leaseTime,
    maximumLeaseTime: leaseTime * random.pick([1, 2, 10]),
    mclt: random.pick([60, 120, 300]),
    faultSeconds: random.pick([900, 1800, 3600]),
    faults: faults(random, 0.4, [60, 200, 600]),
    whims: random.pick([0, 120, 600]),
  };
}

function medium(random: Prng): Changes {
  const clients = random.pick([4, 8, 12]);
  return { clients, poolSize: clients + random.below(6), faultSeconds: 3600, faults: faults(random, 0.4, [200, 600, 1800]) };
}

const NO_FAULTS = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;

/** What an aim changes: the faults that lead there, and nothing that gets in its way. */
function aimed(aim: Aim, random: Prng): Changes {
  const some = (means: readonly [number, ...number[]]) => (random.chance(0.5) ? random.pick(means) : 0);
  const pair = { pair: true, hostile: 0, loss: 0, duplication: 0, ledger: undefined } as const;
  switch (aim) {
    case "any":
    case "full":
      return {};
    // the partner goes while its leases run; an operator says so at once; it comes back while the waits last
    case "partner-down": {
      const powerCut = random.pick([100, 200, 400]);
      const changes = { powerCut, order: random.pick([10, 30]), lanCut: some([100, 300]), linkCut: some([100]) };
      return { ...pair, ...waits(random), faults: { ...NO_FAULTS, ...changes }, operator: "right", whims: random.pick([60, 120]) };
    }
    // stores are lost and filled again, and servers told to recover, over and over
    case "recovery": {
      const changes = { diskLoss: random.pick([100, 300]), order: random.pick([60, 200]), kill: some([60, 200]), linkCut: some([60, 200]) };
      return {
        ...pair,
        ...waits(random),
        faults: { ...NO_FAULTS, ...changes },
        operator: "right",
        linkDelay: random.pick([50, 1000, 5000]),
      };
    }
    // both servers change the same addresses before they hear of each other
    case "crossing": {
      const changes = { linkCut: random.pick([30, 60]), lanCut: random.pick([30, 60]), oneWayCut: some([60]) };
      const leases = { leaseTime: random.pick([60, 120]), whims: random.pick([20, 60]), poolSize: random.pick([2, 3]) };
      return { ...pair, ...leases, faults: { ...NO_FAULTS, ...changes }, linkDelay: random.pick([1000, 5000]), clients: 3 };
    }
    // connections end at every moment, with updates under way
    case "reconnect": {
      const changes = { reset: random.pick([10, 30]), kill: some([60, 200]), oneWayCut: some([100]), powerCut: some([200]) };
      const leases = { leaseTime: random.pick([60, 300]), whims: random.pick([20, 60]) };
      return { ...pair, ...leases, faults: { ...NO_FAULTS, ...changes }, linkDelay: random.pick([1000, 5000]) };
    }
    case "full-disk": {
      const changes = { diskFull: random.pick([60, 200]), kill: some([200]), powerCut: some([200]), order: some([100]) };
      return { pair: random.chance(0.8), ledger: undefined, faults: { ...NO_FAULTS, ...changes }, commitDelay: random.pick([10, 300]) };
    }
    // servers that are ordered into states without service, and clients that ask them
    case "silence": {
      const changes = { order: random.pick([20, 60]), kill: some([60]), linkCut: some([60]), diskLoss: some([300]) };
      const leases = { leaseTime: 60, whims: 60, loadBalanceSeconds: random.pick([0, 3]) };
      return { ...pair, ...leases, faults: { ...NO_FAULTS, ...changes }, operator: "right" };
    }
    // the operator declares both servers down, and whatever else comes to mind
    case "conflict": {
      const changes = { order: random.pick([20, 60]), linkCut: random.pick([30, 60, 200]), kill: some([60, 200]) };
      return { ...pair, ...waits(random), faults: { ...NO_FAULTS, ...changes }, operator: "rash", whims: 60 };
    }
    // the ledger has the last word on who serves alone, and is in trouble itself
    case "ledger": {
      const changes = { powerCut: random.pick([200, 400]), kill: some([200]), linkCut: some([60, 200]), order: random.pick([20, 60]) };
      const ledger = drawLedger(new Prng(random.below(0x1_0000_0000), 40));
      return { ...pair, ...waits(random), ledger, faults: { ...NO_FAULTS, ...changes }, operator: "right", whims: random.pick([60, 120]) };
    }
    // servers that are away from partner and ledger, asleep, or on their way back, while operators ask for one of them alone all the time
    case "witness": {
      const changes = { linkCut: random.pick([60, 150, 300]), pause: some([100, 300]), powerCut: some([200, 400]), kill: some([100, 300]) };
      const drawn = drawLedger(new Prng(random.below(0x1_0000_0000), 40));
      const troubles = { wanCut: random.pick([60, 150, 300]), cloudOut: some([600]), act: 40, quarrel: some([150]), stop: some([300]) };
      const wan = { wanLoss: 0, throttling: 0, lostAnswers: some([1]) / 20, autonomySeconds: random.pick([60, 120]) };
      const operators = random.pick(["careful", "forcing"] as const);
      const leases = { clients: 3, poolSize: random.pick([3, 4, 6]), leaseTime: random.pick([60, 300]), mclt: 60, whims: 40 };
      return {
        ...pair,
        ...leases,
        ledger: { ...drawn, ...wan, troubles, operators },
        faults: { ...NO_FAULTS, ...changes },
        operator: "right",
      };
    }
    // one server is alone for long, with more clients than addresses of its own, and it and its way to the ledger fail again and again
    case "claims": {
      const changes = { powerCut: random.pick([200, 400]), order: random.pick([10, 30]), kill: random.pick([60, 150]), pause: some([200]) };
      const drawn = drawLedger(new Prng(random.below(0x1_0000_0000), 40));
      const troubles = { wanCut: some([200, 600]), cloudOut: 0, act: random.pick([40, 150]), quarrel: some([300]), stop: 0 };
      const wan = { wanLoss: some([1]) / 10, throttling: 0, lostAnswers: random.pick([0, 0.1, 0.3]), straggling: some([1]) / 10 };
      const ledger = { ...drawn, ...wan, autonomySeconds: 60, troubles, operators: random.pick(["careful", "forcing"] as const) };
      const leases = {
        clients: random.pick([4, 6]),
        poolSize: random.pick([4, 6]),
        leaseTime: random.pick([60, 300]),
        mclt: 60,
        whims: 40,
      };
      return { ...pair, ...leases, ledger, faults: { ...NO_FAULTS, ...changes }, operator: "right" };
    }
    // disks are copied, and the copies put back
    case "old-disk": {
      const changes = { linkCut: some([60, 200]), kill: some([100, 300]), order: some([60, 200]), lanCut: some([100]) };
      const more = { ...NOTHING_MORE, oldDisk: random.pick([60, 200]) };
      return { ...pair, ...waits(random), more, faults: { ...NO_FAULTS, ...changes }, operator: "right", whims: random.pick([20, 60]) };
    }
  }
}

/** Leases that outlast MCLT, and waits that outlast what is left of them. */
function waits(random: Prng): Changes {
  return { leaseTime: random.pick([120, 300, 600]), maximumLeaseTime: random.pick([600, 1200]), mclt: random.pick([60, 120, 300]) };
}

/** The pair by which throughput is measured: a week of a site with fifty clients, ordinary times, and something wrong every few minutes. */
export function week(seed: number): Swarm {
  const often = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, kind === "diskLoss" ? 86_400 : 7200])) as Record<FaultKind, number>;
  return swarm(seed, {
    ...{ pair: true, clients: 50, hostile: 0, poolSize: 100, leaseTime: 3600, maximumLeaseTime: 7200, mclt: 1800 },
    ...{ asks: [300, 86_400], responseDelay: 60, linkDelay: 50, commitDelay: 10, loss: 0.01, duplication: 0.01, pingCheck: false },
    ...{ faultSeconds: 7 * 86_400, faults: often, whims: 3600, operator: "right", ledger: undefined },
  });
}
