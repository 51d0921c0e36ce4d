import { expect, test } from "vitest";
import { argumentsOf, COMMANDS, optionsOf } from "../../../cloud/tandemctl/commands.ts";
import { numberOf, timeOf, UsageError } from "../../../cloud/tandemctl/context.ts";
import { createOutput } from "../../../cloud/tandemctl/output.ts";

test("times as people give them", () => {
  const at = (text: string) => timeOf({ at: text }, "at");
  expect([at("2026-01-15T10:00Z"), at("2026-01-15T11:00:00+01:00")]).toEqual(["2026-01-15T10:00:00.000Z", "2026-01-15T10:00:00.000Z"]);
  expect(Math.abs(Date.parse(at("90m")!) - (Date.now() - 5_400_000))).toBeLessThan(5000);
  expect(Math.abs(Date.parse(at("now")!) - Date.now())).toBeLessThan(5000);
  expect(timeOf({}, "at")).toBeUndefined();
  expect(() => at("yesterday noon")).toThrow(UsageError);
  expect(() => numberOf({ n: "five" }, "n")).toThrow(UsageError);
});
test("a command takes the options that its usage names", () => {
  expect([...optionsOf(COMMANDS["partner-down"]!)].sort()).toEqual(["force", "reason", "standing", "survivor", "timeout", "wait"]);
  expect(optionsOf(COMMANDS["site"]!).size).toBe(0);
  const most = Object.entries(COMMANDS).map(([name, command]) => [name, argumentsOf(command)]);
  expect(Object.fromEntries(most)).toMatchObject({ sites: 0, site: 1, resolve: 2, history: 1, audit: 1, conflicts: 0, failover: 0 });
});
test("without a terminal progress comes now and then, and nothing from a client reaches the terminal raw", () => {
  const lines: string[] = [];
  const err = { isTTY: false, write: (text: string) => void lines.push(text) } as unknown as NodeJS.WriteStream;
  const output = createOutput(false, process.stdout, err);
  for (const text of ["waiting 1 s\u001b[2J", "waiting 3 s", "waiting 5 s"]) output.progress(text);
  expect(lines).toEqual(["waiting 1 s?[2J\n"]);
  expect(output.table(["A", "B"], [["x\u001b", undefined]])).toBe("A   B\nx?\n");
});
