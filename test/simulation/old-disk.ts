import { decodeMarks, marksKey } from "../../edge-agent/failover/endpoint/state.ts";
import { relationshipOf } from "./checkers/checker.ts";
import { PEER_NAME } from "./config-text.ts";
import type { Machine } from "./machine.ts";
import { Prng } from "./prng.ts";
import type { MemoryDisk } from "./store.ts";
import type { World } from "./world.ts";

/** The youngest backup that somebody puts back, seconds: two have told each other of their marks since. */
const YOUNGEST = 40;

const copyOf = ({ leases, records, outbox }: MemoryDisk): MemoryDisk => ({
  leases: new Map(leases),
  records: new Map(records),
  outbox: new Map(outbox),
});

/**
 * Somebody puts an old disk back: what a machine wrote since is gone, and what is left looks whole. The partner has heard of what was told
 * since, and is there when the server starts.
 */
export class OldDisks {
  readonly #world: World;
  readonly #random: Prng;
  #healed = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = new Prng(world.swarm.seed, 54);
  }

  begin(): void {
    const { more, pair } = this.#world.swarm;
    if (more.oldDisk > 0 && pair && more.dress === "tandem") this.#plan(more.oldDisk);
  }

  #plan(mean: number): void {
    this.#later(this.#random.exponential(mean), () => {
      const { machines } = this.#world;
      const machine = machines[this.#random.below(machines.length)]!;
      this.#backUp(machine);
      this.#plan(mean);
    });
  }

  #later(seconds: number, task: () => void): void {
    this.#world.agenda.after(seconds * 1000, () => {
      if (!this.#healed) task();
    });
  }

  #backUp(machine: Machine): void {
    const endpoint = relationshipOf(machine)?.endpoint;
    if (endpoint?.state !== "NORMAL" && endpoint?.state !== "COMMUNICATIONS-INTERRUPTED") return;
    this.#world.trace(machine.name, "its disk is copied");
    const backup = copyOf(machine.disk);
    this.#later(YOUNGEST + this.#random.exponential(this.#random.pick([30, 300, 1800])), () => this.putBack(machine, backup));
  }

  /** If the partner has heard more from this machine than the old disk knows of, and has all that the pair knows. */
  putBack(machine: Machine, backup: MemoryDisk): void {
    const partner = this.#world.machines.find((each) => each !== machine);
    const theirs = partner === undefined ? undefined : relationshipOf(partner)?.endpoint;
    const heard = theirs?.marks.partners ?? 0;
    const { own } = decodeMarks(backup.records.get(marksKey(PEER_NAME)));
    if (own === 0 || own >= heard) return;
    if (!this.#world.faults.stopForDisk(machine)) return;
    this.#world.trace(machine.name, "an old disk is put back");
    machine.loseDisk(copyOf(backup));
  }

  heal(): void {
    this.#healed = true;
  }
}
