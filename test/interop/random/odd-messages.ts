import type { Prng } from "../../simulation/prng.ts";
import { ascii, ipBytes, type OptionBytes, type Packet } from "../../support/dhcp-packet.ts";
import { agent, opt, prl, RELAY, relayed, SERVER, SERVER_MAC, type Step, text } from "../cases/case.ts";

/** A message, and what it is in words. */
export interface Spoken {
  readonly step: Step;
  readonly words: string;
}

export type Change = (packet: Packet, c: Prng) => Packet;
const without = (packet: Packet, code: number): readonly OptionBytes[] => (packet.options ?? []).filter(([other]) => other !== code);
const withOption =
  (...made: ((c: Prng) => OptionBytes)[]): Change =>
  (packet, c) => {
    const option = c.pick(made as [(c: Prng) => OptionBytes])(c);
    return packet.options === undefined ? packet : { ...packet, options: [...without(packet, option[0]), option] };
  };

/** What the header of a message may say besides what clients mostly say. */
const HEADERS: readonly Change[] = [
  (packet, c) => ({ ...packet, secs: c.pick([256, 2, 0xffff]) }),
  (packet, c) => ({ ...packet, flags: c.pick([0x0001, 0x4000, 0xffff]) }),
  (packet, c) => ({ ...packet, hops: c.pick([1, 16, 255]) }),
  (packet, c) => ({ ...packet, ciaddr: packet.ciaddr ?? c.pick(["10.77.0.100", "10.50.0.20", "10.99.0.1"]) }),
  (packet, c) => ({ ...packet, padTo: c.pick([0, 548, 1200]) }),
  (packet, c) => ({ ...packet, siaddr: c.pick([SERVER, "10.99.0.1"]), yiaddr: "10.77.0.100" }),
  (packet) => ({ ...packet, tail: new Uint8Array(0) }),
];

/** Who a client says that it is, in all its messages. */
const IDENTITIES: readonly Change[] = [
  (packet) => ({ ...packet, htype: 6 }),
  (packet) => ({ ...packet, hlen: 0, chaddr: "" }),
  (packet) => ({ ...packet, hlen: 8 }),
  (packet) => ({ ...packet, hlen: 16 }),
  (packet) => ({ ...packet, htype: 32, hlen: 0, chaddr: "" }),
  withOption(() => opt(61, "01")),
  withOption(() => opt(61, "ff".repeat(60))),
  withOption(() => opt(61, "0000000000")),
];

/** The identity of one client, if it is an odd one. */
export const oddIdentity = (c: Prng): Change | undefined => (c.chance(0.3) ? c.pick(IDENTITIES as unknown as [Change]) : undefined);

/** Values that are seldom sent, or too short or long. */
const OPTIONS: readonly Change[] = [
  withOption(
    () => opt(57, "0000"),
    () => opt(57, "0044"),
    () => opt(57, "012c"),
    () => opt(57, "ffff"),
    () => opt(57, "05"),
  ),
  withOption(
    () => prl(),
    () => prl(3, 3, 1, 1, 6),
    () => prl(82, 0, 255, 53, 54, 1),
    () => prl(...Array.from({ length: 200 }, (_, at) => at + 1)),
  ),
  withOption(
    () => opt(51, "00000000"),
    () => opt(51, "ffffffff"),
    () => opt(51, "000258"),
    () => opt(51, "00000001"),
  ),
  withOption(
    () => opt(12, ""),
    () => text(12, "box1\0"),
    () => text(12, "-odd_name-"),
    () => text(12, "x".repeat(70)),
    () => opt(12, "c3a4"),
  ),
  withOption(
    () => opt(77, ""),
    () => text(60, ""),
    () => text(60, "pxe\0"),
    () => opt(93, "00"),
  ),
  (packet) =>
    packet.options === undefined ? packet : { ...packet, options: [...without(packet, 12), text(12, "bo"), opt(55, "01"), text(12, "x1")] },
  (packet) => (packet.options === undefined ? packet : { ...packet, options: [opt(80, ""), ...packet.options, opt(224, "0102")] }),
];

const AGENT: readonly ((c: Prng) => OptionBytes)[] = [
  (c) => agent(text(1, "port1"), [5, ipBytes(c.pick(["10.77.0.0", "10.50.0.0", "10.78.0.0", "10.99.0.0"]))]),
  () => agent([5, Uint8Array.of(10, 77)]),
  () => agent(text(2, "remote"), text(6, "subscriber")),
  () => agent(text(1, "port2"), opt(151, "00766666"), opt(10, "80")),
  () => agent(opt(1, ""), text(2, "remote")),
  () => agent(text(1, "port1"), opt(200, "010203"), text(1, "port2")),
  () => opt(82, "0105706f7274"),
  () => opt(82, ""),
  () => agent(text(1, "port1"), text(9, "vendor")),
];

/** RFC 2132 §9.3: options in `file`, `sname` or both. */
function overloaded(packet: Packet, c: Prng): Packet {
  if (packet.options === undefined) return packet;
  const bytes = (...options: OptionBytes[]): Uint8Array =>
    Uint8Array.from([...options.flatMap(([code, value]) => [code, value.length, ...value]), 255]);
  const [host, vendor] = [text(12, c.pick(["box1", "box2"])), text(60, c.pick(["pxe", "phone"]))];
  const kept = without({ ...packet, options: without(packet, 12) }, 60);
  const where = 1 + c.below(3);
  return {
    ...packet,
    options: [...kept, [52, Uint8Array.of(where)]],
    ...((where & 1) === 1 ? { file: bytes(host) } : {}),
    ...((where & 2) === 2 ? { sname: bytes(vendor) } : {}),
  };
}

function bootp(packet: Packet, c: Prng): Packet {
  const zeros = (): Packet => ({ ...packet, options: [], tail: new Uint8Array(60) });
  const made: (() => Packet)[] = [
    () => ({ ...packet, padTo: 0 }),
    () => ({ ...packet, options: [text(12, "box1"), text(60, "pxe")] }),
    () => ({ ...packet, options: [prl(1, 3, 6), opt(57, "0400")], padTo: 576 }),
    zeros,
    () => ({ ...packet, file: ascii("wanted.img"), sname: ascii(c.pick(["boots", "other"])) }),
    () => ({ ...packet, ciaddr: "10.77.0.101" }),
    () => ({ ...packet, flags: 0x8000 }),
  ];
  return c.pick(made as [() => Packet])();
}

/** The same message as another client or relay might have put it. */
export function oddly({ step: plain, words }: Spoken, c: Prng, identity?: Change): Spoken {
  if (plain.packet instanceof Uint8Array || words.startsWith("LEASEQUERY")) return { step: plain, words };
  const packet = identity === undefined ? plain.packet : identity(plain.packet, c);
  const step = { ...plain, packet };
  if (!c.chance(0.4)) return { step, words };
  if (words.startsWith("BOOTREQUEST")) return { step: { ...step, packet: bootp(packet, c) }, words: `${words}, odd` };
  const far = step.route?.macTo === SERVER_MAC && step.route.portFrom === undefined;
  if (far && c.chance(0.5)) {
    const { route: _, ...bare } = step;
    return {
      step: relayed(bare, c.pick([RELAY, "10.50.0.9"]), c.chance(0.5) ? [agent(text(1, "port1"))] : []),
      words: `${words} by relay`,
    };
  }
  const changes = [overloaded, ...HEADERS, ...HEADERS.slice(0, 6), ...OPTIONS, ...OPTIONS];
  if (packet.giaddr !== undefined || c.chance(0.1))
    changes.push(
      ...AGENT.map(
        (made): Change =>
          (one) => ({ ...one, options: [...without(one, 82), made(c)] }),
      ),
      (one) => ({ ...one, options: [...(one.options ?? []).filter(([code]) => code === 82), ...without(one, 82)] }),
    );
  let odd = packet;
  for (let left = 1 + c.below(2); left > 0; left -= 1) odd = c.pick(changes as [Change])(odd, c);
  return { step: { ...step, packet: odd }, words: `${words}, odd` };
}
