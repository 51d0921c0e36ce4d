import type { LedgerPorts } from "../../../edge-agent/agent/ledger.ts";
import type { LedgerEffect } from "../../../edge-agent/agent/service-events.ts";
import { PEER_NAME } from "../config-text.ts";
import type { Machine, Process } from "../machine.ts";
import { Prng } from "../prng.ts";
import { clockText } from "../trace.ts";
import type { World } from "../world.ts";
import { Cloud, SITE } from "./cloud.ts";
import { serverOf } from "./names.ts";
import { LedgerOperator } from "./operator.ts";
import { LedgerPort } from "./port.ts";
import { type Copy, Restores } from "./restores.ts";
import { LEDGER_TROUBLES, type LedgerSwarm, type LedgerTrouble } from "./swarm.ts";
import { Wan } from "./wan.ts";

const FAREWELL_MILLIS = 3_000;

/** The ledger's part of a world: the cloud, each server's way to it, what goes wrong there, and who acts through it. */
export class LedgerSide {
  readonly swarm: LedgerSwarm;
  readonly cloud: Cloud;
  readonly operator: LedgerOperator;
  readonly #world: World;
  readonly #random: Prng;
  readonly #wans = new Map<Machine, Wan>();
  readonly #ports = new WeakMap<Process, LedgerPort>();
  readonly #restores: Restores;
  #generation = 0;
  #boots = 0;
  #healed = false;

  constructor(world: World, swarm: LedgerSwarm) {
    const { seed } = world.swarm;
    this.swarm = swarm;
    this.#world = world;
    this.#random = new Prng(seed, 32);
    this.cloud = new Cloud(world.agenda, seed, swarm, (who, text) => world.trace(who, text));
    const terms = { delay: swarm.wanDelay, loss: swarm.wanLoss, straggling: swarm.straggling };
    for (const [index, machine] of world.machines.entries()) {
      this.#wans.set(machine, new Wan(world.agenda, new Prng(seed, 33 + index), terms));
    }
    this.#restores = new Restores(world.agenda, this.cloud, swarm.restores, new Prng(seed, 37), (copy) => this.restore(copy));
    this.operator = new LedgerOperator(world, this.cloud, swarm.operators, new Prng(seed, 36));
  }

  begin(): void {
    const { mclt, maximumLeaseTime } = this.#world.swarm;
    this.cloud.begin(mclt, maximumLeaseTime);
    for (const kind of LEDGER_TROUBLES) this.#plan(kind);
    this.#restores.begin();
  }

  /** The table as it was then is all that is left of the ledger. */
  restore(copy: Copy): void {
    this.#generation += 1;
    if (!this.cloud.restore(copy.rows, this.#generation)) return;
    this.#world.trace("cloud", `is restored as of ${clockText(copy.at)}: generation ${this.#generation}`);
    this.#world.ledgerRestored(copy.at);
  }

  /** What a process that starts on `machine` is given. */
  ports(machine: Machine, process: () => Process): LedgerPorts {
    this.#boots += 1;
    const { autonomySeconds, coldStart, mergeBacklog } = this.swarm;
    const setting = { relationship: PEER_NAME, site: SITE, server: serverOf(machine), autonomyMillis: autonomySeconds * 1000 };
    return {
      settings: [{ ...setting, coldStart, foreign: false }],
      boot: `${machine.name}-${this.#boots}`,
      outbox: (lane, after, limit) => process().store.outbox(after, limit, lane),
      mergeBacklog,
    };
  }

  perform(machine: Machine, effect: LedgerEffect): void {
    const { process } = machine;
    const wan = this.#wans.get(machine);
    if (process === undefined || wan === undefined) return;
    let port = this.#ports.get(process);
    if (port === undefined) {
      port = new LedgerPort(this.#world.agenda, this.cloud, wan, machine, process);
      this.#ports.set(process, port);
    }
    port.perform(effect);
  }

  #plan(kind: LedgerTrouble): void {
    const mean = this.swarm.troubles[kind];
    if (mean === 0) return;
    this.#world.agenda.after(this.#random.exponential(mean * 1000), () => {
      if (this.#healed) return;
      this.#happen(kind);
      this.#plan(kind);
    });
  }

  #happen(kind: LedgerTrouble): void {
    const random = this.#random;
    const { machines } = this.#world;
    const machine = machines[random.below(machines.length)]!;
    const seconds = random.exponential(random.pick([60, 600, 7200]));
    switch (kind) {
      case "wanCut": {
        const wan = this.#wans.get(machine)!;
        if (wan.cut) return;
        this.#world.trace(machine.name, "has no way to the ledger");
        wan.cut = true;
        this.#later(seconds, () => {
          this.#world.trace(machine.name, "has a way to the ledger again");
          wan.cut = false;
        });
        return;
      }
      case "cloudOut":
        if (this.cloud.out) return;
        this.#world.trace("cloud", "is out");
        this.cloud.out = true;
        this.#later(seconds, () => {
          this.#world.trace("cloud", "is back");
          this.cloud.out = false;
        });
        return;
      case "act":
        this.operator.act();
        return;
      case "quarrel":
        this.operator.quarrel();
        return;
      case "stop":
        this.#stop(machine, seconds);
        return;
    }
  }

  /** A stop in good order: the serving lease is given up, and the process ends when that is said, or after three seconds. */
  #stop(machine: Machine, seconds: number): void {
    if (machine.process === undefined || machine.paused) return;
    this.#world.trace(machine.name, "is stopped");
    machine.take({ kind: "ledger-stop" });
    const { process } = machine;
    this.#world.agenda.after(FAREWELL_MILLIS, () => {
      if (machine.process === process) this.#world.faults.stop(machine, { power: false, seconds: this.#healed ? 1 : seconds });
    });
  }

  /** Takes a server's way to the ledger away, or gives it back. */
  cut(machine: Machine, isCut: boolean): void {
    this.#wans.get(machine)!.cut = isCut;
  }

  /** Holds up what goes to the ledger from here on, and comes from it. */
  delay(machine: Machine, millis: number): void {
    this.#wans.get(machine)!.late = millis;
  }

  #later(seconds: number, task: () => void): void {
    this.#world.agenda.after(seconds * 1000, () => {
      if (!this.#healed) task();
    });
  }

  heal(): void {
    this.#healed = true;
    this.#restores.heal();
    this.cloud.out = false;
    this.cloud.calm = true;
    for (const wan of this.#wans.values()) {
      wan.cut = false;
      wan.calm = true;
    }
  }

  /** The site of `machine`'s process, once its first event is through. */
  siteOf(machine: Machine) {
    return machine.process?.loop.state.ledger.sites?.get(PEER_NAME);
  }
}
