import type { Item } from "../../../cloud/contract/expression.ts";
import { SrvItem } from "../../../cloud/contract/items.ts";
import { ctlKey, srvKey } from "../../../cloud/contract/tables.ts";
import { settleSite } from "../../../cloud/handlers/settle-site.ts";
import type { Agenda } from "../agenda.ts";
import type { Prng } from "../prng.ts";
import { type Cloud, operator, SITE } from "./cloud.ts";
import type { LedgerSwarm } from "./swarm.ts";

/** The table as it was at a moment, true milliseconds. */
export interface Copy {
  readonly at: number;
  readonly rows: readonly Item[];
}
/** A copy is made so often; a restore is to one of them. */
const COPY_MILLIS = 20_000;
/** How often somebody looks whether a restored site waits for a person. */
const LOOK_MILLIS = 120_000;

/** Copies of the table, one of which is put in its place now and then. */
export class Restores {
  readonly #agenda: Agenda;
  readonly #cloud: Cloud;
  readonly #swarm: LedgerSwarm["restores"];
  readonly #random: Prng;
  readonly #restore: (copy: Copy) => void;
  #copies: Copy[] = [];
  #healed = false;

  constructor(agenda: Agenda, cloud: Cloud, swarm: LedgerSwarm["restores"], random: Prng, restore: (copy: Copy) => void) {
    this.#agenda = agenda;
    this.#cloud = cloud;
    this.#swarm = swarm;
    this.#random = random;
    this.#restore = restore;
  }

  begin(): void {
    if (this.#swarm.every === 0) return;
    this.#copy();
    this.#plan();
    this.#look();
  }

  /** Where a server has lost its memory with its disk, what both told settles nothing: somebody who knows how it was says so. */
  #look(): void {
    this.#agenda.after(LOOK_MILLIS, () => this.#look());
    const told = (["A", "B"] as const).map((server) => ({
      server,
      was: SrvItem.safeParse(this.#cloud.row(srvKey(SITE, server))).data?.was,
    }));
    const [first, second] = told.toSorted((left, right) => (right.was?.ep ?? 0) - (left.was?.ep ?? 0));
    const isForgotten = this.#cloud.row(ctlKey(SITE))?.["state"] === "RESTORED" && second?.was?.ep === 0;
    if (!isForgotten || first?.was === undefined || this.#cloud.out) return;
    const sole = { PAIR: {}, SOLE: { sole: first.server }, DOWN: { sole: second.server } }[first.was.mode];
    const body = { word: { ...sole, reason: "so it was" } };
    void this.#cloud.handle(settleSite, { params: { site: SITE }, body }, operator("first"));
  }

  #copy(): void {
    if (this.#healed) return;
    const oldest = this.#agenda.now - this.#swarm.oldest * 1000;
    this.#copies = [...this.#copies.filter(({ at }) => at >= oldest), { at: this.#agenda.now, rows: [...this.#cloud.table.rows()] }];
    this.#agenda.after(COPY_MILLIS, () => this.#copy());
  }

  #plan(): void {
    this.#agenda.after(this.#random.exponential(this.#swarm.every * 1000), () => {
      if (this.#healed) return;
      const copy = this.#copies[this.#random.below(this.#copies.length)]!;
      this.#restore(copy);
      // what was copied of the ledger that is lost since is another one
      this.#copies = this.#copies.filter(({ at }) => at <= copy.at);
      this.#plan();
    });
  }

  heal(): void {
    this.#healed = true;
    this.#copies = [];
  }
}
