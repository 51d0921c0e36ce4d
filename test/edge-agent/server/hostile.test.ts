import fc from "fast-check";
import { expect, test } from "vitest";
import { Bench, encode, type Message } from "../../support/agent-bench.ts";

const CONF = `
authoritative; ping-check false; default-lease-time 300; allow leasequery;
class "p" { match if exists agent.circuit-id; spawn with option agent.circuit-id; lease limit 2; }
host a { hardware ethernet 02:00:00:00:00:03; fixed-address 10.0.0.50; }
subnet 10.0.0.0 netmask 255.255.255.0 {
  pool { range 10.0.0.10 10.0.0.14; deny members of "p"; }
  pool { range dynamic-bootp 10.0.0.20 10.0.0.23; }
}
subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.13; }
`;
const anyAddress = fc.constantFrom("0.0.0.0", "10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.20", "10.0.0.50", "10.1.0.10", "9.9.9.9");
const anyClient = fc.constantFrom(undefined, "\u0001a", "\u0001b", "");
const anyMessage: fc.Arbitrary<Message> = fc.record(
  {
    type: fc.constantFrom(0, 1, 1, 1, 3, 3, 3, 3, 4, 7, 8, 10, 17),
    mac: fc.integer({ min: 1, max: 6 }),
    ciaddr: anyAddress,
    giaddr: fc.constantFrom("0.0.0.0", "0.0.0.0", "10.0.0.2", "10.1.0.2", "9.9.9.9"),
    requested: anyAddress,
    serverId: fc.constantFrom("10.0.0.1", "10.0.0.1", "9.9.9.9"),
    flags: fc.constantFrom(0, 0x8000),
    options: fc.constantFrom({}, { 82: Uint8Array.of(1, 1, 9) }, { 82: Uint8Array.of(5, 4, 10, 1, 0, 0) }, { 118: Uint8Array.of(1) }),
  },
  { requiredKeys: ["type", "mac", "options"] },
);

/** Who was last told that an address is its own, and until when it may rely on it. */
interface Holder {
  readonly mac: number | undefined;
  readonly id: string | undefined;
  readonly until: number;
}
type Holders = Map<string, Holder>;

/** With identifiers on both sides these decide; a machine that shows none at one time is known by its hardware. */
const isSame = (left: Omit<Holder, "until">, right: Omit<Holder, "until">): boolean =>
  left.id !== undefined && right.id !== undefined ? left.id === right.id : left.mac === right.mac;

function note(bench: Bench, message: Message, holders: Holders): void {
  const client = { mac: message.mac, id: message.clientId };
  const answer = bench.send(message);
  if (answer === undefined || (answer.type !== 5 && answer.type !== 0) || answer.yiaddr === "0.0.0.0" || answer.yiaddr === "10.0.0.50")
    return;
  const held = holders.get(answer.yiaddr);
  const isTaken = held !== undefined && !isSame(held, client) && held.until > bench.now;
  expect(isTaken && `${answer.yiaddr} is ${JSON.stringify(held)}'s, and ${JSON.stringify(client)} got it`).toBe(false);
  holders.set(answer.yiaddr, { ...client, until: answer.type === 0 ? Number.POSITIVE_INFINITY : bench.now + answer.seconds(51) });
}

test("whatever clients send, no address is given to two of them, and every lease given is stored", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyMessage, anyClient, fc.constantFrom(0, 0, 0, 1, 50, 130, 400)), { minLength: 5, maxLength: 60 }),
      (script) => {
        const bench = new Bench(CONF);
        const holders: Holders = new Map();
        for (const [message, clientId, pause] of script) {
          bench.wait(pause);
          if (pause > 0) bench.tick();
          for (const address of [...holders.keys()]) if (bench.record(address)?.status !== "ACTIVE") holders.delete(address);
          note(bench, clientId === undefined ? message : { ...message, clientId }, holders);
          for (const [address, { until }] of holders) {
            const lease = bench.record(address);
            if (lease?.status === "ACTIVE") expect(lease.ends).toBeGreaterThanOrEqual(Math.min(until, 0xffffffff));
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("BOOTP right after DHCP: the address is the machine's for ever, not until the lease of before would have ended", () => {
  const bench = new Bench(CONF);
  const client = { mac: 5, clientId: "\u0001b" };
  const yiaddr = "10.0.0.20";
  expect(bench.send({ type: 3, ...client, requested: yiaddr })?.seconds(51)).toBe(300);
  expect(bench.send({ type: 0, ...client })?.yiaddr).toBe(yiaddr);
  expect(bench.record(yiaddr)).toMatchObject({ status: "ACTIVE", ends: 0xffffffff, bootp: true });
});

test("garbage never throws", () => {
  const bench = new Bench(CONF);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      bench.raw(bytes);
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(anyMessage, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 12 }), (message, changes) => {
      const bytes = encode(message);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      bench.raw(bytes);
    }),
    { numRuns: 500 },
  );
});

test("a flood of DISCOVERs leaves a bounded number of offers and does not stop others", () => {
  const bench = new Bench("ping-check false; subnet 10.0.0.0 netmask 255.240.0.0 { range 10.0.1.0 10.1.255.254; }");
  const bytes = encode({ type: 1, giaddr: "10.0.0.9" });
  for (let client = 0; client < 6_000; client += 1) {
    bytes[30] = client >>> 8;
    bytes[31] = client & 255;
    bench.raw(bytes);
  }
  expect(bench.state.server.offers.size).toBeLessThanOrEqual(4_096);
  expect(bench.lease({ mac: 200 })).toMatch(/^10\./);
});
