import type { AgentEffect } from "../agent/effect.ts";
import type { AgentEvent } from "../agent/event.ts";
import type { StoreWrite } from "../leases/store-write.ts";
import type { MonotonicMillis } from "../values/time.ts";
import { type Batch, isAwaited } from "./batch.ts";
import { EventQueue } from "./event-queue.ts";
import { DEFAULT_LIMITS, type LoopLimits, type LoopPorts, type Machine, retryMillis } from "./loop-ports.ts";
import { CommitFailed } from "./ports.ts";

/** Writes that nobody waits for go to disk by themselves after so long, in milliseconds, if no others take them along. */
const LAZY_MILLIS = 200;

/** Deadlines closer together than this are one for the timer, in milliseconds. */
const CLOSE_MILLIS = 1000;

/**
 * Queue, batch, step, commit, effects, one timer. Events are stepped in order, up to `batch` of them into one commit; effects
 * are performed after that commit, in order. While a commit is in flight further batches are stepped behind it. When a commit
 * fails, its batch and those behind it never happened: state and store go back, datagrams are forgotten (clients ask again),
 * and other events are tried again later.
 */
export class Loop<State> {
  #state: State;
  readonly #machine: Machine<State>;
  readonly #ports: LoopPorts;
  readonly #limits: LoopLimits;
  readonly #queue: EventQueue;
  #inFlight: Batch<State>[] = [];
  /** Events of failed batches that must be tried again, and those that came after them. */
  #parked: AgentEvent[] = [];
  #turnPlanned = false;
  #failures = 0;
  #retryPlanned = false;
  /** Counts rollbacks: an answer to a commit from before one is stale. */
  #era = 0;
  #stopped = false;
  #armedFor: MonotonicMillis | undefined;
  /** Lazy writes, applied and performed, that no commit was asked for yet. */
  #lazy: StoreWrite[] = [];
  #lazyPlanned = false;
  #onIdle: (() => void)[] = [];
  #droppedDatagrams = 0;

  constructor(machine: Machine<State>, initial: State, ports: LoopPorts, limits: LoopLimits = DEFAULT_LIMITS) {
    this.#machine = machine;
    this.#state = initial;
    this.#ports = ports;
    this.#limits = limits;
    this.#queue = new EventQueue(limits.datagrams);
  }

  get state(): State {
    return this.#state;
  }
  /** Datagrams dropped because the queue was full, since the start. */
  get droppedDatagrams(): number {
    return this.#droppedDatagrams;
  }
  get queued(): number {
    return this.#queue.length + this.#parked.length;
  }

  /** Takes an event in; false if it was dropped. */
  enqueue(event: AgentEvent): boolean {
    if (this.#stopped) return false;
    if (event.kind !== "datagram" && this.#parked.length > 0) {
      this.#parked.push(event);
      return true;
    }
    if (!this.#queue.push(event)) {
      this.#droppedDatagrams += 1;
      return false;
    }
    this.#plan();
    return true;
  }

  /** Arms the timer for the first time. */
  start(): void {
    this.#arm();
  }

  /** Resolves when everything taken in so far was stepped, committed and performed (or given up because commits fail). */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#plan();
    });
  }

  /** Takes nothing in any more; call {@link idle} before, to end cleanly. */
  stop(): void {
    this.#stopped = true;
    this.#ports.clock.arm(undefined, () => {});
  }

  #plan(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    this.#ports.defer(() => {
      this.#turnPlanned = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#stopped) return;
    const depth = this.#failures > 0 ? 1 : this.#limits.depth;
    try {
      if (this.#mayStep(depth)) this.#stepBatch();
    } catch (error) {
      this.#stopped = true;
      this.#ports.onBug(error);
      return;
    }
    if (this.#mayStep(depth)) this.#plan();
    this.#settleIdle();
  }

  /** A new configuration is stepped alone, with nothing in flight: it also changes the store's pools, which cannot be undone. */
  #mayStep(depth: number): boolean {
    return this.#queue.length > 0 && this.#inFlight.length < (this.#queue.startsWithConfig ? 1 : depth);
  }

  #stepBatch(): void {
    const events = this.#queue.take(this.#failures > 0 ? 1 : this.#limits.batch);
    if (events[0]?.kind === "config") this.#ports.store.layout(events[0].config.pools);
    const before = this.#state;
    const { machine, store } = { machine: this.#machine, store: this.#ports.store };
    const effects: AgentEffect[] = [];
    const writes: StoreWrite[] = [];
    try {
      for (const event of events) {
        const step = machine.step(this.#state, event, store.view);
        this.#state = step.state;
        if (step.writes.length > 0) {
          store.apply(step.writes);
          for (const write of step.writes) writes.push(write);
        }
        for (const effect of step.effects) effects.push(effect);
      }
    } catch (error) {
      if (!(error instanceof CommitFailed)) throw error;
      this.#inFlight.push({ events, before, writes, effects, committed: false });
      this.#rollBack(error.message);
      return;
    }
    const waits = writes.some(isAwaited);
    for (const write of waits ? [] : writes) this.#lazy.push(write);
    const batch: Batch<State> = { events, before, writes: waits ? this.#withLazy(writes) : [], effects, committed: !waits };
    this.#inFlight.push(batch);
    if (waits) this.#commit(batch);
    else this.#release();
    if (this.#lazy.length > 0) this.#planLazy();
    this.#arm();
  }

  #withLazy(writes: readonly StoreWrite[]): readonly StoreWrite[] {
    if (this.#lazy.length === 0) return writes;
    const all = [...this.#lazy, ...writes];
    this.#lazy = [];
    return all;
  }

  #planLazy(): void {
    if (this.#lazyPlanned) return;
    this.#lazyPlanned = true;
    this.#ports.later(LAZY_MILLIS, () => {
      this.#lazyPlanned = false;
      if (!this.#stopped) this.#commitLazy();
    });
  }

  #commitLazy(): void {
    if (this.#lazy.length === 0) return;
    const batch: Batch<State> = { events: [], before: this.#state, writes: this.#withLazy([]), effects: [], committed: false };
    this.#inFlight.push(batch);
    this.#commit(batch);
  }

  #commit(batch: Batch<State>): void {
    const era = this.#era;
    this.#ports.store.commit().then(
      () => {
        if (era !== this.#era) return;
        batch.committed = true;
        if (this.#failures > 0) {
          this.#failures = 0;
          this.#ports.onCommitTrouble(0, "");
        }
        this.#release();
        this.#afterCommit();
      },
      (error: unknown) => {
        if (era !== this.#era) return;
        if (!(error instanceof CommitFailed)) {
          this.#stopped = true;
          this.#ports.onBug(error);
          return;
        }
        this.#rollBack(error.message);
        this.#afterCommit();
      },
    );
  }

  #afterCommit(): void {
    if (this.#queue.length > 0) this.#plan();
    this.#settleIdle();
  }

  /** Performs the effects of every batch up to the first that is not on disk. */
  #release(): void {
    let released = 0;
    for (const batch of this.#inFlight) {
      if (!batch.committed) break;
      released += 1;
      if (batch.writes.length > 0) this.#ports.committed(batch.writes);
      const effects = this.#isLate(batch) ? this.#withoutAnswers(batch.effects) : batch.effects;
      for (const effect of effects) this.#ports.perform(effect);
    }
    if (released === 0) return;
    this.#inFlight.splice(0, released);
    this.#ports.flush();
  }

  #isLate({ events, effects }: Batch<State>): boolean {
    const { latest, clock } = this.#ports;
    const asked = events[0]?.at.monotonic;
    if (latest === undefined || effects.length === 0 || asked === undefined) return false;
    return clock.instant().monotonic - asked > latest.millis;
  }

  #withoutAnswers(effects: readonly AgentEffect[]): readonly AgentEffect[] {
    const kept = effects.filter(({ kind }) => kind !== "send");
    if (kept.length < effects.length) this.#ports.latest?.dropped(effects.length - kept.length);
    return kept;
  }

  /** The first batch in flight that writes was lost, so it and all behind it never happened. */
  #rollBack(reason: string): void {
    this.#era += 1;
    this.#failures += 1;
    const first = this.#inFlight.findIndex((batch) => !batch.committed);
    const lost = this.#inFlight.splice(first);
    const oldest = lost[0];
    if (oldest !== undefined) this.#state = this.#machine.undone?.(oldest.before) ?? oldest.before;
    this.#lazy = [];
    const kept = lost.flatMap((batch) => batch.events).filter((event) => event.kind !== "datagram" && event.kind !== "tick");
    this.#park(kept);
    this.#ports.onCommitTrouble(this.#failures, reason);
    // Not at once: a tick that writes would fail again as fast as the disk says no. And one try at a time: each that fails asks
    // for another, so that two would be four.
    if (this.#retryPlanned) return;
    this.#retryPlanned = true;
    this.#ports.later(retryMillis(this.#failures), () => this.#retry());
  }

  /** Nothing overtakes an event that waits to be tried again, but datagrams, which stand alone. */
  #park(kept: readonly AgentEvent[]): void {
    if (kept.length > 0 || this.#parked.length > 0) this.#parked = [...kept, ...this.#parked, ...this.#queue.takeLasting()];
  }

  #retry(): void {
    this.#retryPlanned = false;
    if (this.#stopped) return;
    this.#queue.unshift(this.#parked);
    this.#parked = [];
    this.#arm();
    this.#plan();
  }

  #settleIdle(): void {
    if (this.#onIdle.length === 0) return;
    if (this.#queue.length === 0) this.#commitLazy();
    if (this.#inFlight.length > 0 || this.#queue.length > 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  /** A timer that is set for a little earlier stays: a tick too many costs less than setting timers with every batch. */
  #arm(): void {
    const { clock, store } = this.#ports;
    const deadline = this.#machine.nextDeadline(this.#state, store.view);
    if (this.#armedFor !== undefined && deadline !== undefined) {
      const later = deadline - this.#armedFor;
      if (later >= 0 && later < CLOSE_MILLIS) return;
    }
    this.#armedFor = deadline;
    clock.arm(deadline, () => {
      this.#armedFor = undefined;
      this.enqueue({ kind: "tick", at: clock.instant() });
    });
  }
}
