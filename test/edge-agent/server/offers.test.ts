import fc from "fast-check";
import { expect, test } from "vitest";
import { type Offer, OfferTable } from "../../../edge-agent/server/offers.ts";
import { ipv4 } from "../../../edge-agent/values/ipv4.ts";
import { epochSeconds } from "../../../edge-agent/values/time.ts";
import { Bench, text } from "../../support/agent-bench.ts";

const offer = (address: number, client: string, via = "eth0", until = 220): Offer => ({
  address: ipv4(address),
  client,
  hardware: hardwareOf(client),
  via,
  until: epochSeconds(until),
  hostname: undefined,
});
const hardwareOf = (client: string) => ({ htype: 1, bytes: Uint8Array.from(Buffer.from(client)) });
const at = epochSeconds(100);

test("an address is held for one client, a client in several networks holds several, and all end", () => {
  const table = new OfferTable();
  table.add(offer(1, "a"), at);
  expect(table.heldForOther(ipv4(1), "b", at)).toBe(true);
  expect(table.heldForOther(ipv4(1), "a", at)).toBe(false);
  expect(table.heldForOtherMachine(ipv4(1), { key: "b", hardware: hardwareOf("b") }, at)).toBe(true);
  expect(table.heldForOtherMachine(ipv4(1), { key: "b", hardware: hardwareOf("a") }, at)).toBe(false);
  table.add({ ...offer(3, "x"), hardware: hardwareOf("") }, at);
  expect(table.heldForOtherMachine(ipv4(3), { key: "b", hardware: hardwareOf("") }, at)).toBe(true);
  table.add(offer(2, "a"), at);
  expect(table.at(ipv4(1), at)?.client).toBe("a");
  expect(table.of("a", at)?.address).toBe(2);
  expect(table.allOf("a", at).map(({ address }) => address)).toEqual([2, 1]);
  for (const address of [4, 5, 6]) table.add(offer(address, "a"), at);
  expect(table.allOf("a", at).map(({ address }) => address)).toEqual([6, 5, 4, 2]);
  expect(table.at(ipv4(1), at)).toBeUndefined();
  expect(table.allOf("a", epochSeconds(220))).toEqual([]);
  expect(table.of("a", epochSeconds(220))).toBeUndefined();
});

test("a relay that floods loses its own oldest offers, not those of others", () => {
  const table = new OfferTable(100, 10);
  table.add(offer(1, "quiet", "eth1"), at);
  for (let address = 2; address < 60; address += 1) table.add(offer(address, `c${address}`), at);
  expect(table.size).toBe(11);
  expect(table.of("quiet", at)?.address).toBe(1);
  expect(table.of("c49", at)).toBeUndefined();
  expect(table.of("c50", at)?.address).toBe(50);
});

test("whatever is added and dropped, the bounds hold and every view agrees", () => {
  const anyOffer = fc.record({
    address: fc.nat(12),
    client: fc.constantFrom("a", "b", "c", "d", "e", "f", "g"),
    via: fc.constantFrom("x", "y"),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(anyOffer, fc.nat(60), fc.boolean())), (script) => {
      const table = new OfferTable(5, 3);
      let now = 100;
      for (const [next, pause, drop] of script) {
        now += pause;
        const added = offer(next.address, next.client, next.via, now + 120);
        table.add(added, epochSeconds(now));
        expect(table.at(added.address, epochSeconds(now))).toBe(added);
        expect(table.of(next.client, epochSeconds(now))).toBe(added);
        expect(table.size).toBeLessThanOrEqual(5);
        if (drop) {
          table.drop(added);
          expect(table.at(added.address, epochSeconds(now))).toBeUndefined();
          expect(table.allOf(next.client, epochSeconds(now))).not.toContain(added);
        }
      }
    }),
  );
});

test.each([
  { named: "by its identifier", clientId: "01abcdef" },
  { named: "by its hardware", clientId: undefined },
])("RFC 2131 §3.1 a client known $named is not offered what it gave up and another machine has been offered since", ({ clientId }) => {
  const bench = new Bench("ping-check false; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; }");
  const own = { mac: 1, ...(clientId !== undefined && { clientId }) };
  bench.send({ type: 1, ...own });
  bench.send({ type: 3, ...own, requested: "10.0.0.10", serverId: "10.0.0.1" });
  bench.send({ type: 7, ...own, ciaddr: "10.0.0.10", serverId: "10.0.0.1" });
  expect(bench.send({ type: 1, mac: 2 })?.yiaddr).toBe("10.0.0.10");
  expect(bench.send({ type: 1, ...own })).toBeUndefined();
  expect(bench.send({ type: 3, mac: 2, requested: "10.0.0.10", serverId: "10.0.0.1" })?.type).toBe(5);
});

test("an address that was only offered is not released where its client asks anew by way of a pool that no longer lets it in (dhcpd does)", () => {
  const bench = new Bench(`ping-check false; on release { log(info, "ended"); }
    class "red" { match if option vendor-class-identifier = "red"; }
    subnet 10.0.0.0 netmask 255.255.255.0 {
      pool { allow members of "red"; range 10.0.0.10; }
      pool { deny members of "red"; range 10.0.0.20; } }`);
  const red = { mac: 1, options: { 60: text("red") } };
  expect(bench.send({ type: 1, ...red })?.yiaddr).toBe("10.0.0.10");
  expect(bench.send({ type: 1, mac: 1 })?.yiaddr).toBe("10.0.0.20");
  expect(bench.said().join("\n")).not.toContain("ended");
  bench.send({ type: 3, ...red, requested: "10.0.0.10", serverId: "10.0.0.1" });
  expect(bench.send({ type: 1, mac: 1 })?.yiaddr).toBe("10.0.0.20");
  expect(bench.said().join("\n")).toContain("ended");
});
