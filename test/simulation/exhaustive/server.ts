import type { AgentEffect } from "../../../edge-agent/agent/effect.ts";
import type { AgentEvent } from "../../../edge-agent/agent/event.ts";
import { type AgentState, createAgentState } from "../../../edge-agent/agent/state.ts";
import { nextDeadline, step } from "../../../edge-agent/agent/step.ts";
import type { AgentConfig } from "../../../edge-agent/config/agent-config.ts";
import type { Relationship } from "../../../edge-agent/failover/relationship.ts";
import type { Lease } from "../../../edge-agent/leases/lease.ts";
import type { StoreWrite } from "../../../edge-agent/leases/store-write.ts";
import type { Ipv4Address } from "../../../edge-agent/values/ipv4.ts";
import type { Instant } from "../../../edge-agent/values/time.ts";
import { PEER_NAME } from "../config-text.ts";
import { EPOCH_MILLIS, type Happening } from "../machine.ts";
import { forkState } from "./fork.ts";
import { SmallView } from "./small-view.ts";

/** What one event comes to: durable writes, and then effects. */
export interface Outcome {
  readonly writes: readonly StoreWrite[];
  readonly effects: readonly AgentEffect[];
}

/**
 * One server with its disk. A step, its commit and its effects are one move; a machine that dies loses what nobody waited for
 * (lazy writes). Never stepped once it was forked: {@link fork} gives the one to step.
 */
export class Server {
  readonly name: string;
  readonly config: AgentConfig;
  leases: ReadonlyMap<Ipv4Address, Lease> = new Map();
  records: ReadonlyMap<string, Uint8Array> = new Map();
  /** Applied, on no disk yet, and waited for by nobody. */
  lazy: readonly Lease[] = [];
  /** What the process remembers; undefined while it does not run. */
  memory: AgentState | undefined;
  lostDisk = false;
  #view: SmallView | undefined;

  constructor(name: string, config: AgentConfig) {
    this.name = name;
    this.config = config;
  }

  fork(): Server {
    const copy = new Server(this.name, this.config);
    copy.leases = this.leases;
    copy.records = this.records;
    copy.lazy = this.lazy;
    copy.lostDisk = this.lostDisk;
    copy.memory = this.memory === undefined ? undefined : forkState(this.memory);
    copy.#view = this.#view;
    return copy;
  }

  get relationship(): Relationship | undefined {
    return this.memory?.failover.relationships.get(PEER_NAME);
  }
  /** The failover state as an operator sees it; empty while the process does not run. */
  get state(): string {
    const endpoint = this.relationship?.endpoint;
    return endpoint === undefined ? "" : endpoint.startupUntil === undefined ? endpoint.state : "STARTUP";
  }
  get view(): SmallView {
    if (this.#view !== undefined) return this.#view;
    const seen = new Map(this.leases);
    for (const lease of this.lazy) seen.set(lease.address, lease);
    this.#view = new SmallView(this.config.pools, seen);
    return this.#view;
  }

  start(millis: number): Outcome {
    const { records } = this;
    const names = { hostName: this.name, serverPort: 67, clientPort: 68 };
    this.memory = createAgentState(this.config, names, this.view, (key) => records.get(key));
    return this.take({ kind: "tick" }, millis);
  }
  /** The process is gone, and with it what was not on disk. */
  die(): void {
    this.memory = undefined;
    this.lazy = [];
    this.#view = undefined;
  }
  loseDisk(): void {
    this.leases = new Map();
    this.records = new Map();
    this.lostDisk = true;
    this.#view = undefined;
  }

  take(happening: Happening, millis: number): Outcome {
    if (this.memory === undefined) return { writes: [], effects: [] };
    const done = step(this.memory, { ...happening, at: instant(millis) } as AgentEvent, this.view);
    this.memory = done.state;
    const isLazy = (write: StoreWrite): boolean => write.kind === "lease" && write.lazy === true;
    for (const write of done.writes) if (write.kind === "lease") this.lazy = [...this.lazy, write.lease];
    if (done.writes.length > 0) this.#view = undefined;
    if (!done.writes.every(isLazy)) this.#store(done.writes);
    return { writes: done.writes.filter((write) => !isLazy(write)), effects: done.effects };
  }

  /** What nobody waited for goes to disk by itself. */
  flush(): void {
    if (this.lazy.length > 0) this.#store([]);
  }

  /** When the process next wants a tick; undefined if it runs not, or only input can change anything. */
  deadline(): number | undefined {
    return this.memory === undefined ? undefined : nextDeadline(this.memory, this.view);
  }

  #store(writes: readonly StoreWrite[]): void {
    const leases = new Map(this.leases);
    for (const lease of this.lazy) leases.set(lease.address, lease);
    this.leases = leases;
    this.lazy = [];
    for (const write of writes) {
      if (write.kind !== "record") continue;
      const records = new Map(this.records);
      if (write.value === undefined) records.delete(write.key);
      else records.set(write.key, write.value);
      this.records = records;
    }
  }
}

/** The two servers' clocks are the true time. */
export const instant = (millis: number): Instant =>
  ({ now: Math.floor((EPOCH_MILLIS + millis) / 1000), monotonic: millis, wallOffset: 0 }) as Instant;
