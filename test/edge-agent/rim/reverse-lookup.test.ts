import { afterEach, expect, test, vi } from "vitest";
import { findNameByResolver, ReverseLookup } from "../../../edge-agent/rim/reverse-lookup.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";

afterEach(() => void vi.useRealTimers());

test("one at a time, in order; a failing resolver means no name", async () => {
  const told: unknown[] = [];
  let running = 0;
  let most = 0;
  const lookup = new ReverseLookup(
    async (address) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      if (address === "10.0.0.2") throw new Error("SERVFAIL");
      return `name-of-${address}`;
    },
    (id, name) => told.push([id, name]),
  );
  for (const id of [1, 2, 3]) lookup.ask(id, ipv4(0x0a000000 + id));
  await vi.waitFor(() => expect(told).toHaveLength(3));
  expect(told).toEqual([
    [1, "name-of-10.0.0.1"],
    [2, undefined],
    [3, "name-of-10.0.0.3"],
  ]);
  expect(most).toBe(1);
});

test("a resolver that does not answer holds nobody up for more than three seconds", async () => {
  vi.useFakeTimers();
  const told: unknown[] = [];
  const lookup = new ReverseLookup(
    () => new Promise(() => {}),
    (id, name) => told.push([id, name]),
  );
  lookup.ask(1, ipv4(1));
  lookup.ask(2, ipv4(2));
  await vi.advanceTimersByTimeAsync(2999);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(told).toEqual([
    [1, undefined],
    [2, undefined],
  ]);
});

test("the machine's resolver knows localhost", async () => {
  expect(await findNameByResolver("127.0.0.1")).toMatch(/localhost/);
});
