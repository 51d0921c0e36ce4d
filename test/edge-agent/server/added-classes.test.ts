import { expect, test } from "vitest";
import { Bench, text } from "../../support/agent-bench.ts";

const SUBNET = "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.20; }";

test("a class that `add` names counts for the very message: its options are sent, by its place after the matched ones", () => {
  const bench = new Bench(`ping-check off; option host-name "outside";
class "matched" { match if exists dhcp-message-type; option domain-name "matched"; }
class "added" { option domain-name "added"; option host-name "added"; }
if exists host-name { add "added"; }
${SUBNET}`);
  const plain = bench.send({ type: 1, mac: 1 });
  expect(plain?.option(12)).toEqual(text("outside"));
  const member = bench.send({ type: 1, mac: 2, hostname: "me" });
  expect(member?.option(12)).toEqual(text("added"));
  expect(member?.option(15)).toEqual(text("matched"));
});

test("the statements of a message's scopes run once, though a class is added", () => {
  const bench = new Bench(`ping-check off; class "added" { log (info, "in the class"); } log (info, "outside"); add "added"; ${SUBNET}`);
  bench.send({ type: 1 });
  expect(bench.said().filter((line) => line === "outside" || line === "in the class")).toEqual(["outside", "in the class"]);
});

test("leases are billed to an added class; a limit of 0 is none", () => {
  const conf = (limit: number): string => `ping-check off; class "few" { lease limit ${limit}; } add "few"; ${SUBNET}`;
  const few = new Bench(conf(1));
  expect(few.lease({ mac: 1 })).toMatch(/^10\.0\.0\./);
  expect(few.send({ type: 1, mac: 2 })).toBeUndefined();
  expect(few.said().at(-1)).toContain("lease limit reached in all matching classes (last: 'few')");
  const unlimited = new Bench(conf(0));
  expect(unlimited.lease({ mac: 1 })).toMatch(/^10\.0\.0\./);
  expect(unlimited.lease({ mac: 2 })).toMatch(/^10\.0\.0\./);
});
