import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IcmpProbe } from "../../../edge-agent/rim/icmp-probe.ts";
import { formatIpv4, type Ipv4Address, parseIpv4 } from "../../../edge-agent/values/ipv4.ts";

/** A raw socket that the test fills and empties. */
const wire = vi.hoisted(() => ({
  sent: [] as { readonly address: number; readonly bytes: Uint8Array }[],
  waiting: [] as Uint8Array[],
  refuses: false,
  closed: 0,
}));
vi.mock("../../../edge-agent/rim/linux-sockets.ts", () => ({
  sendTo: (_fd: number, bytes: Uint8Array, address: number): boolean => {
    if (!wire.refuses) wire.sent.push({ address, bytes: bytes.slice() });
    return !wire.refuses;
  },
  receive: (_fd: number, buffer: Uint8Array): number => {
    const packet = wire.waiting.shift();
    if (packet !== undefined) buffer.set(packet);
    return packet?.length ?? -1;
  },
  closeSocket: () => {
    wire.closed += 1;
  },
}));

const address = (text: string): Ipv4Address => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const answers: string[] = [];
const probe = (socket: number | undefined = 3) =>
  new IcmpProbe(
    socket,
    () => Date.now(),
    (from, answered) => answers.push(`${formatIpv4(from)} ${answered}`),
  );
/** An IP packet with an echo reply to the request that was sent last, changed by `change`. */
function replyFrom(from: string, change: (packet: Uint8Array) => void = () => {}): Uint8Array {
  const packet = new Uint8Array(20 + 64);
  packet[0] = 0x45;
  new DataView(packet.buffer).setUint32(12, address(from));
  packet.set(wire.sent.at(-1)?.bytes ?? new Uint8Array(64), 20);
  packet[20] = 0;
  change(packet);
  return packet;
}
const sum = (bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer);
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) total += view.getUint16(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
};

beforeEach(() => {
  vi.useFakeTimers();
  answers.length = 0;
  wire.sent.length = 0;
  wire.waiting.length = 0;
  wire.refuses = false;
  wire.closed = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

test("RFC 792 an echo request with a sound checksum, and one answer whatever comes twice", () => {
  probe().probe(address("10.0.0.9"), 1000);
  const [request] = wire.sent;
  expect(formatIpv4((request?.address ?? 0) as Ipv4Address)).toBe("10.0.0.9");
  expect([request?.bytes[0], request?.bytes[1]]).toEqual([8, 0]);
  expect(sum(request?.bytes ?? new Uint8Array(2))).toBe(0xffff);
  wire.waiting.push(replyFrom("10.0.0.9"), replyFrom("10.0.0.9"));
  vi.advanceTimersByTime(20);
  expect(answers).toEqual(["10.0.0.9 true"]);
  vi.advanceTimersByTime(5000);
  expect(answers).toEqual(["10.0.0.9 true"]);
});

test("silence is an answer when the time is over, not before", () => {
  probe().probe(address("10.0.0.9"), 1000);
  vi.advanceTimersByTime(990);
  expect(answers).toEqual([]);
  vi.advanceTimersByTime(30);
  expect(answers).toEqual(["10.0.0.9 false"]);
});

test("what is no answer to us says nothing: another address, another identifier, another type, too short, a longer header read past", () => {
  probe().probe(address("10.0.0.9"), 1000);
  wire.waiting.push(
    replyFrom("10.0.0.8"),
    replyFrom("10.0.0.9", (packet) => {
      packet[24] = (packet[24] ?? 0) ^ 1;
    }),
    replyFrom("10.0.0.9", (packet) => {
      packet[20] = 3;
    }),
    replyFrom("10.0.0.9").subarray(0, 24),
    replyFrom("10.0.0.9", (packet) => {
      packet[0] = 0x4f;
    }),
  );
  vi.advanceTimersByTime(500);
  expect(answers).toEqual([]);
  // IP options before the message
  const plain = replyFrom("10.0.0.9");
  const longer = new Uint8Array(plain.length + 4);
  longer.set(plain.subarray(0, 20));
  longer.set(plain.subarray(20), 24);
  longer[0] = 0x46;
  wire.waiting.push(longer);
  vi.advanceTimersByTime(20);
  expect(answers).toEqual(["10.0.0.9 true"]);
});

test("many are asked at once; beyond the bound, without a socket and where the network refuses nobody is there", () => {
  const asking = probe();
  for (let number = 0; number < 4096; number += 1) asking.probe((address("10.1.0.0") + number) as Ipv4Address, 1000);
  asking.probe(address("10.9.9.9"), 1000);
  vi.advanceTimersByTime(20);
  expect(answers).toEqual(["10.9.9.9 false"]);
  vi.advanceTimersByTime(1000);
  expect(answers).toHaveLength(4097);
  answers.length = 0;
  wire.refuses = true;
  probe().probe(address("10.0.0.2"), 1000);
  vi.advanceTimersByTime(20);
  expect(answers.some((answer) => answer === "10.0.0.2 false")).toBe(true);
  const none = new IcmpProbe(
    undefined,
    () => Date.now(),
    (from, answered) => answers.push(`${formatIpv4(from)} ${answered}`),
  );
  none.probe(address("10.0.0.3"), 1000);
  vi.advanceTimersByTime(20);
  expect(answers).toContain("10.0.0.3 false");
});

test("closed, it says nothing more", () => {
  const asking = probe();
  asking.probe(address("10.0.0.9"), 100);
  asking.close();
  vi.advanceTimersByTime(1000);
  expect(answers).toEqual([]);
  expect(wire.closed).toBe(1);
});
