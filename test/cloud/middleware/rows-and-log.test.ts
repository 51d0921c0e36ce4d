import { expect, test } from "vitest";
import { createLog } from "../../../cloud/log.ts";
import { csv, formatOf } from "../../../cloud/middleware/rows.ts";

test("CSV quotes what must be quoted and disarms formulas from clients", () => {
  expect(
    csv(
      [
        { a: 'x"y', b: "1,2", c: "=cmd()", d: -5 },
        { a: "", b: null, c: "ok", d: 7 },
      ],
      ["a", "b", "c", "d"],
    ),
  ).toBe('a,b,c,d\r\n"x""y","1,2",\'=cmd(),-5\r\n,,ok,7\r\n');
  expect(csv([], ["a", "b"])).toBe("a,b\r\n");
});
test("the query's format goes before the Accept header", () => {
  expect([
    formatOf(undefined, undefined),
    formatOf("csv", "application/x-ndjson"),
    formatOf(undefined, "application/x-ndjson"),
    formatOf(undefined, "text/csv;q=1"),
  ]).toEqual(["json", "csv", "ndjson", "csv"]);
});
test("a log line names no client and carries no secret", () => {
  const lines: string[] = [];
  createLog("info", { write: (line) => void lines.push(line) }).info(
    { client: "m:1:aa", row: { cid: "m:1:bb", hn: "ana-laptop" }, headers: { authorization: "Bearer x" }, site: "S-1" },
    "test",
  );
  expect(lines[0]).not.toMatch(/m:1:|ana-laptop|Bearer/);
  expect(lines[0]).toContain("S-1");
});
