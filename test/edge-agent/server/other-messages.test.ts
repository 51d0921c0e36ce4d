import { expect, test } from "vitest";
import { address, Bench, ip, text } from "../../support/agent-bench.ts";

const MAC = "02:00:00:00:00:";
const POOL = "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.12; }";
const BASE = `authoritative; ping-check false; default-lease-time 600; ${POOL}`;

test("RFC 2131 §4.3.4 only the holder releases", () => {
  const bench = new Bench(BASE);
  bench.lease({ mac: 1, hostname: "h" });
  bench.said();
  bench.send({ type: 7, mac: 2, ciaddr: "10.0.0.10" });
  expect(bench.record("10.0.0.10")?.status).toBe("ACTIVE");
  bench.send({ type: 7, mac: 1, ciaddr: "10.0.0.10" });
  expect(bench.record("10.0.0.10")).toMatchObject({ status: "FREE", ends: bench.now });
  expect(bench.said()).toEqual([
    `DHCPRELEASE of 10.0.0.10 from ${MAC}02 via eth0 (not found)`,
    `DHCPRELEASE of 10.0.0.10 from ${MAC}01 (h) via eth0 (found)`,
  ]);
});

test("RFC 2131 §4.3.3 the holder declines, and the address is left alone for a day", () => {
  const bench = new Bench(BASE);
  bench.lease({ mac: 1 });
  bench.said();
  bench.send({ type: 4, mac: 2, requested: "10.0.0.10" });
  expect(bench.record("10.0.0.10")?.status).toBe("ACTIVE");
  bench.send({ type: 4, mac: 1, requested: "10.0.0.10" });
  expect(bench.record("10.0.0.10")).toMatchObject({ status: "ABANDONED", ends: bench.now + 86_400, hardware: undefined });
  expect(bench.said()).toEqual([
    `DHCPDECLINE of 10.0.0.10 from ${MAC}02 via eth0: not found`,
    "Abandoning IP address 10.0.0.10: declined.",
    `DHCPDECLINE of 10.0.0.10 from ${MAC}01 via eth0: abandoned`,
  ]);
  expect([1, 2].map((mac) => bench.lease({ mac }))).toEqual(["10.0.0.11", "10.0.0.12"]);
  bench.wait(86_400);
  bench.tick();
  expect(bench.record("10.0.0.10")?.status).toBe("FREE");
});

test.each([
  ["abandon-lease-time 700;", "abandon-lease-time 900;", 700],
  ["", "abandon-lease-time 900;", 86_400],
  ["if option dhcp-message-type = 4 { abandon-lease-time 1000; } else { abandon-lease-time 700; }", "", 700],
  ["abandon-lease-time 0;", "", 120],
])("an address is left alone for as long as is said outside of all declarations: %s", (global, inner, seconds) => {
  const bench = new Bench(`${global} ${POOL.replace("range", `${inner} range`)}`);
  bench.send({ type: 1, mac: 1 });
  bench.probed("10.0.0.10", true);
  expect(bench.record("10.0.0.10")).toMatchObject({ status: "ABANDONED", ends: bench.now + seconds });
  bench.probed("10.0.0.11", false);
  bench.send({ type: 3, mac: 1, requested: "10.0.0.11" });
  bench.send({ type: 4, mac: 1, requested: "10.0.0.11" });
  expect(bench.record("10.0.0.11")).toMatchObject({ status: "ABANDONED", ends: bench.now + seconds });
});

test.each([
  ["deny", [`DHCPDECLINE of 10.0.0.10 from ${MAC}01 via eth0: ignored`]],
  ["ignore", []],
])("%s declines", (word, lines) => {
  const bench = new Bench(`${word} declines; ${BASE}`);
  bench.lease({ mac: 1 });
  bench.said();
  bench.send({ type: 4, mac: 1, requested: "10.0.0.10" });
  expect(bench.record("10.0.0.10")?.status).toBe("ACTIVE");
  expect(bench.said()).toEqual(lines);
});

test.each([
  [`0400${"61".repeat(64)}`, undefined],
  [`0440${"61".repeat(64)}00`, "label length exceeds 63 in fqdn option"],
  ["0401", "fqdn label longer than buffer"],
  [`0040${"61".repeat(64)}`, undefined],
])("option 81 with labels %s", (hex, line) => {
  const bench = new Bench(BASE);
  const [flags, ...name] = Buffer.from(hex, "hex");
  expect(bench.send({ type: 1, mac: 1, options: { 81: Uint8Array.of(flags ?? 0, 0, 0, ...name) } })?.type).toBe(2);
  expect(bench.said()).toEqual([
    ...(line === undefined ? [] : [line]),
    `DHCPDISCOVER from ${MAC}01 via eth0`,
    `DHCPOFFER on 10.0.0.10 to ${MAC}01 via eth0`,
  ]);
});

test("one client cannot decline a whole pool", () => {
  const bench = new Bench("ping-check false; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.99; }");
  for (let round = 0; round < 60; round += 1) bench.send({ type: 4, mac: 1, requested: bench.lease({ mac: 1 }) });
  const abandoned = [...bench.store.view.all()].filter(({ status }) => status === "ABANDONED");
  expect(abandoned.length).toBe(16);
});

test("an abandoned address is given out when there is nothing else", () => {
  const bench = new Bench(BASE);
  bench.lease({ mac: 1 });
  bench.send({ type: 4, mac: 1, requested: "10.0.0.10" });
  expect([1, 2, 3].map((mac) => bench.lease({ mac }))).toEqual(["10.0.0.11", "10.0.0.12", "10.0.0.10"]);
  expect(bench.said()).toContain("Reclaiming abandoned lease 10.0.0.10.");
});

test.each([
  ["to ciaddr", { ciaddr: "10.0.0.99", source: "10.0.0.99" }, { kind: "udp", address: address("10.0.0.99"), port: 68 }, "10.0.0.99"],
  ["to the source if there is no ciaddr", { source: "10.0.0.98" }, { kind: "udp", address: address("10.0.0.98"), port: 68 }, "10.0.0.98"],
  [
    "by the relay if there is no ciaddr",
    { source: "10.0.0.2", giaddr: "10.0.0.2" },
    { kind: "udp", address: address("10.0.0.2"), port: 67 },
    "10.0.0.2",
  ],
])("RFC 2131 §4.3.5 INFORM is answered %s", (_, message, destination, shown) => {
  const bench = new Bench(`authoritative; option dhcp-renewal-time 5; option domain-name "x"; default-lease-time 600; ${POOL}`);
  const ack = bench.send({ type: 8, ...message });
  expect(ack?.type).toBe(5);
  expect(ack?.destination).toEqual(destination);
  expect(ack?.option(15)).toEqual(text("x"));
  for (const code of [51, 58, 59]) expect(ack?.option(code)).toBeUndefined();
  expect(ack?.yiaddr).toBe("0.0.0.0");
  expect(bench.said()[1]).toContain(`DHCPACK to ${shown} (${MAC}01) via `);
});

test.each([
  [{ source: "0.0.0.0" }, "DHCPINFORM from 0.0.0.0 via eth0: ignored (null source address)."],
  [{ ciaddr: "10.7.0.1" }, "DHCPINFORM from 10.7.0.1 via eth0: unknown subnet for client address 10.7.0.1"],
  [{ source: "10.7.0.1" }, "DHCPINFORM from 10.7.0.1 via eth0: unknown subnet for source address 10.7.0.1"],
  [{ source: "10.7.0.1", giaddr: "10.7.0.2" }, "DHCPINFORM from 10.7.0.1 via 10.7.0.2: unknown subnet for relay address 10.7.0.2"],
  [{ ciaddr: "10.0.0.99" }, "DHCPINFORM from 10.0.0.99 via eth0: not authoritative for subnet 10.0.0.0"],
  [{ ciaddr: "10.0.0.99", options: { 118: text("xx") } }, "DHCPINFORM from 10.0.0.99 via eth0: ignored (invalid subnet selection option)."],
])("INFORM without an answer: %j", (message, said) => {
  const bench = new Bench(POOL);
  expect(bench.send({ type: 8, ...message })).toBeUndefined();
  const explained = said.includes("not authoritative");
  const [first, ...advice] = bench.said();
  expect(first).toBe(said);
  expect(advice).toHaveLength(explained ? 5 : 0);
  // the explanation comes again after a hundred refusals
  for (let again = 0; again < 101; again += 1) bench.send({ type: 8, ...message });
  expect(bench.said().filter((line) => line === "of the dhcpd.conf file.")).toHaveLength(explained ? 1 : 0);
});

test("ping-check: nobody answers, and the offer goes out; others do not wait", () => {
  const bench = new Bench(`ping-timeout 2; ${POOL}`);
  expect(bench.send({ type: 1, mac: 1 })).toBeUndefined();
  expect(bench.effects).toContainEqual({ kind: "probe", address: address("10.0.0.10"), timeoutMillis: 2_000 });
  expect(bench.send({ type: 1, mac: 1 })).toBeUndefined();
  bench.send({ type: 1, mac: 2 });
  expect(bench.effects).toContainEqual({ kind: "probe", address: address("10.0.0.11"), timeoutMillis: 2_000 });
  bench.said();
  expect(bench.probed("10.0.0.10", false)?.yiaddr).toBe("10.0.0.10");
  expect(bench.said()).toEqual([`DHCPOFFER on 10.0.0.10 to ${MAC}01 via eth0`]);
  expect(bench.probed("10.0.0.10", false)).toBeUndefined();
  expect(bench.send({ type: 1, mac: 1 })?.type).toBe(2);
});

test("ping-check: somebody answers, the address is abandoned and the next one tried", () => {
  const bench = new Bench(POOL);
  bench.send({ type: 1, mac: 1 });
  bench.said();
  expect(bench.probed("10.0.0.10", true)).toBeUndefined();
  expect(bench.record("10.0.0.10")?.status).toBe("ABANDONED");
  expect(bench.said()[0]).toBe("Abandoning IP address 10.0.0.10: pinged before offer");
  expect(bench.probed("10.0.0.11", false)?.yiaddr).toBe("10.0.0.11");
});

test("ping-check: a client that had the address a moment ago is not pinged", () => {
  const bench = new Bench(`default-lease-time 300; ${POOL}`);
  bench.send({ type: 1, mac: 1 });
  bench.probed("10.0.0.10", false);
  bench.send({ type: 3, mac: 1, requested: "10.0.0.10" });
  bench.send({ type: 7, mac: 1, ciaddr: "10.0.0.10" });
  bench.wait(30);
  expect(bench.send({ type: 1, mac: 1 })?.yiaddr).toBe("10.0.0.10");
  bench.wait(200);
  expect(bench.send({ type: 1, mac: 1 })).toBeUndefined();
});

test("on commit, release and expiry run, and variables stay with the lease", () => {
  const bench = new Bench(`ping-check false; default-lease-time 300;
    on commit { set who = "me"; log (info, concat ("C ", binary-to-ascii (10, 8, ".", leased-address))); }
    on release { log (info, concat ("R ", who)); } on expiry { log (info, concat ("E ", who)); } ${POOL}`);
  bench.lease({ mac: 1 });
  expect(bench.said()).toContain("C 10.0.0.10");
  expect(bench.record("10.0.0.10")?.variables.get("who")).toEqual(text("me"));
  bench.send({ type: 7, mac: 1, ciaddr: "10.0.0.10" });
  expect(bench.said()).toContain("R me");
  bench.lease({ mac: 2 });
  bench.wait(301);
  bench.tick();
  expect(bench.said()).toContain("E me");
});

test("RFC 3046 the relay's options are echoed, kept, and stand in for a renewal past the relay", () => {
  const bench = new Bench(`ping-check false; default-lease-time 100; min-lease-time 100;
    class "port" { match if option agent.circuit-id = "p"; option domain-name "port"; } ${POOL}`);
  const agent = Uint8Array.of(1, 1, 0x70);
  const relayed = { giaddr: "10.0.0.2", options: { 82: agent } };
  expect(bench.send({ type: 1, ...relayed })?.option(82)).toEqual(agent);
  bench.send({ type: 3, requested: "10.0.0.10", ...relayed });
  expect(bench.record("10.0.0.10")?.agentOptions).toEqual(agent);
  bench.wait(50);
  const renewed = bench.send({ type: 3, ciaddr: "10.0.0.10", source: "10.0.0.10", target: "10.0.0.1" });
  expect(renewed?.option(82)).toBeUndefined();
  expect(renewed?.option(15)).toEqual(text("port"));
  expect(renewed?.destination).toEqual({ kind: "udp", address: address("10.0.0.10"), port: 68 });
  expect(bench.record("10.0.0.10")?.agentOptions).toEqual(agent);
  // another port since, by an offer: what the lease was made with counts no more
  const elsewhere = Uint8Array.of(1, 1, 0x71);
  bench.wait(50);
  bench.send({ type: 1, giaddr: "10.0.0.2", options: { 82: elsewhere } });
  expect(bench.send({ type: 3, ciaddr: "10.0.0.10", source: "10.0.0.10", target: "10.0.0.1" })?.option(15)).toBeUndefined();
  expect(bench.record("10.0.0.10")?.agentOptions).toEqual(elsewhere);
});

test("RFC 3011, RFC 3527 a selected subnet comes before giaddr, link selection before all", () => {
  const bench = new Bench(`ping-check false; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; }
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10; } subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10; }`);
  const selected = bench.send({ type: 1, mac: 1, giaddr: "10.0.0.2", options: { 118: ip("10.1.0.0") } });
  expect(selected?.yiaddr).toBe("10.1.0.10");
  expect(selected?.option(118)).toEqual(ip("10.1.0.0"));
  const options = { 118: ip("10.1.0.0"), 82: Uint8Array.of(5, 4, 10, 2, 0, 0) };
  expect(bench.send({ type: 1, mac: 2, giaddr: "10.0.0.2", options })?.yiaddr).toBe("10.2.0.10");
  expect(bench.send({ type: 1, mac: 3, giaddr: "10.0.0.2", options: { 118: ip("10.9.0.0") } })).toBeUndefined();
});

test("RFC 4388 lease queries: refused, or answered about addresses and clients", () => {
  const refused = new Bench(BASE);
  expect(refused.send({ type: 10, ciaddr: "10.0.0.10", giaddr: "10.0.0.2" })).toBeUndefined();
  expect(refused.said()).toEqual(["DHCPLEASEQUERY from 10.0.0.2: LEASEQUERY not allowed, query ignored"]);
  const bench = new Bench(`allow leasequery; ${BASE}`);
  bench.lease({ mac: 1, clientId: "\u0001c" });
  bench.wait(100);
  const giaddr = "10.0.0.2";
  const active = bench.send({ type: 10, mac: 9, ciaddr: "10.0.0.10", giaddr });
  expect(active?.type).toBe(13);
  expect([51, 58, 59, 91].map((code) => active?.seconds(code))).toEqual([500, 200, 425, 100]);
  expect(active?.option(61)).toEqual(text("\u0001c"));
  expect(bench.send({ type: 10, mac: 9, ciaddr: "10.0.0.11", giaddr })?.type).toBe(11);
  expect(bench.send({ type: 10, mac: 9, ciaddr: "10.8.0.11", giaddr })?.type).toBe(12);
  expect(bench.send({ type: 10, mac: 1, giaddr })?.type).toBe(13);
  expect(bench.send({ type: 10, mac: 2, giaddr })?.type).toBe(12);
});

test("RFC 4388 of an address that nobody has, option values know the address", () => {
  const bench = new Bench(`allow leasequery; option domain-name = binary-to-ascii(10, 8, ".", leased-address); ${BASE}`);
  const answer = bench.send({ type: 10, mac: 9, ciaddr: "10.0.0.11", giaddr: "10.0.0.2" });
  expect([answer?.type, answer?.option(15)]).toEqual([11, text("10.0.0.11")]);
});

test("an answer to INFORM has its options in the order of one that leaves no lease times out", () => {
  const options = "option ip-forwarding off; option time-offset 7;";
  const order = (more: string): number[] => {
    const answer = new Bench(`${more} ${options} ${BASE}`).send({ type: 8, ciaddr: "10.0.0.99", source: "10.0.0.99" });
    return [...(answer?.message.options.keys() ?? [])];
  };
  expect(order("")).toEqual([53, 54, 1, 2, 19]);
  expect(order("option dhcp-rebinding-time 800;")).toEqual([53, 54, 1, 2, 19]);
});

test("a new configuration keeps the offers whose addresses are still there", () => {
  const bench = new Bench(BASE);
  bench.send({ type: 1, mac: 1 });
  bench.send({ type: 1, mac: 2 });
  bench.configure("authoritative; ping-check false; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.11 10.0.0.12; }");
  expect(bench.send({ type: 3, mac: 2, requested: "10.0.0.11" })?.type).toBe(5);
  expect(bench.send({ type: 3, mac: 1, requested: "10.0.0.10" })).toBeUndefined();
  expect(bench.lease({ mac: 1 })).toBe("10.0.0.12");
});

test("a broken option 82 is not echoed", () => {
  const bench = new Bench(BASE);
  for (const broken of [Uint8Array.of(1, 255, 65), new Uint8Array(0)]) {
    expect(bench.send({ type: 1, giaddr: "10.0.0.2", options: { 82: broken } })?.option(82)).toBeUndefined();
  }
});

test("dhcp-eval lease-time is two minutes in an offer, and what is granted in an ACK", () => {
  const bench = new Bench(`option span code 212 = unsigned integer 32; option span = encode-int (lease-time, 32); ${BASE}`);
  const options = { 55: Uint8Array.of(212) };
  expect(bench.send({ type: 1, options })?.seconds(212)).toBe(120);
  expect(bench.send({ type: 3, requested: "10.0.0.10", options })?.seconds(212)).toBe(600);
});
