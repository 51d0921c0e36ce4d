import { LeaseClock } from "../../edge-agent/rim/clock.ts";
import type { MonotonicMillis } from "../../edge-agent/values/time.ts";
import type { Agenda } from "./agenda.ts";
import type { Machine } from "./machine.ts";

/** The production clock on a simulated crystal, with one timer in virtual time. */
export class SimClock extends LeaseClock {
  readonly #machine: Machine;
  readonly #schedule: (at: number, wake: () => void) => void;
  readonly #agenda: Agenda;
  #wanted: { readonly at: number; readonly wake: () => void } | undefined;
  /** The earliest alarm that is set; one that comes too early sets another. */
  #set = Number.POSITIVE_INFINITY;
  /** Alarms of other numbers are void. */
  #number = 0;

  constructor(machine: Machine, stored: Uint8Array | undefined, schedule: (at: number, wake: () => void) => void, agenda: Agenda) {
    super(machine, stored);
    this.#machine = machine;
    this.#schedule = schedule;
    this.#agenda = agenda;
  }

  override arm(at: MonotonicMillis | undefined, wake: () => void): void {
    if (at === undefined) {
      this.#wanted = undefined;
      return;
    }
    const wait = Math.max(0, Math.ceil(at - this.#machine.bootMillis()));
    this.#wanted = { at: this.#agenda.now + this.#machine.trueLength(wait), wake };
    this.#alarm();
  }

  #alarm(): void {
    const wanted = this.#wanted;
    if (wanted === undefined || wanted.at >= this.#set) return;
    this.#set = wanted.at;
    this.#number += 1;
    const number = this.#number;
    this.#schedule(wanted.at, () => {
      if (number !== this.#number) return;
      this.#set = Number.POSITIVE_INFINITY;
      const due = this.#wanted;
      if (due === undefined) return;
      if (due.at <= this.#agenda.now + 0.001) {
        this.#wanted = undefined;
        due.wake();
      } else this.#alarm();
    });
  }
}
