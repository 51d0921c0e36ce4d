import type { Agenda } from "../agenda.ts";
import type { Prng } from "../prng.ts";

/** No answer came: what was asked for may have been done, or may yet be. */
export class Silence extends Error {
  override readonly name = "Silence";
}
/** The cloud said "not now": nothing was done. */
export class Throttled extends Error {
  override readonly name = "Throttled";
}

/** What a way through the net is like; delays in milliseconds. */
export interface WanTerms {
  readonly delay: number;
  readonly loss: number;
  /** Share of messages that are held up for a while (up to two minutes), so that whoever sent them has given up. */
  readonly straggling: number;
}

const LONGEST_STRAGGLE = 120_000;

/** A way from one place to the cloud: messages are late, lost, held up, or all lost for hours; each direction by itself. */
export class Wan {
  readonly #agenda: Agenda;
  readonly #random: Prng;
  readonly #terms: WanTerms;
  cut = false;
  /** What is sent while this is more than 0 is held up for so many milliseconds. */
  late = 0;
  /** While true nothing is lost or held up. */
  calm = false;

  constructor(agenda: Agenda, random: Prng, terms: WanTerms) {
    this.#agenda = agenda;
    this.#random = random;
    this.#terms = terms;
  }

  /**
   * Has `run` done over there. Each attempt waits `patience` milliseconds for its answer; an attempt that was given up may
   * still be carried out. `awake` runs a task once the caller can, or never, if he is gone.
   */
  carry<T>(
    run: () => T | Promise<T>,
    how: { readonly attempts: number; readonly patience: number; readonly awake: (task: () => void) => void },
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let left = how.attempts;
      const attempt = (): void => {
        left -= 1;
        let over = false;
        const finish = (task: () => void): void =>
          how.awake(() => {
            if (over) return;
            over = true;
            this.#agenda.stirred();
            task();
          });
        const again = (error: Error): void => (left > 0 ? attempt() : reject(error));
        this.#agenda.after(how.patience, () => finish(() => again(new Silence("no answer in time"))));
        this.#send(() => {
          this.#serve(run, (answer) => this.#send(() => finish(() => (answer.ok ? resolve(answer.value) : again(answer.error)))));
        });
      };
      attempt();
    });
  }

  /** Carries out a request, at once or in time, and gives its answer. */
  #serve<T>(run: () => T | Promise<T>, answered: (answer: { ok: true; value: T } | { ok: false; error: Error }) => void): void {
    const failed = (error: unknown): void => {
      if (error instanceof Throttled || error instanceof Silence) answered({ ok: false, error });
      else this.#agenda.fail(error);
    };
    try {
      const value = run();
      if (value instanceof Promise) {
        this.#agenda.stirred();
        value.then((done) => answered({ ok: true, value: done }), failed);
      } else answered({ ok: true, value });
    } catch (error) {
      failed(error);
    }
  }

  #send(deliver: () => void): void {
    const { delay, loss, straggling } = this.#terms;
    if (this.cut || (!this.calm && this.#random.chance(loss))) return;
    const straggle = !this.calm && this.#random.chance(straggling) ? this.#random.between(0, LONGEST_STRAGGLE) : 0;
    const held = this.late + straggle;
    this.#agenda.after(held + this.#random.unit() * (this.calm ? Math.min(delay, 50) : delay), () => {
      if (!this.cut) deliver();
    });
  }
}
