interface Entry {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

const MOST_AT_ONCE = 20_000;

/** All that will happen, in virtual milliseconds; what falls on the same moment happens in the order of planning. */
export class Agenda {
  /** Asynchronous code was called or got an answer: it must have its turn before time goes on. */
  #stirred = false;
  #failure: unknown;
  #stuckAt = 0;
  #stuckFor = 0;
  now = 0;
  /** How many tasks ran. */
  done = 0;
  #order = 0;
  readonly #heap: Entry[] = [];
  #soon: (() => void)[] = [];

  /** Runs `task` at this moment, after what is running. */
  soon(task: () => void): void {
    this.#soon.push(task);
  }

  at(at: number, task: () => void): void {
    this.#order += 1;
    const entry = { at: Math.max(at, this.now), order: this.#order, task };
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  after(wait: number, task: () => void): void {
    this.at(this.now + wait, task);
  }

  /** Says that promises were made or kept: they are settled before the next task runs. */
  stirred(): void {
    this.#stirred = true;
  }

  /** Asynchronous code has thrown what it must not: the run ends with that. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#stirred = true;
  }

  /** Runs everything up to `end`, and lets asynchronous code on the way do what it has to. */
  async runUntil(end: number): Promise<void> {
    while (!this.#run(end)) {
      this.#stirred = false;
      // after this, whatever could go on has gone on: all that is still waited for is on the agenda
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#failure !== undefined) throw this.#failure;
    }
  }

  /** Runs tasks up to `end`; false when asynchronous code must have its turn first. */
  #run(end: number): boolean {
    for (;;) {
      while (this.#soon.length > 0) {
        const tasks = this.#soon;
        this.#soon = [];
        for (const [index, task] of tasks.entries()) {
          if (this.#stirred) {
            this.#soon = [...tasks.slice(index), ...this.#soon];
            return false;
          }
          this.#count();
          task();
        }
      }
      if (this.#stirred) return false;
      const first = this.#heap[0];
      if (first === undefined || first.at > end) break;
      this.#removeFirst();
      this.now = first.at;
      this.#count();
      first.task();
    }
    this.now = end;
    return true;
  }

  /** Time must go on: whatever happens again and again at one moment will do so for ever. */
  #count(): void {
    this.done += 1;
    this.#stuckFor = this.now - this.#stuckAt > 1 ? 0 : this.#stuckFor + 1;
    if (this.#stuckFor === 0) this.#stuckAt = this.now;
    if (this.#stuckFor > MOST_AT_ONCE) throw new Error(`${MOST_AT_ONCE} tasks within a millisecond`);
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

const isBefore = (left: Entry, right: Entry): boolean => left.at < right.at || (left.at === right.at && left.order < right.order);
