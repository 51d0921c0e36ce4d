import { expect, test } from "vitest";
import { Bench, ip } from "../../support/agent-bench.ts";
import { encodePacket } from "../../support/dhcp-packet.ts";

const POOL = "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.12; }";
const BASE = `authoritative; ping-check false; default-lease-time 600; ${POOL}`;

test("RFC 4390 machines without a hardware address are not taken for each other", () => {
  const bench = new Bench(`ignore-client-uids on; ${BASE}`);
  const given = [1, 2].map(() => {
    const packet = { xid: 1, htype: 32, hlen: 0, chaddr: "", options: [[53, Uint8Array.of(1)]] as const };
    const offer = bench.raw(encodePacket(packet));
    const options = [[53, Uint8Array.of(3)] as const, [50, ip(offer?.yiaddr ?? "")] as const];
    return bench.raw(encodePacket({ ...packet, options }))?.yiaddr;
  });
  expect(given).toEqual(["10.0.0.10", "10.0.0.11"]);
});

test("RFC 2132 §9.14 an identifier has a length; a client without one is not answered", () => {
  const bench = new Bench(BASE);
  expect(bench.send({ type: 1, clientId: "" })).toBeUndefined();
  expect(bench.said()).toEqual(["Dropped DHCPv4 packet with zero-length client-id"]);
});

test("a client that shows its identifier in one of DISCOVER and REQUEST alone gets what it was offered", () => {
  const bench = new Bench(BASE);
  bench.send({ type: 1, mac: 1, clientId: "\u0001a" });
  expect(bench.send({ type: 3, mac: 1, requested: "10.0.0.10", serverId: "10.0.0.1" })?.type).toBe(5);
  bench.send({ type: 1, mac: 2 });
  expect(bench.send({ type: 3, mac: 2, clientId: "\u0001b", requested: "10.0.0.11", serverId: "10.0.0.1" })?.type).toBe(5);
});

test("a machine finds what it was offered before it showed an identifier, and its relay's options stay when it shows another", () => {
  const bench = new Bench(BASE);
  expect(bench.send({ type: 1, mac: 1 })?.yiaddr).toBe("10.0.0.10");
  expect(bench.send({ type: 1, mac: 1, clientId: "\u0001a" })?.yiaddr).toBe("10.0.0.10");
  // taken under yet another one and given back, it is free at once
  expect(bench.send({ type: 3, mac: 1, clientId: "\u0001x", requested: "10.0.0.10", serverId: "10.0.0.1" })?.type).toBe(5);
  bench.send({ type: 7, mac: 1, clientId: "\u0001x", ciaddr: "10.0.0.10", serverId: "10.0.0.1", source: "10.0.0.10" });
  expect(bench.send({ type: 1, mac: 9, requested: "10.0.0.10" })?.yiaddr).toBe("10.0.0.10");
  bench.wait(300);
  expect(bench.send({ type: 1, mac: 1, clientId: "\u0001a", requested: "10.0.0.10" })?.yiaddr).toBe("10.0.0.10");
  // but not the other way round, and no other machine's
  expect(bench.send({ type: 1, mac: 1, clientId: "\u0001b" })?.yiaddr).not.toBe("10.0.0.10");
  const agent = Uint8Array.of(1, 1, 0x70);
  const relayed = { mac: 7, giaddr: "10.0.0.2", options: { 82: agent } };
  const offered = bench.send({ type: 1, ...relayed })?.yiaddr ?? "";
  bench.send({ type: 3, requested: offered, ...relayed });
  bench.wait(400);
  expect(bench.send({ type: 3, mac: 7, clientId: "\u0001c", ciaddr: offered, source: offered })?.type).toBe(5);
  expect(bench.record(offered)?.agentOptions).toEqual(agent);
});
