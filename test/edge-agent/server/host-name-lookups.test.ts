import { expect, test } from "vitest";
import { address, Bench, text } from "../../support/agent-bench.ts";

const CONF = (more = "") => `ping-check off; get-lease-hostnames on; ${more}
subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.20; }`;
const found = (bench: Bench, id: number, name: string | undefined) =>
  bench.handle({ kind: "name-result", id, name } as Parameters<Bench["handle"]>[0]).find((effect) => effect.kind === "send");
const asked = (bench: Bench) => bench.effects.find((effect) => effect.kind === "find-name");

test("the answer waits for the name of its address, which goes out as option 12; the ACK after it does not wait", () => {
  const bench = new Bench(CONF());
  expect(bench.send({ type: 1, mac: 1 })).toBeUndefined();
  const lookup = asked(bench);
  expect(lookup).toMatchObject({ kind: "find-name" });
  const other = bench.send({ type: 1, mac: 2 });
  expect(other).toBeUndefined();
  const sent = found(bench, lookup!.id, "host-1.example.org");
  expect(Buffer.from(sent!.bytes).includes("host-1.example.org")).toBe(true);
  const offered = address("10.0.0.10") === lookup!.address ? "10.0.0.10" : undefined;
  const request = { type: 3, mac: 1, serverId: "10.0.0.1", requested: offered ?? "10.0.0.20" };
  const acknowledged = bench.send(request);
  expect(acknowledged?.type).toBe(5);
  expect(acknowledged?.option(12)).toEqual(text("host-1.example.org"));
});

test("no name: dhcpd's line, and an answer without option 12", () => {
  const bench = new Bench(CONF());
  bench.send({ type: 1 });
  bench.said();
  const sent = found(bench, asked(bench)!.id, undefined);
  expect(sent).toBeDefined();
  expect(bench.said()[0]).toMatch(/^No hostname for 10\.0\.0\.\d+$/);
  expect(found(bench, 99, "stranger.example.org")).toBeUndefined();
});

test("a configured host name is enough, and without the statement nothing is looked up", () => {
  const named = new Bench(CONF('option host-name "fixed";')).send({ type: 1 });
  expect(named?.option(12)).toEqual(text("fixed"));
  expect(new Bench(CONF().replace("get-lease-hostnames on;", "")).send({ type: 1 })?.type).toBe(2);
});
