import { expect, test } from "vitest";
import { ReplyPace } from "../../../edge-agent/rim/reply-pace.ts";

const taken = (pace: ReplyPace): number => {
  let count = 0;
  while (pace.take()) count += 1;
  return count;
};

test("a burst leaves at once, then so many a millisecond; a long pause allows no more than a burst", () => {
  const pace = new ReplyPace(0);
  expect(taken(pace)).toBe(96);
  expect(pace.look(1, 10)).toBe(1);
  expect(taken(pace)).toBe(24);
  expect(pace.look(60_000, 10)).toBe(59_999);
  expect(taken(pace)).toBe(96);
  expect(pace.look(59_000, 10)).toBe(0);
  expect(taken(pace)).toBe(0);
});

test("the more wait, the more leave: whatever the rate, the wait stays short", () => {
  for (const perMilli of [10, 24, 100, 1000]) {
    const pace = new ReplyPace(0);
    let waiting = 0;
    for (let now = 1; now <= 500; now += 1) {
      waiting += perMilli;
      pace.look(now, waiting);
      while (waiting > 0 && pace.take()) waiting -= 1;
    }
    expect(waiting).toBeLessThanOrEqual(Math.max(0, perMilli * 17));
  }
});
