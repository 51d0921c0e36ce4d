import { siteConfig } from "./config-text.ts";
import type { Machine } from "./machine.ts";
import { Prng } from "./prng.ts";
import type { World } from "./world.ts";

/**
 * "midway": a process dies while the effects of a commit leave, so that the partner has heard and the client has not, or the other
 * way round. "suspend": the whole machine sleeps; its clocks go on. "upgrade": a server is restarted as another version, with
 * another configuration. "freeze": a virtual machine is stopped, and all its clocks with it; its wall clock may be set right afterwards. That is
 * outside what docs/safety.md assumes, and drawn only where it is asked for.
 */
export const MORE_FAULT_KINDS = ["midway", "suspend", "upgrade", "freeze"] as const;
export type MoreFaultKind = (typeof MORE_FAULT_KINDS)[number];

/** What a seed's world has beside what {@link Swarm} draws first; drawn apart, so that older worlds stay as they are. */
export interface More {
  /** Mean seconds between faults of each kind; 0 for never. */
  readonly faults: Readonly<Record<MoreFaultKind, number>>;
  /** How the servers present themselves to each other: as what they are, or as dhcpd; "changing": each upgrade may change it. */
  readonly dress: "tandem" | "stock" | "changing";
  /** Every other configuration of the primary has a quarter of the MCLT. */
  readonly changesMclt: boolean;
  /** Mean seconds between copies of a disk that is put back later; 0 for never. */
  readonly oldDisk: number;
}

export const NOTHING_MORE: More = {
  faults: { midway: 0, suspend: 0, upgrade: 0, freeze: 0 },
  dress: "tandem",
  changesMclt: false,
  oldDisk: 0,
};

export function more(seed: number): More {
  const random = new Prng(seed, 50);
  const changesMclt = new Prng(seed, 52).chance(0.1);
  const disks = new Prng(seed, 53);
  const oldDisk = disks.chance(0.08) ? disks.pick([300, 900, 3600]) : 0;
  if (random.chance(0.5)) return { ...NOTHING_MORE, changesMclt, oldDisk };
  const mean = () => (random.chance(0.5) ? random.pick([300, 1800, 7200]) : 0);
  return {
    faults: { midway: mean(), suspend: mean(), upgrade: mean(), freeze: 0 },
    dress: random.pick(["tandem", "tandem", "stock", "changing"]),
    changesMclt,
    oldDisk,
  };
}

/** Brings the faults of {@link MORE_FAULT_KINDS} about, and ends them. */
export class MoreFaults {
  readonly #world: World;
  readonly #random: Prng;
  readonly #asleep = new Set<Machine>();
  /** Is the wall clock of a machine that was frozen set right? Drawn apart. */
  readonly #corrects: Prng;
  #healed = false;
  #edition = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = new Prng(world.swarm.seed, 51);
    this.#corrects = new Prng(world.swarm.seed, 54);
    if (world.swarm.more.dress === "stock") for (const machine of world.machines) machine.dress = "stock";
  }

  begin(): void {
    for (const kind of MORE_FAULT_KINDS) this.#plan(kind);
  }

  #plan(kind: MoreFaultKind): void {
    const mean = this.#world.swarm.more.faults[kind];
    if (mean === 0) return;
    this.#world.agenda.after(this.#random.exponential(mean * 1000), () => {
      if (this.#healed) return;
      if (!this.#world.faults.isBringingBack) this.#happen(kind);
      this.#plan(kind);
    });
  }

  #happen(kind: MoreFaultKind): void {
    const { machines } = this.#world;
    const machine = machines[this.#random.below(machines.length)]!;
    if (machine.process === undefined || machine.paused) return;
    switch (kind) {
      case "midway":
        this.#dieMidway(machine);
        return;
      case "suspend":
        this.#suspend(machine, this.#random.exponential(this.#random.pick([10, 120, 3600])));
        return;
      case "freeze":
        machine.freeze();
        this.#suspend(machine, this.#random.exponential(this.#random.pick([10, 120, 1200])));
        return;
      case "upgrade":
        this.#upgrade(machine);
        return;
    }
  }

  /** A few more effects leave, and the process is gone before the next. */
  #dieMidway(machine: Machine): void {
    this.#world.trace(machine.name, "is about to die midway");
    const seconds = this.#random.exponential(this.#random.pick([2, 60, 1800]));
    machine.dieAfter(1 + this.#random.below(6), () => this.#world.faults.stop(machine, { power: false, seconds }));
  }

  #suspend(machine: Machine, seconds: number): void {
    this.#world.trace(machine.name, "is suspended");
    this.#asleep.add(machine);
    machine.pause();
    this.#world.link.dark.add(machine);
    this.#world.lan.asleep.add(machine);
    this.#world.agenda.after(seconds * 1000, () => this.#wake(machine));
  }
  #wake(machine: Machine): void {
    if (!this.#asleep.delete(machine)) return;
    this.#world.trace(machine.name, "wakes");
    this.#world.lan.asleep.delete(machine);
    machine.thaw(this.#corrects.chance(0.5));
    if (this.#world.faults.isOff(machine)) return;
    this.#world.link.dark.delete(machine);
    machine.resume();
  }

  #upgrade(machine: Machine): void {
    const { dress } = this.#world.swarm.more;
    this.#edition += 1;
    if (dress === "changing" && this.#random.chance(0.5)) machine.dress = machine.dress === "stock" ? "tandem" : "stock";
    machine.config = siteConfig(this.#world.swarm, this.#world.machines.indexOf(machine) as 0 | 1, this.#edition);
    this.#world.trace(machine.name, `is upgraded, speaks as ${machine.dress}`);
    this.#world.faults.stop(machine, { power: false, seconds: this.#random.between(1, 60) });
  }

  heal(): void {
    this.#healed = true;
    for (const machine of this.#world.machines) machine.spare();
    for (const machine of [...this.#asleep]) this.#wake(machine);
    for (const machine of this.#world.machines) machine.thaw(true);
  }
}
