import type { AgentEffect } from "../../edge-agent/agent/effect.ts";
import type { AgentEvent } from "../../edge-agent/agent/event.ts";
import type { LedgerPorts } from "../../edge-agent/agent/ledger.ts";
import { type AgentState, createAgentState, isUndone, undone } from "../../edge-agent/agent/state.ts";
import { nextDeadline, step } from "../../edge-agent/agent/step.ts";
import type { AgentConfig } from "../../edge-agent/config/agent-config.ts";
import { CLOCK_RECORD } from "../../edge-agent/rim/clock.ts";
import { Loop } from "../../edge-agent/runtime/loop.ts";
import type { Machine as LoopMachine } from "../../edge-agent/runtime/loop-ports.ts";
import type { Agenda } from "./agenda.ts";
import type { Prng } from "./prng.ts";
import { SimClock } from "./sim-clock.ts";
import { emptyDisk, type MemoryDisk, SimStore, type StoreWorld } from "./store.ts";

/** True time at the start of every simulation, in milliseconds since 1970. */
export const EPOCH_MILLIS = 1_800_000_000_000;
const SAVE_CLOCK_MILLIS = 60_000;

export interface MachineOptions {
  readonly name: string;
  readonly skewSeconds: number;
  readonly driftPpm: number;
  readonly commitDelay: number;
}

/** What a machine's process asks of the world. */
export interface MachineWorld {
  readonly agenda: Agenda;
  readonly random: Prng;
  perform(machine: Machine, effect: AgentEffect): void;
  stepped(machine: Machine, state: AgentState): void;
  durable(machine: Machine, writes: Parameters<StoreWorld["durable"]>[0]): void;
  diskLost(machine: Machine): void;
  /** What the ledger's part of a process needs; undefined without a ledger. */
  ledgerPorts(machine: Machine, process: () => Process): LedgerPorts | undefined;
  trace(who: string, text: string): void;
}

type Unstamped = AgentEvent extends infer Event ? (Event extends AgentEvent ? Omit<Event, "at"> : never) : never;
export type Happening = Unstamped;

/** A server machine: its disk and clocks last, its process comes and goes. Runs the production loop, clock, step and codecs. */
export class Machine {
  readonly name: string;
  readonly #options: MachineOptions;
  readonly #world: MachineWorld;
  disk: MemoryDisk = emptyDisk();
  process: Process | undefined;
  config: AgentConfig;
  #diskFull = false;
  /** When the disk last had room again, the process was last stopped in its tracks, and woken: true milliseconds. */
  diskFreeAt = 0;
  pausedAt = 0;
  resumedAt = 0;
  /** How it presents itself to its partner. */
  dress: "tandem" | "stock" = "tandem";
  /** How often a process was started. */
  starts = 0;
  paused = false;
  /** Its disk was lost, and the two have not agreed since. */
  lostDisk = false;
  /** When the failover state last changed, and what it is: true milliseconds. */
  stateSince = 0;
  state = "";
  /** Lease clock minus true time at the last event, in milliseconds. */
  leaseClockAhead = 0;
  /** Seconds by which somebody set the wall clock. */
  clockSteps = 0;
  /** True milliseconds for which its clocks stood still since it was booted, by which the wall clock is behind, and since when they do. */
  #stoodStill = 0;
  #wallBehind = 0;
  #frozenAt: number | undefined;
  #bootedAt = 0;
  #boots = 1;
  #held: (() => void)[] = [];

  constructor(options: MachineOptions, config: AgentConfig, world: MachineWorld) {
    this.name = options.name;
    this.#options = options;
    this.config = config;
    this.#world = world;
  }

  get diskFull(): boolean {
    return this.#diskFull;
  }
  set diskFull(isFull: boolean) {
    if (this.#diskFull && !isFull) this.diskFreeAt = this.#world.agenda.now;
    this.#diskFull = isFull;
  }
  /** Elapsed milliseconds since boot by this machine's crystal. */
  bootMillis(): number {
    return (this.#now - this.#bootedAt - this.#stoodStill) * this.#pace;
  }
  wallMillis(): number {
    return EPOCH_MILLIS + (this.#now - this.#wallBehind) * this.#pace + (this.#options.skewSeconds + this.clockSteps) * 1000;
  }
  get #now(): number {
    return this.#frozenAt ?? this.#world.agenda.now;
  }
  /** A virtual machine is stopped: every clock of it stands still. */
  freeze(): void {
    this.#frozenAt ??= this.#world.agenda.now;
  }
  /** It goes on where it stood; `corrected`: its wall clock is set right. */
  thaw(corrected: boolean): void {
    const slept = this.#world.agenda.now - this.#now;
    this.#frozenAt = undefined;
    this.#stoodStill += slept;
    this.#wallBehind = corrected ? 0 : this.#wallBehind + slept;
  }
  get bootId(): string {
    return `${this.name}-${this.#boots}`;
  }
  get #pace(): number {
    return 1 + this.#options.driftPpm / 1_000_000;
  }
  /** True milliseconds that pass while this machine's crystal counts `millis`. */
  trueLength(millis: number): number {
    return millis / this.#pace;
  }
  start(): void {
    if (this.process !== undefined) return;
    this.#world.trace(this.name, "process starts");
    this.starts += 1;
    this.process = new Process(this, this.#options, this.#world);
    this.process.begin();
  }
  /** The process dies at once; of its commits under way a few first ones may be on disk. */
  kill(): void {
    const { process } = this;
    if (process === undefined) return;
    this.#world.trace(this.name, "process dies");
    this.process = undefined;
    this.paused = false;
    this.#held = [];
    process.kill(this.#world.random.below(process.store.pending + 1));
  }
  reboot(): void {
    this.kill();
    this.#boots += 1;
    this.#bootedAt = this.#world.agenda.now;
    [this.#stoodStill, this.#wallBehind] = [0, 0];
  }
  /** All that was written is gone, or what was written since `left` was all. */
  loseDisk(left: MemoryDisk = emptyDisk()): void {
    this.#world.diskLost(this);
    this.disk = left;
    this.lostDisk = true;
  }
  pause(): void {
    if (this.process === undefined) return;
    if (!this.paused) this.pausedAt = this.#world.agenda.now;
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
    this.resumedAt = this.#world.agenda.now;
    const held = this.#held;
    this.#held = [];
    for (const task of held) task();
  }
  /** Lets `effects` more effects leave, and then runs `die` instead of the next. */
  dieAfter(effects: number, die: () => void): void {
    this.process?.dieAfter(effects, die);
  }
  /** Takes {@link dieAfter} back. */
  spare(): void {
    this.process?.spare();
  }
  /** Runs `task` when the process is awake. */
  whenAwake(task: () => void): void {
    if (this.paused) this.#held.push(task);
    else task();
  }
  /** Datagrams that wait in the kernel of a paused process have a bound. */
  get crowded(): boolean {
    return this.#held.length > 500;
  }
  take(happening: Happening): void {
    const { process } = this;
    if (process === undefined) return;
    this.whenAwake(() => {
      if (this.process === process) process.take(happening);
    });
  }
}

/** One run of the agent on a machine. */
class Process {
  readonly store: SimStore;
  readonly loop: Loop<AgentState>;
  readonly clock: SimClock;
  readonly #machine: Machine;
  readonly #world: MachineWorld;
  #alive = true;
  #dying: { effects: number; readonly die: () => void } | undefined;

  constructor(machine: Machine, options: MachineOptions, world: MachineWorld) {
    this.#machine = machine;
    this.#world = world;
    const { agenda, random } = world;
    const own = (task: () => void) => () => this.whenAlive(task);
    this.store = new SimStore(machine.disk, {
      commitTime: () => random.unit() * options.commitDelay,
      after: (wait, task) => agenda.after(wait, own(task)),
      isFull: () => machine.diskFull,
      durable: (writes) => world.durable(machine, writes),
    });
    this.clock = new SimClock(machine, this.store.record(CLOCK_RECORD), (at, wake) => agenda.at(at, own(wake)), agenda);
    const { config } = machine;
    this.store.layout(config.pools.map(({ id, ranges }) => ({ id, ranges })));
    const names = { hostName: machine.name, serverPort: 67, clientPort: 68 };
    const ledger = world.ledgerPorts(machine, () => this);
    const extras = { hmac: undefined, declarations: [], ...(ledger === undefined ? {} : { ledger }) };
    const initial = createAgentState(config, names, this.store.view, (key) => this.store.record(key), extras);
    const core: LoopMachine<AgentState> = {
      step: (state, event, view) => {
        const done = step(state, event, view);
        world.stepped(machine, done.state);
        return done;
      },
      nextDeadline,
      undone,
    };
    this.loop = new Loop(core, initial, {
      store: this.store,
      clock: this.clock,
      defer: (task) => agenda.soon(own(task)),
      later: (millis, task) => agenda.after(millis, own(task)),
      perform: (effect) => this.#perform(effect),
      committed: () => {},
      flush: () => {},
      onCommitTrouble: (failures, reason) => world.trace(machine.name, `commits fail: ${failures} ${reason}`),
      onBug: (error) => {
        throw error;
      },
    });
  }

  #perform(effect: AgentEffect): void {
    if (!this.#alive) return;
    const dying = this.#dying;
    if (dying === undefined || dying.effects > 0) this.#world.perform(this.#machine, effect);
    else dying.die();
    if (dying !== undefined) dying.effects -= 1;
  }
  dieAfter(effects: number, die: () => void): void {
    this.#dying = { effects, die };
  }
  spare(): void {
    this.#dying = undefined;
  }

  /** Runs `task` when the process is awake; never, if it dies before. */
  whenAlive(task: () => void): void {
    this.#machine.whenAwake(() => {
      if (this.#alive) task();
    });
  }
  begin(): void {
    this.loop.start();
    this.#saveClock();
  }
  /** Nothing is queued, stepped and not on disk, undone and about to be tried again, or about to be performed. */
  get atRest(): boolean {
    if (isUndone(this.loop.state)) return false;
    return this.loop.queued === 0 && this.store.pending === 0 && !this.store.failing;
  }
  take(happening: Happening): void {
    const at = this.clock.instant();
    this.#machine.leaseClockAhead = at.now * 1000 - EPOCH_MILLIS - this.#world.agenda.now;
    this.loop.enqueue({ ...happening, at } as AgentEvent);
  }
  kill(survivors: number): void {
    this.loop.stop();
    this.#alive = false;
    this.store.crash(survivors);
  }

  /** Reads the configuration anew, as the process does on SIGHUP. */
  reload(config: AgentConfig): void {
    this.store.layout(config.pools.map(({ id, ranges }) => ({ id, ranges })));
    this.take({ kind: "config", config });
  }

  #saveClock(): void {
    this.store.apply([{ kind: "record", key: CLOCK_RECORD, value: this.clock.record() }]);
    this.store.commit().then(
      () => {},
      () => {},
    );
    this.#world.agenda.after(SAVE_CLOCK_MILLIS, () => {
      if (this.#alive) this.#machine.whenAwake(() => this.#alive && this.#saveClock());
    });
  }
}

export type { Process };
