import { expect, test } from "vitest";
import { type ClockTrust, clockDoubt, type KernelClock, kernelClock } from "../../../edge-agent/rim/clock-sync.ts";

const doubtOf = (trust: ClockTrust, clock: KernelClock | undefined, hasKeeper = false) =>
  clockDoubt(trust, { kernel: () => clock, hasKeeper: () => hasKeeper, millis: () => 0 })();
const lost = { isSynchronised: false, isDisciplined: true };
const never = { isSynchronised: false, isDisciplined: false };

test("a clock that something keeps is doubted while it is not synchronised; one that nothing keeps only if NTP is demanded", () => {
  expect(doubtOf("auto", lost)).toMatch(/not synchronised/);
  expect(doubtOf("auto", never, true)).toMatch(/not synchronised/);
  expect(doubtOf("auto", never)).toBeUndefined();
  expect(doubtOf("ntp", never)).toMatch(/not synchronised/);
  expect(doubtOf("trusted", lost, true)).toBeUndefined();
  for (const trust of ["auto", "ntp"] as const) {
    expect(doubtOf(trust, { isSynchronised: true, isDisciplined: true }, true)).toBeUndefined();
    expect(doubtOf(trust, undefined, true)).toBeUndefined();
  }
});

test("it looks again after ten seconds", () => {
  let [clock, millis] = [lost, 0];
  const doubt = clockDoubt("auto", { kernel: () => clock, hasKeeper: () => false, millis: () => millis });
  expect(doubt()).toBeDefined();
  clock = { ...lost, isSynchronised: true };
  millis = 9_999;
  expect(doubt()).toBeDefined();
  millis = 10_000;
  expect(doubt()).toBeUndefined();
});

test("the kernel can be asked", () => {
  expect(kernelClock()).toMatchObject({ isSynchronised: expect.any(Boolean), isDisciplined: expect.any(Boolean) });
});
