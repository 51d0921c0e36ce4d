import { disagreement } from "./checkers/agreement.ts";
import { relationshipOf } from "./checkers/checker.ts";
import { PEER_NAME, siteConfig } from "./config-text.ts";
import type { Machine } from "./machine.ts";
import { Prng } from "./prng.ts";
import { FAULT_KINDS, type FaultKind } from "./swarm.ts";
import type { World } from "./world.ts";

/** Largest step of a wall clock, seconds. */
const LARGEST_STEP = 5;

/**
 * What goes wrong, and who sets it right: faults come by chance and end by themselves, and an operator acts on what he sees.
 * A right operator declares a partner down only when it is off, and lets it run again only when it can reach the other.
 */
export class Faults {
  readonly #world: World;
  readonly #random: Prng;
  /** Declared down: stays off until the partner is there to talk to. */
  readonly #locked = new Set<Machine>();
  /** Declared down, and started again to talk to the partner: until it has, nothing may come in between. */
  readonly #returning = new Set<Machine>();
  readonly #off = new Set<Machine>();
  #healed = false;
  #edition = 0;
  largestStep = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = new Prng(world.swarm.seed, 3);
  }

  begin(): void {
    for (const kind of FAULT_KINDS) this.#plan(kind);
  }

  #plan(kind: FaultKind): void {
    const mean = this.#world.swarm.faults[kind];
    if (mean === 0) return;
    this.#world.agenda.after(this.#random.exponential(mean * 1000), () => {
      if (this.#healed) return;
      if (this.#returning.size === 0) this.#happen(kind);
      this.#plan(kind);
    });
  }

  #happen(kind: FaultKind): void {
    const { link, lan, machines } = this.#world;
    const random = this.#random;
    const machine = machines[random.below(machines.length)]!;
    switch (kind) {
      case "kill":
        this.stop(machine, { power: false, seconds: random.exponential(random.pick([5, 60, 1800])) });
        return;
      case "powerCut":
        this.stop(machine, { power: true, seconds: 20 + random.exponential(random.pick([60, 1800, 7200])) });
        return;
      case "diskLoss":
        this.#loseDisk(machine);
        return;
      case "pause":
        if (machine.process === undefined) return;
        this.#world.trace(machine.name, "process is frozen");
        machine.pause();
        this.#later(random.exponential(random.pick([2, 60, 300])), () => this.#wake(machine));
        return;
      case "linkCut":
        this.#cut([true, true], random.exponential(random.pick([20, 300, 3600])));
        return;
      case "oneWayCut": {
        const first = random.chance(0.5);
        this.#cut([first, !first], random.exponential(random.pick([20, 300, 3600])));
        return;
      }
      case "reset":
        this.#world.trace("link", "connections are reset");
        link.reset();
        return;
      case "lanCut":
        this.#world.trace(machine.name, "is out of reach for clients");
        lan.cut.add(machine);
        this.#later(random.exponential(random.pick([60, 1200])), () => lan.cut.delete(machine));
        return;
      case "diskFull":
        this.#world.trace(machine.name, "disk is full");
        machine.diskFull = true;
        this.#later(random.exponential(random.pick([5, 300])), () => {
          machine.diskFull = false;
        });
        return;
      case "clockStep": {
        const target = random.below(2 * LARGEST_STEP + 1) - LARGEST_STEP;
        this.#world.trace(machine.name, `wall clock is set by ${target - machine.clockSteps} s`);
        machine.clockSteps = target;
        this.largestStep = LARGEST_STEP;
        return;
      }
      case "reload":
        this.#edition += 1;
        machine.config = siteConfig(this.#world.swarm, machines.indexOf(machine) as 0 | 1, this.#edition);
        machine.process?.reload(machine.config);
        return;
      case "order":
        this.#operate(machine);
        return;
    }
  }

  #later(seconds: number, task: () => void): void {
    this.#world.agenda.after(seconds * 1000, () => {
      if (!this.#healed) task();
    });
  }

  #wake(machine: Machine): void {
    this.#world.trace(machine.name, "process goes on");
    machine.resume();
  }

  /** Ends a process for a while; with its power, or without. */
  stop(machine: Machine, how: { readonly power: boolean; readonly seconds: number }): void {
    if (this.#off.has(machine)) return;
    const { link } = this.#world;
    this.#off.add(machine);
    if (how.power) {
      this.#world.trace(machine.name, "loses power");
      link.dark.add(machine);
      machine.reboot();
    } else machine.kill();
    link.processGone(machine, how.power);
    this.#world.agenda.after(how.seconds * 1000, () => this.#start(machine));
  }

  #start(machine: Machine): void {
    if (!this.#off.has(machine) || this.#locked.has(machine)) return;
    this.#off.delete(machine);
    this.#world.link.dark.delete(machine);
    machine.start();
  }

  /** The disk is replaced by an empty one, while the partner has all that the pair knows. */
  #loseDisk(machine: Machine): void {
    if (!this.#hasWholePartner(machine)) return;
    this.stop(machine, { power: true, seconds: 60 + this.#random.exponential(600) });
    this.#world.trace(machine.name, "its disk is lost");
    machine.loseDisk();
  }

  /** Stops a machine so that its disk can be replaced, if the partner has all that the pair knows. It starts when the partner can be reached. */
  stopForDisk(machine: Machine): boolean {
    if (!this.#hasWholePartner(machine)) return false;
    this.stop(machine, { power: true, seconds: 60 });
    this.#locked.add(machine);
    return true;
  }

  #hasWholePartner(machine: Machine): boolean {
    const partner = this.#world.machines.find((each) => each !== machine);
    const theirs = partner === undefined ? undefined : relationshipOf(partner)?.endpoint;
    if (partner === undefined || theirs === undefined || theirs.startupUntil !== undefined) return false;
    if (partner.lostDisk || this.#locked.size > 0 || this.#off.has(machine) || machine.diskFull) return false;
    const complete = theirs.state === "NORMAL" || theirs.state === "COMMUNICATIONS-INTERRUPTED" || theirs.state === "PARTNER-DOWN";
    const own = relationshipOf(machine)?.endpoint.state;
    return complete && (own === "NORMAL" || own === "COMMUNICATIONS-INTERRUPTED");
  }

  #cut(directions: readonly [boolean, boolean], seconds: number): void {
    const { link } = this.#world;
    if (!link.whole) return;
    this.#world.trace(
      "link",
      directions[0] && directions[1] ? "is cut" : `is cut one way, from ${directions[0] ? "primary" : "secondary"}`,
    );
    [link.cut[0], link.cut[1]] = directions;
    this.#later(seconds, () => this.#mend());
  }
  #mend(): void {
    this.#world.trace("link", "is whole");
    this.#world.link.cut[0] = false;
    this.#world.link.cut[1] = false;
  }

  isOff(machine: Machine): boolean {
    return this.#off.has(machine);
  }
  /** A server that was declared down is on its way back: nothing may come in between. */
  get isBringingBack(): boolean {
    return this.#returning.size > 0;
  }
  /** Is `machine` off, and may somebody rely on its staying so until it can speak with its partner? If so, it does. */
  keepsOff(machine: Machine): boolean {
    if (this.#locked.has(machine)) return true;
    if (!this.#off.has(machine) || this.#locked.size > 0 || machine.lostDisk) return false;
    this.#locked.add(machine);
    return true;
  }

  #operate(machine: Machine): void {
    const { operator, pair } = this.#world.swarm;
    if (!pair || operator === "none") return;
    if (operator === "rash") {
      this.#operateRashly(machine);
      return;
    }
    const partner = this.#world.machines.find((each) => each !== machine)!;
    const endpoint = relationshipOf(machine)?.endpoint;
    if (endpoint === undefined || machine.paused) return;
    if (endpoint.state === "COMMUNICATIONS-INTERRUPTED" && !this.#locked.has(partner) && this.keepsOff(partner)) {
      if (this.#world.ledger === undefined) this.#command(machine, { verb: "partner-down" });
      else this.#world.ledger.operator.command(machine, { verb: "partner-down" });
      return;
    }
    const choice = this.#random.unit();
    if (choice < 0.3) this.#command(machine, { verb: "rebalance" });
    if (endpoint.state !== "NORMAL" || choice < 0.6) return;
    if (choice < 0.75) this.#command(machine, { verb: "recover" });
    else {
      this.#command(machine, { verb: choice < 0.9 || partner.lostDisk ? "pause" : "shutdown" });
      this.#later(30 + this.#random.exponential(300), () => this.#command(machine, { verb: "resume" }));
    }
  }

  #operateRashly(machine: Machine): void {
    this.#world.lastFalseWord = this.#world.now;
    const state = this.#random.pick(["PARTNER-DOWN", "RECOVER", "NORMAL", "POTENTIAL-CONFLICT", "COMMUNICATIONS-INTERRUPTED"] as const);
    if (this.#random.chance(0.6)) this.#command(machine, { verb: "partner-down" });
    else this.#command(machine, { verb: "set-state", state });
    if (this.#random.chance(0.3)) for (const each of this.#world.machines) this.#command(each, { verb: "partner-down" });
  }

  #command(
    machine: Machine,
    command: Parameters<Machine["take"]>[0] extends infer Event
      ? Event extends { readonly command: infer Command }
        ? Command
        : never
      : never,
  ): void {
    this.#world.trace("operator", `${command.verb} to ${machine.name}`);
    machine.take({ kind: "failover-command", peer: PEER_NAME, command });
  }

  /** Lets servers that were declared down back in, when the partner is there, and sees whether they have spoken. */
  look(): void {
    const { link, machines } = this.#world;
    if (this.#healed) this.#resume();
    for (const machine of this.#locked) {
      const partner = machines.find((each) => each !== machine)!;
      const ready = partner.process !== undefined && !partner.paused && link.whole && !machine.diskFull && !partner.diskFull;
      if (!ready || relationshipOf(partner)?.endpoint.startupUntil !== undefined) continue;
      if (!this.#healed && !this.#random.chance(0.02)) continue;
      this.#locked.delete(machine);
      this.#returning.add(machine);
      this.#start(machine);
    }
    for (const machine of this.#returning) {
      const endpoint = relationshipOf(machine)?.endpoint;
      if (endpoint?.communicating === true && endpoint.startupUntil === undefined) this.#returning.delete(machine);
    }
  }

  /** An order to be silent may have waited for a full disk: it is taken back when it has been carried out. */
  #resume(): void {
    for (const machine of this.#world.machines) {
      const endpoint = relationshipOf(machine)?.endpoint;
      if (endpoint?.startupUntil !== undefined || (endpoint?.state !== "PAUSED" && endpoint?.state !== "SHUTDOWN")) continue;
      this.#command(machine, { verb: "resume" });
    }
  }

  /** All faults end; what is off comes on, and orders that silence a server are taken back. */
  heal(): void {
    const { lan, machines, clients } = this.#world;
    this.#world.trace("world", "heals");
    this.#healed = true;
    this.#mend();
    lan.cut.clear();
    lan.calm = true;
    this.#world.link.speedUp();
    for (const machine of machines) {
      machine.diskFull = false;
      if (machine.paused) this.#wake(machine);
      this.#start(machine);
    }
    for (const client of clients) client.steady = true;
  }

  get agreed(): boolean {
    return disagreement(this.#world) === undefined;
  }
}
