import type { FailoverCommand } from "../../../edge-agent/failover/event.ts";
import { relationshipOf } from "../checkers/checker.ts";
import { PEER_NAME, siteConfig } from "../config-text.ts";
import { draw } from "../draw.ts";
import { NOTHING_MORE } from "../more-faults.ts";
import { FAULT_KINDS, type FaultKind, type Swarm } from "../swarm.ts";
import type { World } from "../world.ts";
import { LEDGER_SCRIPTS } from "./ledger-scripts.ts";

/** A short story that a guard exists for, told exactly: what happens when, in seconds. Clean with the guard, and not without it. */
export interface Script {
  readonly settings: Partial<Swarm>;
  readonly play: (stage: Stage) => void;
}

const NO_FAULTS = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
const QUIET: Partial<Swarm> = {
  ...{ pair: true, clients: 3, hostile: 0, poolSize: 2, leaseTime: 600, maximumLeaseTime: 600, mclt: 60, maxUnacked: 64 },
  ...{ pingCheck: false, loadBalanceSeconds: 0, responseDelay: 6, faultSeconds: 900, faults: NO_FAULTS, loss: 0, duplication: 0 },
  ...{ lanDelay: 2, linkDelay: 1, commitDelay: 1, skew: [0, 0], drift: [0, 0], whims: 1e9, operator: "none", asks: [600] },
  ...{ ledger: undefined, more: NOTHING_MORE },
};

const PRIMARY = 0;
const SECONDARY = 1;
type Side = typeof PRIMARY | typeof SECONDARY;

/** What a script may do with the world. Clients are there when they are called, on the servers' own network. */
export class Stage {
  readonly world: World;
  constructor(world: World) {
    this.world = world;
    for (const client of world.clients) {
      client.absent = true;
      client.net = "near";
    }
  }

  at(seconds: number, ...acts: readonly (() => void)[]): void {
    for (const act of acts) this.world.agenda.at(seconds * 1000, act);
  }
  /** Does these as soon as something is so, looked at every millisecond. */
  once(isSo: () => boolean, ...acts: readonly (() => void)[]): void {
    if (isSo()) for (const act of acts) act();
    else this.world.agenda.after(1, () => this.once(isSo, ...acts));
  }
  /** Has the primary told its partner of a free address that was in use, and is not answered yet? */
  tellsOfFree = (): boolean => {
    const [primary] = this.world.machines;
    const unacked = primary === undefined ? undefined : relationshipOf(primary)?.updates.unacked;
    return [...(unacked?.values() ?? [])].some(({ status, cltt }) => status === "FREE" && cltt > 0);
  };
  cut = (): void => {
    [this.world.link.cut[0], this.world.link.cut[1]] = [true, true];
  };
  mend = (): void => {
    [this.world.link.cut[0], this.world.link.cut[1]] = [false, false];
  };
  /** Only this server hears clients from here on; both, if none is named. */
  heard = (side?: Side) => (): void => {
    this.world.lan.cut.clear();
    const deaf = this.world.machines[1 - (side ?? 0)];
    if (side !== undefined && deaf !== undefined) this.world.lan.cut.add(deaf);
  };
  off = (side: Side) => (): void => {
    const machine = this.world.machines[side]!;
    this.world.link.dark.add(machine);
    machine.reboot();
    this.world.link.processGone(machine, true);
  };
  on = (side: Side) => (): void => {
    const machine = this.world.machines[side]!;
    this.world.link.dark.delete(machine);
    machine.start();
  };
  /** The server reads its configuration anew; every other edition may have another MCLT. */
  reload = (side: Side, edition: number) => (): void => {
    const machine = this.world.machines[side]!;
    machine.config = siteConfig(this.world.swarm, side, edition);
    machine.process?.reload(machine.config);
  };
  emptyDisk = (side: Side) => (): void => this.world.machines[side]!.loseDisk();
  order = (side: Side, command: FailoverCommand) => (): void =>
    this.world.machines[side]!.take({ kind: "failover-command", peer: PEER_NAME, command });
  comes = (client: number) => (): void => {
    this.world.clients[client - 1]!.absent = false;
    this.world.clients[client - 1]!.switchOn();
  };
  sleeps = (client: number) => (): void => this.world.clients[client - 1]!.sleep();
}

/** The world of a script. */
export function scripted(Kind: typeof World, { settings, play }: Script, print?: (line: string) => void): World {
  const world = new Kind(draw(1, "any", { ...QUIET, ...settings }), print);
  play(new Stage(world));
  return world;
}

export const SCRIPTS: Readonly<Record<string, Script>> = {
  ...LEDGER_SCRIPTS,
  "the partner gave its last free address away and died": {
    settings: {},
    play: (stage) => {
      stage.at(20, stage.heard(PRIMARY), stage.comes(3));
      stage.at(30, stage.cut);
      stage.at(35, stage.heard(SECONDARY), stage.comes(1));
      stage.at(38, stage.sleeps(1), stage.off(SECONDARY), stage.heard());
      stage.at(50, stage.order(PRIMARY, { verb: "partner-down" }), stage.comes(2));
      stage.at(700, stage.mend, stage.on(SECONDARY));
    },
  },
  "the partner extended a lease and died": {
    settings: {},
    play: (stage) => {
      stage.at(20, stage.heard(PRIMARY), stage.comes(3));
      stage.at(30, stage.heard(SECONDARY), stage.comes(1));
      stage.at(50, stage.heard(), stage.cut);
      stage.at(62, stage.sleeps(1), stage.off(SECONDARY));
      stage.at(75, stage.order(PRIMARY, { verb: "partner-down" }), stage.comes(2));
      stage.at(760, stage.mend, stage.on(SECONDARY));
    },
  },
  "the partner extended a lease for long, a little at a time, and died": {
    settings: { leaseTime: 60, maximumLeaseTime: 60, asks: [60] },
    play: (stage) => {
      stage.at(20, stage.heard(PRIMARY), stage.comes(3));
      stage.at(30, stage.heard(SECONDARY), stage.comes(1));
      stage.at(40, stage.heard(), stage.cut);
      stage.at(602, stage.sleeps(1), stage.off(SECONDARY));
      stage.at(605, stage.order(PRIMARY, { verb: "partner-down" }), stage.comes(2));
      stage.at(760, stage.mend, stage.on(SECONDARY));
    },
  },
  "a lost disk knew of a lease that nobody else knows": {
    settings: { mclt: 120, clients: 2 },
    play: (stage) => {
      stage.at(30, stage.cut);
      stage.at(35, stage.heard(SECONDARY), stage.comes(1));
      stage.at(38, stage.sleeps(1), stage.off(SECONDARY), stage.emptyDisk(SECONDARY));
      stage.at(45, stage.mend, stage.on(SECONDARY));
      stage.at(70, stage.comes(2));
      stage.at(400, stage.heard());
    },
  },
  "the primary was given a shorter MCLT when its partner was out of reach": {
    settings: { mclt: 240, more: { ...NOTHING_MORE, changesMclt: true } },
    play: (stage) => {
      stage.at(20, stage.heard(PRIMARY), stage.comes(3));
      stage.at(30, stage.cut);
      stage.at(35, stage.heard(SECONDARY), stage.comes(1));
      stage.at(38, stage.sleeps(1), stage.off(SECONDARY), stage.heard());
      stage.at(40, stage.reload(PRIMARY, 1));
      stage.at(50, stage.order(PRIMARY, { verb: "partner-down" }), stage.comes(2));
      stage.at(700, stage.mend, stage.on(SECONDARY));
    },
  },
  "the primary was given a longer MCLT when its partner was out of reach, and died": {
    settings: { mclt: 240, more: { ...NOTHING_MORE, changesMclt: true } },
    play: (stage) => {
      stage.at(1, stage.reload(PRIMARY, 1));
      stage.at(20, stage.heard(SECONDARY), stage.comes(3));
      stage.at(60, stage.cut);
      stage.at(62, stage.reload(PRIMARY, 2));
      stage.at(65, stage.heard(PRIMARY), stage.comes(1));
      stage.at(68, stage.sleeps(1), stage.off(PRIMARY), stage.heard());
      stage.at(80, stage.order(SECONDARY, { verb: "partner-down" }), stage.comes(2));
      stage.at(700, stage.mend, stage.on(PRIMARY));
    },
  },
  "what the primary freed alone never arrived, and was given and ended before the secondary came back": {
    settings: { leaseTime: 60, maximumLeaseTime: 60, asks: [60], linkDelay: 2000, responseDelay: 30 },
    play: (stage) => {
      stage.at(60, stage.heard(PRIMARY), stage.comes(1));
      stage.at(75, stage.sleeps(1), stage.off(SECONDARY));
      stage.at(120, stage.order(PRIMARY, { verb: "partner-down" }));
      stage.at(300, stage.on(SECONDARY));
      stage.at(301, () => stage.once(stage.tellsOfFree, stage.cut, stage.off(SECONDARY)));
      stage.at(350, stage.comes(2), stage.comes(3));
      stage.at(360, stage.sleeps(2), stage.sleeps(3));
      stage.at(420, stage.off(PRIMARY));
      stage.at(425, stage.on(PRIMARY));
      stage.at(440, stage.mend, stage.on(SECONDARY));
      stage.at(700, stage.cut, stage.heard(SECONDARY), stage.comes(1));
      stage.at(710, stage.sleeps(1), stage.heard(PRIMARY), stage.comes(2), stage.comes(3));
      stage.at(800, stage.mend, stage.heard());
    },
  },
};
