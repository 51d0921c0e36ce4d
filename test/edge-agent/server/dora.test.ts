import { expect, test } from "vitest";
import { Bench, text } from "../../support/agent-bench.ts";

const BASE = `
authoritative; ping-check false; default-lease-time 600; max-lease-time 7200;
subnet 10.0.0.0 netmask 255.255.255.0 { option routers 10.0.0.1; range 10.0.0.10 10.0.0.20; }
`;
const MAC = "02:00:00:00:00:";

test("RFC 2131 §3.1 a client gets an offer, then a lease that is stored", () => {
  const bench = new Bench(BASE);
  const offer = bench.send({ type: 1, hostname: "abc" });
  expect(offer?.type).toBe(2);
  expect(offer?.yiaddr).toBe("10.0.0.10");
  expect(offer?.seconds(51)).toBe(600);
  expect(offer?.option(1)).toEqual(Uint8Array.of(255, 255, 255, 0));
  expect(bench.record("10.0.0.10")).toBeUndefined();
  const ack = bench.send({ type: 3, hostname: "abc", requested: "10.0.0.10", serverId: "10.0.0.1" });
  expect(ack?.type).toBe(5);
  expect(bench.record("10.0.0.10")).toMatchObject({ status: "ACTIVE", ends: bench.now + 600, hostname: "abc", reserved: false });
  expect(bench.said()).toEqual([
    `DHCPDISCOVER from ${MAC}01 via eth0`,
    `DHCPOFFER on 10.0.0.10 to ${MAC}01 (abc) via eth0`,
    `DHCPREQUEST for 10.0.0.10 (10.0.0.1) from ${MAC}01 (abc) via eth0`,
    `DHCPACK on 10.0.0.10 to ${MAC}01 (abc) via eth0`,
  ]);
});

test("addresses are offered in order, each to one client, and again to the same client", () => {
  const bench = new Bench(BASE);
  expect([1, 2, 3].map((mac) => bench.send({ type: 1, mac })?.yiaddr)).toEqual(["10.0.0.10", "10.0.0.11", "10.0.0.12"]);
  expect(bench.send({ type: 1, mac: 2 })?.yiaddr).toBe("10.0.0.11");
  expect(bench.send({ type: 1, mac: 4, requested: "10.0.0.12" })?.yiaddr).toBe("10.0.0.13");
  expect(bench.send({ type: 1, mac: 5, requested: "10.0.0.20" })?.yiaddr).toBe("10.0.0.20");
  expect(bench.send({ type: 1, mac: 6, requested: "10.9.9.9" })?.yiaddr).toBe("10.0.0.14");
});

test("an offer holds two minutes; then the address is for others, and asking still works if nobody has it", () => {
  const bench = new Bench("ping-check false; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; }");
  expect(bench.send({ type: 1, mac: 1 })?.yiaddr).toBe("10.0.0.10");
  expect(bench.send({ type: 1, mac: 2 })).toBeUndefined();
  expect(bench.said().at(-1)).toBe(`DHCPDISCOVER from ${MAC}02 via eth0: network 10.0.0.0/24: no free leases`);
  bench.wait(121);
  expect(bench.send({ type: 1, mac: 2 })?.yiaddr).toBe("10.0.0.10");
});

test("RFC 2131 §4.3.2 a client that takes another server's offer gives ours back", () => {
  const bench = new Bench("authoritative; ping-check false; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; }");
  bench.send({ type: 1, mac: 1 });
  expect(bench.send({ type: 3, mac: 1, requested: "10.0.0.10", serverId: "10.0.0.99" })).toBeUndefined();
  expect(bench.said().at(-1)).toBe(`DHCPREQUEST for 10.0.0.10 (10.0.0.99) from ${MAC}01 via eth0: not our server id`);
  expect(bench.send({ type: 1, mac: 2 })?.yiaddr).toBe("10.0.0.10");
});

test("a configured server identifier is ours", () => {
  const bench = new Bench("ping-check false; server-identifier 192.0.2.1; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; }");
  expect(bench.send({ type: 1 })?.option(54)).toEqual(Uint8Array.of(192, 0, 2, 1));
  expect(bench.send({ type: 3, requested: "10.0.0.10", serverId: "192.0.2.1" })?.type).toBe(5);
});

test.each([
  ["another subnet of the shared network", "10.0.1.10", "range 10.0.0.21; deny all clients;"],
  ["a later pool", "10.0.0.20", "range 10.0.0.20;"],
])("a server identifier of %s is ours", (_where, address, pool) => {
  const bench = new Bench(`ping-check false; server-identifier 192.0.2.1;
    shared-network n {
      subnet 10.0.0.0 netmask 255.255.255.0 { pool { range 10.0.0.19; deny unknown-clients; } pool { ${pool} server-identifier 192.0.2.2; } }
      subnet 10.0.1.0 netmask 255.255.255.0 { range 10.0.1.10; server-identifier 192.0.2.2; }
    }`);
  const offer = bench.send({ type: 1 });
  expect([offer?.yiaddr, offer?.option(54)]).toEqual([address, Uint8Array.of(192, 0, 2, 2)]);
  expect(bench.send({ type: 3, requested: address, serverId: "192.0.2.2" })?.type).toBe(5);
  expect(bench.send({ type: 3, mac: 5, requested: address, serverId: "192.0.2.3" })).toBeUndefined();
});

test("server identifiers of a class and of a host are ours", () => {
  const bench = new Bench(`ping-check false; server-identifier 192.0.2.1;
    class "c" { match if option host-name = "c"; server-identifier 192.0.2.2; }
    host h { hardware ethernet 02:00:00:00:00:03; server-identifier 192.0.2.3; }
    host f { hardware ethernet 02:00:00:00:00:04; server-identifier 192.0.2.4; fixed-address 10.0.0.99; }
    subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.30; }`);
  for (const [mac, last] of [
    [2, 2],
    [3, 3],
    [4, 4],
  ] as const) {
    const client = { mac, hostname: mac === 2 ? "c" : "x" };
    const offer = bench.send({ ...client, type: 1 });
    expect(offer?.option(54)).toEqual(Uint8Array.of(192, 0, 2, last));
    expect(bench.send({ ...client, type: 3, requested: offer?.yiaddr ?? "", serverId: `192.0.2.${last}` })?.type).toBe(5);
  }
});

test("a relay that shows clients its own address as the server's is understood", () => {
  const bench = new Bench(BASE);
  bench.send({ type: 1, giaddr: "10.0.0.2" });
  expect(bench.send({ type: 3, requested: "10.0.0.10", serverId: "10.0.0.2", giaddr: "10.0.0.2" })?.type).toBe(5);
});

test("RFC 5107 a relay's server identifier override is used and recognised", () => {
  const bench = new Bench(BASE);
  const relay = { giaddr: "10.0.0.2", options: { 82: Uint8Array.of(11, 4, 10, 0, 0, 2) } };
  expect(bench.send({ type: 1, ...relay })?.option(54)).toEqual(Uint8Array.of(10, 0, 0, 2));
  expect(bench.send({ type: 3, requested: "10.0.0.10", serverId: "10.0.0.2", ...relay })?.type).toBe(5);
});

test.each([
  ["INIT-REBOOT on another network", { requested: "10.1.0.5" }, 6, ": wrong network."],
  ["an address outside the ranges", { requested: "10.0.0.200" }, 0, ": unknown lease 10.0.0.200."],
  ["somebody else's address", { requested: "10.0.0.10", mac: 9 }, 6, ": lease 10.0.0.10 unavailable."],
  ["RENEWING somebody else's address", { ciaddr: "10.0.0.10", mac: 9 }, 6, ": lease 10.0.0.10 unavailable."],
])("RFC 2131 §4.3.2 refusal: %s", (_, message, type, words) => {
  const bench = new Bench(BASE);
  expect(bench.lease({ mac: 1 })).toBe("10.0.0.10");
  bench.said();
  const answer = bench.send({ type: 3, ...message });
  expect(answer?.type ?? 0).toBe(type);
  expect(bench.said()[0]).toContain(words);
  if (type === 6) {
    expect(answer?.option(56)).toEqual(text("requested address not available"));
    expect(answer?.yiaddr).toBe("0.0.0.0");
    expect(answer?.destination.kind).toBe("broadcast");
  }
});

test("a server that is not authoritative keeps silent about other networks", () => {
  const bench = new Bench("subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; } subnet 10.2.0.0 netmask 255.255.255.0 { }");
  expect(bench.send({ type: 3, requested: "10.1.0.5" })).toBeUndefined();
  expect(bench.send({ type: 3, requested: "10.2.0.5", giaddr: "10.9.0.1" })).toBeUndefined();
  expect(bench.send({ type: 3, requested: "10.1.0.5", giaddr: "10.9.0.1" })).toBeUndefined();
  expect(bench.said().map((line) => line.replace(/.*: /, ""))).toEqual([
    "ignored (not authoritative).",
    "ignored (not authoritative).",
    "ignored (unknown subnet).",
  ]);
});

test("unknown networks and message types are named in the log", () => {
  const bench = new Bench(BASE);
  for (const type of [1, 4, 7, 0, 17]) bench.send({ type, giaddr: type === 17 ? "10.0.0.2" : "10.77.0.1" });
  expect(bench.said()).toEqual([
    `DHCPDISCOVER from ${MAC}01 via 10.77.0.1: unknown network segment`,
    `DHCPDECLINE from ${MAC}01 via 10.77.0.1: unknown network segment`,
    `DHCPRELEASE from ${MAC}01 via 10.77.0.1: unknown network segment`,
    `BOOTREQUEST from ${MAC}01 via 10.77.0.1: network unknown`,
    `type 17 from ${MAC}01 via 10.0.0.2: unknown packet type`,
  ]);
});

test("replies and garbage are not answered", () => {
  const bench = new Bench(BASE);
  expect(bench.send({ type: 1, op: 2 })).toBeUndefined();
  expect(bench.raw(new Uint8Array(20))).toBeUndefined();
  expect(bench.said()).toEqual([]);
});

test("dhcp-cache-threshold: a young lease is repeated, with what is left of it and nothing written", () => {
  const bench = new Bench(BASE);
  bench.lease({ mac: 1 });
  bench.wait(100);
  bench.said();
  const again = bench.send({ type: 3, ciaddr: "10.0.0.10", target: "10.0.0.1", source: "10.0.0.10" });
  expect(again?.seconds(51)).toBe(500);
  expect(bench.record("10.0.0.10")?.ends).toBe(bench.now + 500);
  expect(bench.said()).toEqual([
    "reuse_lease: lease age 100 (secs) under 25% threshold, reply with unaltered, existing lease for 10.0.0.10",
    `DHCPREQUEST for 10.0.0.10 from ${MAC}01 via eth0`,
    `DHCPACK on 10.0.0.10 to ${MAC}01 via eth0`,
  ]);
  bench.wait(51);
  expect(bench.send({ type: 3, ciaddr: "10.0.0.10" })?.seconds(51)).toBe(600);
  expect(bench.record("10.0.0.10")?.ends).toBe(bench.now + 600);
});

test.each([
  [undefined, 600],
  [100, 300],
  [1, 300],
  [3_000, 3_000],
  [0xffffffff, 7_200],
])("lease time for a client that asks for %s seconds: %i", (asked, granted) => {
  const bench = new Bench(BASE);
  const options = asked === undefined ? {} : { 51: Uint8Array.of(asked >>> 24, (asked >>> 16) & 255, (asked >>> 8) & 255, asked & 255) };
  expect(bench.send({ type: 1, options })?.seconds(51)).toBe(granted);
});

test("leases for ever, and the reservation that asking for one makes", () => {
  const bench = new Bench(`ping-check false; max-lease-time -1; infinite-is-reserved true;
    subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.11; }`);
  const options = { 51: Uint8Array.of(255, 255, 255, 255) };
  bench.send({ type: 1, options });
  expect(bench.send({ type: 3, requested: "10.0.0.10", options })?.seconds(51)).toBe(0xffffffff);
  expect(bench.record("10.0.0.10")).toMatchObject({ reserved: true, ends: 0xffffffff });
  expect(bench.said()).toContain("Infinite-leasetime reservation made on 10.0.0.10.");
});

test("the longest unused address goes first, never-used ones before all", () => {
  const bench = new Bench("ping-check false; default-lease-time 400; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.12; }");
  bench.lease({ mac: 1 });
  bench.wait(10);
  bench.lease({ mac: 2 });
  bench.wait(500);
  bench.tick();
  expect(bench.record("10.0.0.10")?.status).toBe("FREE");
  expect([7, 8, 9].map((mac) => bench.lease({ mac }))).toEqual(["10.0.0.12", "10.0.0.10", "10.0.0.11"]);
});

test("a client comes back to its old address", () => {
  const bench = new Bench(BASE);
  bench.lease({ mac: 1 });
  bench.lease({ mac: 2, clientId: "\u0001x" });
  bench.wait(700);
  bench.tick();
  expect(bench.lease({ mac: 3 })).toBe("10.0.0.12");
  expect(bench.lease({ mac: 2, clientId: "\u0001x" })).toBe("10.0.0.11");
  expect(bench.lease({ mac: 1 })).toBe("10.0.0.10");
});

test("two interfaces of the same hardware with their own identifiers have their own leases", () => {
  const bench = new Bench(BASE);
  expect(bench.lease({ mac: 1, clientId: "\u0001a" })).toBe("10.0.0.10");
  expect(bench.lease({ mac: 1, clientId: "\u0001b" })).toBe("10.0.0.11");
  expect(bench.send({ type: 3, mac: 1, clientId: "\u0001a", requested: "10.0.0.11" })?.type).toBe(6);
  expect(bench.lease({ mac: 1, clientId: "\u0001a" })).toBe("10.0.0.10");
});

test("one-lease-per-client releases what the client had elsewhere", () => {
  const bench = new Bench(`ping-check false; one-lease-per-client true;
    shared-network two { subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; } subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10; } }`);
  expect(bench.lease({ mac: 1, clientId: "\u0001a" })).toBe("10.1.0.10");
  expect(bench.send({ type: 3, clientId: "\u0001a", requested: "10.0.0.10" })?.type).toBe(5);
  expect(bench.record("10.1.0.10")?.status).toBe("FREE");
});

test("one-lease-per-client without identifiers: an address that was not the machine's frees nothing until it is asked for again", () => {
  const bench = new Bench(
    "ping-check false; one-lease-per-client true; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.99; }",
  );
  bench.lease({ mac: 1 });
  expect(bench.send({ type: 3, mac: 1, requested: "10.0.0.80" })?.type).toBe(5);
  expect(bench.record("10.0.0.10")?.status).toBe("ACTIVE");
  expect(bench.send({ type: 3, mac: 1, requested: "10.0.0.80" })?.type).toBe(5);
  expect(bench.record("10.0.0.10")?.status).toBe("FREE");
});

test("log-threshold-high and -low: said once, and again after the pool emptied", () => {
  const bench = new Bench(`log-threshold-high 75; log-threshold-low 25; ping-check false; default-lease-time 300;
    subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.13; }`);
  const said = () => bench.said().filter((line) => line.startsWith("Pool"));
  for (const mac of [1, 2]) bench.lease({ mac });
  expect(said()).toEqual([]);
  for (const mac of [3, 4]) bench.lease({ mac });
  const where = "shared subnet: 10.0.0.0/24; address:";
  expect(said()).toEqual([`Pool threshold exceeded - ${where} 10.0.0.12; high threshold 75% 3/4.`]);
  bench.wait(301);
  bench.tick();
  bench.lease({ mac: 1 });
  expect(said()).toEqual([`Pool threshold reset - ${where} 10.0.0.10; low threshold 1/4.`]);
});
