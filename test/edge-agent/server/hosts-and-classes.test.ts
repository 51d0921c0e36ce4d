import { expect, test } from "vitest";
import { Bench, text } from "../../support/agent-bench.ts";

const MAC = "02:00:00:00:00:";
const CONF = `
authoritative; ping-check false; default-lease-time 600;
class "lim" { match if option vendor-class-identifier = "aa"; lease limit 1; option domain-name "lim"; }
class "ms" { match if option vendor-class-identifier = "ms"; min-secs 5; }
class "sub" { match option user-class; option domain-name "sub"; }
subclass "sub" "x" { option domain-name "sub-x"; }
class "port" { match if exists agent.circuit-id; spawn with option agent.circuit-id; lease limit 1; }
host fx { hardware ethernet ${MAC}50; fixed-address 10.0.0.55; option host-name "fixed"; }
host kn { hardware ethernet ${MAC}51; option host-name "kn"; }
host db { hardware ethernet ${MAC}70; deny booting; }
host id { option dhcp-client-identifier "me"; fixed-address 10.5.0.9, 10.0.0.56; }
host op { host-identifier option agent.remote-id "r9"; fixed-address 10.0.0.57; }
use-host-decl-names on;
subnet 10.0.0.0 netmask 255.255.255.0 { pool { range 10.0.0.10 10.0.0.16; } }
`;

test("a fixed address is given without a lease, and no other is", () => {
  const bench = new Bench(CONF);
  expect(bench.send({ type: 1, mac: 0x50 })?.yiaddr).toBe("10.0.0.55");
  expect(bench.send({ type: 3, mac: 0x50, requested: "10.0.0.13" })?.option(56)).toEqual(text("requested address is incorrect"));
  const ack = bench.send({ type: 3, mac: 0x50, requested: "10.0.0.55" });
  expect(ack?.type).toBe(5);
  expect(ack?.option(12)).toEqual(text("fixed"));
  expect(bench.record("10.0.0.55")).toBeUndefined();
  bench.said();
  expect(bench.send({ type: 0, mac: 0x50 })?.yiaddr).toBe("10.0.0.55");
  expect(bench.said()).toEqual([`BOOTREQUEST from ${MAC}50 via eth0`, `BOOTREPLY for 10.0.0.55 to fx (${MAC}50) via eth0`]);
  bench.send({ type: 7, mac: 0x50, ciaddr: "10.0.0.55" });
  expect(bench.said()).toEqual([`DHCPRELEASE of 10.0.0.55 from ${MAC}50 via eth0 (not found)`]);
});

test("hosts are found by identifier, and by any option; the address is the one of the right subnet", () => {
  const bench = new Bench(CONF);
  expect(bench.send({ type: 1, mac: 1, clientId: "me" })?.yiaddr).toBe("10.0.0.56");
  expect(bench.send({ type: 1, mac: 2, options: { 82: Uint8Array.of(2, 2, 0x72, 0x39) } })?.yiaddr).toBe("10.0.0.57");
});

test("a host without an address gets a dynamic one, with its statements and its name", () => {
  const bench = new Bench(CONF);
  const offer = bench.send({ type: 1, mac: 0x51 });
  expect(offer?.yiaddr).toBe("10.0.0.10");
  expect(offer?.option(12)).toEqual(text("kn"));
});

test("policies refuse, and say so unless they ignore", () => {
  const bench = new Bench(CONF);
  expect(bench.send({ type: 1, mac: 0x70 })).toBeUndefined();
  expect(bench.send({ type: 1, mac: 1, options: { 60: text("ms") } })).toBeUndefined();
  expect(bench.send({ type: 1, mac: 1, secs: 5, options: { 60: text("ms") } })?.type).toBe(2);
  expect(bench.said().slice(0, 2)).toEqual([
    `DHCPDISCOVER from ${MAC}70 via eth0: booting disallowed`,
    `DHCPDISCOVER from ${MAC}01 via eth0: configured min-secs value (5) is greater than secs field (0).  message dropped.`,
  ]);
  const strict = (word: string) =>
    new Bench(`ping-check false; ${word} unknown-clients; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; }`);
  const denying = strict("deny");
  expect(denying.send({ type: 1 })).toBeUndefined();
  expect(denying.said()).toEqual([`DHCPDISCOVER from ${MAC}01 via eth0: unknown client`]);
  const ignoring = strict("ignore");
  expect(ignoring.send({ type: 1 })).toBeUndefined();
  expect(ignoring.said()).toEqual([]);
});

test("lease limits count leases in use, of the class or of each value that spawns", () => {
  const bench = new Bench(CONF);
  const options = { 60: text("aa") };
  expect(bench.lease({ mac: 1, options })).toBe("10.0.0.10");
  expect(bench.record("10.0.0.10")?.billingClass).toBe("lim");
  bench.said();
  expect(bench.lease({ mac: 2, options })).toBe("no offer");
  expect(bench.said()).toEqual([
    `DHCPDISCOVER from ${MAC}02 via eth0: no available billing: lease limit reached in all matching classes (last: 'lim')`,
  ]);
  bench.send({ type: 7, mac: 1, ciaddr: "10.0.0.10" });
  expect(bench.lease({ mac: 2, options })).not.toBe("no offer");
  const port = (id: number) => ({ 82: Uint8Array.of(1, 1, id) });
  expect(bench.lease({ mac: 3, options: port(1) })).toMatch(/^10/);
  expect(bench.lease({ mac: 4, options: port(1) })).toBe("no offer");
  expect(bench.lease({ mac: 4, options: port(2) })).toMatch(/^10/);
});

test("undone writes are not billed", () => {
  const bench = new Bench(CONF);
  const before = bench.state;
  bench.store.apply = () => undefined; // the writes of this step never come to be
  bench.lease({ mac: 1, options: { 60: text("aa") } });
  bench.state = before;
  expect(bench.send({ type: 1, mac: 2, options: { 60: text("aa") } })?.type).toBe(2);
});

test("a class counts through its subclasses; the first class wins", () => {
  const bench = new Bench(CONF);
  const names = (options: Record<number, Uint8Array>) => {
    const name = bench.send({ type: 1, options: { 55: Uint8Array.of(15), ...options } })?.option(15);
    return name && Buffer.from(name).toString();
  };
  expect(names({ 77: text("x") })).toBe("sub-x");
  expect(names({ 77: text("y") })).toBeUndefined();
  expect(names({ 77: text("x"), 60: text("aa") })).toBe("lim");
});

test("pools let in whom they permit", () => {
  const bench = new Bench(`ping-check false;
    class "c" { match if option vendor-class-identifier = "c"; }
    host kn { hardware ethernet ${MAC}51; }
    subnet 10.0.0.0 netmask 255.255.255.0 {
      pool { allow members of "c"; range 10.0.0.10 10.0.0.19; }
      pool { allow known-clients; deny members of "c"; range 10.0.0.20 10.0.0.29; }
      pool { deny known-clients; deny members of "c"; range 10.0.0.30 10.0.0.39; }
    }`);
  expect(bench.lease({ mac: 1, options: { 60: text("c") } })).toBe("10.0.0.10");
  expect(bench.lease({ mac: 0x51 })).toBe("10.0.0.20");
  expect(bench.lease({ mac: 2 })).toBe("10.0.0.30");
  // a client that is not let in any more loses its address when it asks for it
  expect(bench.send({ type: 3, mac: 2, requested: "10.0.0.30", options: { 60: text("c") } })?.type).toBe(6);
  expect(bench.record("10.0.0.30")?.status).toBe("FREE");
});

test("a pool that is not open yet refuses, one that closes shortens leases", () => {
  const bench = new Bench(`ping-check false; min-lease-time 10; default-lease-time 1000;
    subnet 10.0.0.0 netmask 255.255.255.0 { pool { deny after epoch 1800000500; range 10.0.0.10; } }`);
  expect(bench.send({ type: 1 })?.seconds(51)).toBe(500);
  bench.send({ type: 3, requested: "10.0.0.10" });
  bench.wait(501);
  expect(bench.send({ type: 3, ciaddr: "10.0.0.10" })?.type).toBe(6);
});

test("a client with a fixed address gives its dynamic lease up", () => {
  const bench = new Bench("ping-check false; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; }");
  bench.lease({ mac: 0x50 });
  bench.configure(`ping-check false; host fx { hardware ethernet ${MAC}50; fixed-address 10.0.0.55; }
    subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; }`);
  expect(bench.send({ type: 1, mac: 0x50, requested: "10.0.0.10" })?.yiaddr).toBe("10.0.0.55");
  expect(bench.record("10.0.0.10")?.status).toBe("FREE");
});

test("dynamic BOOTP: only where it is allowed, and for good", () => {
  const bench = new Bench(`ping-check false; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; range dynamic-bootp 10.0.0.20; }`);
  const reply = bench.send({ type: 0, mac: 1 });
  expect(reply?.yiaddr).toBe("10.0.0.20");
  expect(reply?.option(51)).toBeUndefined();
  expect(bench.record("10.0.0.20")).toMatchObject({ status: "ACTIVE", bootp: true, ends: 0xffffffff });
  bench.said();
  expect(bench.send({ type: 0, mac: 2 })).toBeUndefined();
  expect(bench.said()).toEqual([`BOOTREQUEST from ${MAC}02 via eth0: BOOTP from dynamic client and no dynamic leases`]);
});
