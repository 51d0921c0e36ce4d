import { expect } from "vitest";
import type { AgentEffect } from "../../../edge-agent/agent/effect.ts";
import type { AgentEvent } from "../../../edge-agent/agent/event.ts";
import type { LeaseView } from "../../../edge-agent/leases/lease-view.ts";
import type { StoreWrite } from "../../../edge-agent/leases/store-write.ts";
import { Loop } from "../../../edge-agent/runtime/loop.ts";
import type { LoopLimits, LoopPorts, Machine } from "../../../edge-agent/runtime/loop-ports.ts";
import { CommitFailed, type Store } from "../../../edge-agent/runtime/ports.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";
import { epochSeconds, type MonotonicMillis, monotonicMillis } from "../../../edge-agent/values/time.ts";

/** Writes are numbers; they are applied, then durable once the test settles the commit. */
export class FakeStore implements Store {
  applied: number[] = [];
  durable: number[] = [];
  commits: { upTo: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  refuseApply = false;
  readonly view = {} as LeaseView;
  record(): undefined {
    return undefined;
  }
  outbox(): readonly never[] {
    return [];
  }
  apply(writes: readonly StoreWrite[]): void {
    if (this.refuseApply) throw new CommitFailed("map full");
    for (const write of writes) {
      if (write.kind === "outbox-trim") this.applied.push(write.upTo);
      else if (write.kind === "lease") this.applied.push(write.lease.address);
    }
  }
  commit(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.commits.push({ upTo: this.applied.length, resolve, reject });
    });
  }
  layout(): void {}
  close(): Promise<void> {
    return Promise.resolve();
  }
  async succeed(): Promise<void> {
    const commit = this.commits.shift();
    if (commit === undefined) throw new Error("no commit in flight");
    this.durable = this.applied.slice(0, commit.upTo);
    commit.resolve();
    await settle();
  }
  async fail(): Promise<void> {
    const commits = this.commits.splice(0);
    this.applied = [...this.durable];
    for (const commit of commits) commit.reject(new CommitFailed("no space left"));
    await settle();
  }
}

export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

/** Probe results stand for events that must not be lost: the address is the number; even ones write it, all send it as an effect. */
export const numbered: Machine<readonly number[]> = {
  step: (state, event) => {
    const number = event.kind === "probe-result" ? event.address : event.kind === "datagram" ? event.sourcePort : -1;
    if (number === 666) throw new Error("broken");
    const writes: StoreWrite[] = number >= 0 && number % 2 === 0 ? [{ kind: "outbox-trim", upTo: number }] : [];
    const effects: AgentEffect[] = [{ kind: "count", metric: String(number) }];
    return { state: [...state, number], writes, effects };
  },
  nextDeadline: () => undefined,
};

export interface World {
  readonly loop: Loop<readonly number[]>;
  readonly store: FakeStore;
  readonly performed: number[];
  readonly trouble: number[];
  readonly bugs: unknown[];
  readonly armed: (MonotonicMillis | undefined)[];
  at: number;
  flushes: number;
  /** Tasks that wait for {@link later}. */
  readonly retries: number;
  run(): void;
  later(): void;
  wake: () => void;
}

export function world(
  limits: Partial<LoopLimits> = {},
  machine: Machine<readonly number[]> = numbered,
  latest: LoopPorts["latest"] = undefined,
): World {
  const tasks: (() => void)[] = [];
  let delayed: (() => void)[] = [];
  const store = new FakeStore();
  const made: World = {
    store,
    performed: [],
    trouble: [],
    bugs: [],
    armed: [],
    at: 0,
    flushes: 0,
    get retries() {
      return delayed.length;
    },
    wake: () => {},
    run: () => {
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
    },
    later: () => {
      const due = delayed;
      delayed = [];
      for (const task of due) task();
    },
    loop: new Loop<readonly number[]>(
      machine,
      [],
      {
        store,
        clock: {
          instant: () => ({ now: epochSeconds(made.at), monotonic: monotonicMillis(made.at * 1000), wallOffset: 0 }),
          arm: (at, wake) => {
            made.armed.push(at);
            made.wake = wake;
          },
        },
        defer: (task) => tasks.push(task),
        later: (_millis, task) => delayed.push(task),
        perform: (effect) => {
          if (effect.kind === "count") made.performed.push(Number(effect.metric));
          if (effect.kind === "send") made.performed.push(-100);
        },
        latest,
        flush: () => {
          made.flushes += 1;
        },
        committed: (writes) => {
          for (const write of writes) if (write.kind === "outbox-trim") expect(store.durable).toContain(write.upTo);
        },
        onCommitTrouble: (failures) => made.trouble.push(failures),
        onBug: (error) => made.bugs.push(error),
      },
      { batch: 4, depth: 2, datagrams: 8, ...limits },
    ),
  };
  return made;
}

export const AT = { now: epochSeconds(0), monotonic: monotonicMillis(0), wallOffset: 0 };
export const must = (number: number): AgentEvent => ({ kind: "probe-result", address: ipv4(number), answered: false, at: AT });
export const datagram = (number: number): AgentEvent => ({
  kind: "datagram",
  interfaceName: "eth0",
  interfaceAddresses: [],
  source: ipv4(0),
  sourcePort: number,
  target: undefined,
  bytes: new Uint8Array(0),
  at: AT,
});
