import fc from "fast-check";
import { expect, test } from "vitest";
import type { AgentEffect } from "../../../edge-agent/agent/effect.ts";
import { neverUsed } from "../../../edge-agent/leases/lease.ts";
import type { Machine } from "../../../edge-agent/runtime/loop-ports.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";
import { monotonicMillis } from "../../../edge-agent/values/time.ts";
import { datagram, must, numbered, settle, world } from "./loop-bench.ts";

test("effects wait for the commit of their batch", async () => {
  const { loop, store, performed, run } = world();
  for (const number of [2, 3, 4]) loop.enqueue(must(number));
  run();
  expect(store.applied).toEqual([2, 4]);
  expect(performed).toEqual([]);
  await store.succeed();
  expect(performed).toEqual([2, 3, 4]);
});

test("an answer whose time is over when its batch is stored does not leave; all else does", async () => {
  const answering: Machine<readonly number[]> = {
    ...numbered,
    step: (state, event, view) => {
      const step = numbered.step(state, event, view);
      return { ...step, effects: [{ kind: "send" } as AgentEffect, ...step.effects] };
    },
  };
  let dropped = 0;
  const made = world({}, answering, {
    millis: 5000,
    dropped: (count) => {
      dropped += count;
    },
  });
  const { loop, store, performed, run } = made;
  loop.enqueue(must(2));
  run();
  made.at = 5;
  await store.succeed();
  expect(performed).toEqual([-100, 2]);
  made.at = 0;
  loop.enqueue(must(4));
  run();
  made.at = 6;
  await store.succeed();
  expect(performed).toEqual([-100, 2, 4]);
  expect(dropped).toBe(1);
});

test("one commit for a batch; batches behind it are stepped up to the depth, and a batch without writes keeps its place", async () => {
  const { loop, store, performed, run } = world({ batch: 2 });
  for (const number of [2, 4, 1, 3, 6, 8]) loop.enqueue(must(number));
  run();
  expect(store.commits.length).toBe(1);
  expect(loop.state).toEqual([2, 4, 1, 3]);
  await store.succeed();
  expect(performed).toEqual([2, 4, 1, 3]);
  run();
  expect(loop.state).toEqual([2, 4, 1, 3, 6, 8]);
  await store.succeed();
  expect(performed).toEqual([2, 4, 1, 3, 6, 8]);
});

test("a failed commit: its datagrams are forgotten, other events are tried again, nothing of it is sent", async () => {
  const made = world({ batch: 2 });
  const { loop, store, performed, trouble, run } = made;
  for (const event of [datagram(2), must(4), must(5), datagram(7)]) loop.enqueue(event);
  run();
  await store.fail();
  run();
  expect(performed).toEqual([]);
  expect(loop.state).toEqual([]);
  expect(trouble).toEqual([1]);
  loop.enqueue(must(9));
  loop.enqueue(datagram(11));
  run();
  expect(performed).toEqual([11]);
  made.later();
  run();
  await store.succeed();
  run();
  expect(trouble).toEqual([1, 0]);
  await settle();
  run();
  expect(performed).toEqual([11, 4, 5, 9]);
  expect(store.durable).toEqual([4]);
});

test("however many commits fail before it is time to try again, there is one try", async () => {
  const made = world({ batch: 1 });
  const { loop, store, run } = made;
  for (const number of [2, 4, 6]) {
    loop.enqueue(datagram(number));
    run();
    await store.fail();
    run();
  }
  expect(made.trouble).toEqual([1, 2, 3]);
  expect(made.retries).toBe(1);
  made.later();
  loop.enqueue(datagram(8));
  run();
  await store.fail();
  expect(made.retries).toBe(1);
});

test("an `apply` that finds the disk full counts as a failed commit", async () => {
  const made = world();
  made.store.refuseApply = true;
  made.loop.enqueue(must(2));
  made.run();
  expect(made.trouble).toEqual([1]);
  made.store.refuseApply = false;
  made.later();
  made.run();
  await made.store.succeed();
  expect(made.performed).toEqual([2]);
});

test("datagrams beyond the limit are dropped and counted, other events never", () => {
  const { loop, run } = world({ datagrams: 2 });
  expect([1, 3, 5].map((number) => loop.enqueue(datagram(number)))).toEqual([true, true, false]);
  expect(loop.enqueue(must(7))).toBe(true);
  run();
  expect(loop.state).toEqual([1, 3, 7]);
  expect(loop.droppedDatagrams).toBe(1);
  expect(loop.enqueue(datagram(9))).toBe(true);
});

test("a bug in a step ends the loop", () => {
  const { loop, bugs, performed, run } = world();
  loop.enqueue(must(1));
  loop.enqueue(must(666));
  loop.enqueue(must(3));
  run();
  expect(bugs.length).toBe(1);
  expect(loop.enqueue(must(5))).toBe(false);
  run();
  expect(performed).toEqual([]);
});

test("the timer follows the deadline and becomes a tick", () => {
  const deadlines = { ...numbered, nextDeadline: (state: readonly number[]) => monotonicMillis(state.length * 1000) };
  const made = world({}, deadlines);
  made.loop.start();
  expect(made.armed).toEqual([0]);
  made.loop.enqueue(must(1));
  made.run();
  expect(made.armed.at(-1)).toBe(1000);
  made.wake();
  made.run();
  expect(made.loop.state).toEqual([1, -1]);
  expect(made.armed.at(-1)).toBe(2000);
});

test("idle waits for what is in flight", async () => {
  const { loop, store, performed, run } = world();
  loop.enqueue(must(2));
  let idle = false;
  const waited = loop.idle().then(() => {
    idle = true;
  });
  run();
  await settle();
  expect(idle).toBe(false);
  await store.succeed();
  await waited;
  expect(performed).toEqual([2]);
});

test("whatever fails: effects come in order, once, and never before their write is durable", async () => {
  const action = fc.oneof(
    { weight: 5, arbitrary: fc.nat({ max: 1 }).map((parity) => ({ kind: "event" as const, parity })) },
    { weight: 3, arbitrary: fc.constant({ kind: "run" as const }) },
    { weight: 3, arbitrary: fc.constant({ kind: "succeed" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "fail" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "later" as const }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const made = world({ batch: 3, depth: 3 });
      const { store, performed } = made;
      let next = 0;
      const sent: number[] = [];
      const checked = (): void => {
        for (const number of performed) if (number % 2 === 0) expect(store.durable).toContain(number);
      };
      for (const each of actions) {
        if (each.kind === "event") {
          next += 2;
          sent.push(next + each.parity);
          made.loop.enqueue(must(next + each.parity));
        } else if (each.kind === "run") made.run();
        else if (each.kind === "later") made.later();
        else if (store.commits.length > 0) await (each.kind === "succeed" ? store.succeed() : store.fail());
        checked();
      }
      for (let round = 0; round < 200 && performed.length < sent.length; round += 1) {
        made.later();
        made.run();
        await settle();
        if (store.commits.length > 0) await store.succeed();
      }
      checked();
      expect(performed).toEqual(sent);
    }),
  );
});

/** As {@link numbered}, but multiples of six are leases that nobody waits for; the state's -7 says that it was told of undone writes. */
const lazily: Machine<readonly number[]> = {
  ...numbered,
  step: (state, event, view) => {
    const done = numbered.step(state, event, view);
    const lazy = done.writes.filter((write) => write.kind === "outbox-trim" && write.upTo % 6 === 0);
    if (lazy.length === 0) return done;
    const writes = lazy.map(
      (write) => ({ kind: "lease", lazy: true, lease: neverUsed(ipv4(write.kind === "outbox-trim" ? write.upTo : 0)) }) as const,
    );
    return { ...done, writes };
  },
  undone: (state) => [...state, -7],
};

test("what is written lazily is performed at once, and goes to disk with the next write", async () => {
  const { loop, store, performed, run } = world({}, lazily);
  loop.enqueue(must(6));
  run();
  expect(performed).toEqual([6]);
  expect(store.commits).toHaveLength(0);
  loop.enqueue(must(2));
  run();
  expect(store.commits.map(({ upTo }) => upTo)).toEqual([2]);
  await store.succeed();
  expect(store.durable).toEqual([6, 2]);
  expect(performed).toEqual([6, 2]);
});

test("what is written lazily goes to disk by itself when nothing else does, and before the end", async () => {
  const { loop, store, run, later } = world({}, lazily);
  loop.enqueue(must(6));
  run();
  later();
  expect(store.commits).toHaveLength(1);
  await store.succeed();
  expect(store.durable).toEqual([6]);
  loop.enqueue(must(12));
  run();
  let idle = false;
  void loop.idle().then(() => {
    idle = true;
  });
  run();
  await settle();
  expect(idle).toBe(false);
  await store.succeed();
  expect([store.durable, idle]).toEqual([[6, 12], true]);
});

test("a lazy write does not overtake the effects of a commit in flight; lost, the state is told", async () => {
  const { loop, store, performed, run, later } = world({}, lazily);
  loop.enqueue(must(2));
  run();
  loop.enqueue(must(6));
  run();
  expect(performed).toEqual([]);
  await store.succeed();
  expect(performed).toEqual([2, 6]);
  later();
  await store.fail();
  expect(loop.state.at(-1)).toBe(-7);
  later();
  run();
  expect(store.commits).toHaveLength(0);
});
