import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { freeDisk } from "../../../edge-agent/rim/free-disk.ts";

test("what is free is what df says, looked at again after ten seconds; a folder that is gone says nothing", () => {
  const said = spawnSync("df", ["--block-size=1", "--output=avail", tmpdir()], { encoding: "utf8" }).stdout.split("\n")[1];
  const clock = { now: 0 };
  const free = freeDisk(tmpdir(), () => clock.now);
  const first = free();
  expect(Math.abs((first ?? 0) - Number(said))).toBeLessThan(2 ** 30);
  expect(free()).toBe(first);
  expect(freeDisk("/nowhere/at/all")()).toBeUndefined();
});
