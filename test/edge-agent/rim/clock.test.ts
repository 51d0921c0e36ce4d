import { expect, test } from "vitest";
import { LeaseClock } from "../../../edge-agent/rim/clock.ts";

interface Machine {
  boot: number;
  wall: number;
  bootId: string;
}
const sources = (machine: Machine) => ({ bootMillis: () => machine.boot, wallMillis: () => machine.wall, bootId: machine.bootId });

test("it starts at the wall clock and follows elapsed time, whatever the wall clock does", () => {
  const machine = { boot: 1000, wall: 1_000_000_000, bootId: "a" };
  const steps: number[][] = [];
  const clock = new LeaseClock(sources(machine), undefined, (offset, change) => steps.push([offset, change]));
  expect(clock.instant()).toEqual({ now: 1_000_000, monotonic: 1000, wallOffset: 0 });
  machine.boot += 10_000;
  machine.wall += 10_000 + 3_600_000;
  expect(clock.instant()).toEqual({ now: 1_000_010, monotonic: 11_000, wallOffset: 3600 });
  machine.boot += 1000;
  machine.wall += 1500; // slewed: within two seconds of where it was
  expect(clock.instant()).toMatchObject({ now: 1_000_011, wallOffset: 3600 });
  machine.wall -= 3_600_500;
  expect(clock.instant()).toMatchObject({ now: 1_000_011, wallOffset: 0 });
  expect(steps).toEqual([
    [3600, 3600],
    [0, -3600],
  ]);
});

test("a restart within the same boot goes on without asking the wall clock", () => {
  const machine = { boot: 50_000, wall: 2_000_000_000, bootId: "a" };
  const stored = new LeaseClock(sources(machine), undefined).record();
  machine.boot += 60_000;
  machine.wall -= 86_400_000;
  const clock = new LeaseClock(sources(machine), stored);
  expect(clock.instant()).toMatchObject({ now: 2_000_060, wallOffset: -86_460 });
});

test("after a reboot it takes the wall clock's word unless that goes back", () => {
  const machine = { boot: 50_000, wall: 2_000_000_000, bootId: "a" };
  const stored = new LeaseClock(sources(machine), undefined).record();
  expect(new LeaseClock(sources({ boot: 5, wall: 2_000_300_000, bootId: "b" }), stored).instant()).toMatchObject({
    now: 2_000_300,
    wallOffset: 0,
  });
  expect(new LeaseClock(sources({ boot: 5, wall: 1_000_000_000, bootId: "b" }), stored).instant()).toMatchObject({
    now: 2_000_000,
    wallOffset: -1_000_000,
  });
});

test("a damaged record is no record", () => {
  for (const text of ["", "{}", "[]", "null", '{"bootId":1,"bootMillis":0,"leaseMillis":9e99}']) {
    const clock = new LeaseClock(sources({ boot: 0, wall: 5000, bootId: "a" }), new TextEncoder().encode(text));
    expect(clock.instant().now).toBe(5);
  }
});
