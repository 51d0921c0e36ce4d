import type { Route } from "../../support/dhcp-client.ts";
import { ascii, bytesOf, ipBytes, type OptionBytes, optionOf, type Packet, type Reply } from "../../support/dhcp-packet.ts";

/**
 * The network of every case: the server has 10.77.0.1/24 on s0 and 10.78.0.1/24 on s1; the client speaks on the other end of s0, or
 * of s1 where `device` says so. A relay agent lives at 10.77.0.9, which is also the server's default route.
 */
export const SERVER = "10.77.0.1";
export const SERVER_MAC = "02:00:0a:4d:00:01";
export const RELAY = "10.77.0.9";

/** One message to both servers. Its xid is filled in by the runner. */
export interface Step {
  readonly packet: Packet | Uint8Array;
  readonly route?: Route;
  /** What becomes of the frame before it is sent. */
  readonly alter?: (frame: Uint8Array) => Uint8Array;
  readonly device?: "c0" | "c1";
}
/** A step may depend on what the same server answered so far. */
export type StepSource = Step | ((replies: readonly (Reply | undefined)[]) => Step);

/** What dhcpd answers to a step, so that a case which tests nothing is noticed. */
export type Expected = "OFFER" | "ACK" | "NAK" | "BOOTREPLY" | "LEASEUNASSIGNED" | "LEASEUNKNOWN" | "LEASEACTIVE" | "none";

export interface DifferentialCase {
  readonly name: string;
  readonly steps: readonly StepSource[];
  readonly expect: readonly Expected[];
  /** Seconds to let pass before each step. */
  readonly wait?: readonly number[];
}

/** Cases that share one configuration and one run of the servers, in order. */
export interface CaseGroup {
  readonly name: string;
  readonly conf: string;
  /** The lease file at the start. */
  readonly leases?: string;
  /** Arguments that the agent needs to do as dhcpd does unasked. */
  readonly flags?: readonly string[];
  readonly cases: readonly DifferentialCase[];
}

export const opt = (code: number, hexBytes: string): OptionBytes => [code, bytesOf(hexBytes)];
export const text = (code: number, value: string): OptionBytes => [code, ascii(value)];
export const ip = (code: number, ...addresses: string[]): OptionBytes => [code, Uint8Array.from(addresses.flatMap((a) => [...ipBytes(a)]))];
export const u16 = (code: number, value: number): OptionBytes => [code, Uint8Array.of(value >> 8, value & 255)];
export const u32 = (code: number, value: number): OptionBytes => [
  code,
  Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255),
];
/** Parameter request list. */
export const prl = (...codes: number[]): OptionBytes => [55, Uint8Array.from(codes)];
export const type = (code: number): OptionBytes => [53, Uint8Array.of(code)];
/** Relay agent information, of sub-options. */
export const agent = (...parts: OptionBytes[]): OptionBytes => [
  82,
  Uint8Array.from(parts.flatMap(([code, value]) => [code, value.length, ...value])),
];

type More = Partial<Omit<Packet, "options" | "chaddr" | "xid">>;

/** A message of the given type; `more` sets header fields. */
export const message = (code: number, chaddr: string, options: readonly OptionBytes[] = [], more: More = {}): Step => ({
  packet: { xid: 0, chaddr, options: [type(code), ...options], ...more },
});
export const discover = (chaddr: string, options: readonly OptionBytes[] = [], more: More = {}): Step => message(1, chaddr, options, more);
export const request = (chaddr: string, options: readonly OptionBytes[] = [], more: More = {}): Step => message(3, chaddr, options, more);
export const decline = (chaddr: string, options: readonly OptionBytes[] = []): Step => message(4, chaddr, options);
export const inform = (chaddr: string, ciaddr: string, options: readonly OptionBytes[] = []): Step =>
  from(message(8, chaddr, options, { ciaddr }), ciaddr);

/** The REQUEST that accepts the last offer (RFC 2131 §4.3.2, SELECTING). */
export const accept =
  (chaddr: string, options: readonly OptionBytes[] = [], more: More = {}): StepSource =>
  (replies) => {
    const offer = replies.at(-1);
    const address = offer ? offer.yiaddr : "0.0.0.0";
    const server = (offer && optionOf(offer, 54)) ?? ipBytes(SERVER);
    return request(chaddr, [ip(50, address), [54, server], ...options], more);
  };

/** The unicast REQUEST of RENEWING for the address of the last reply. */
export const renew =
  (chaddr: string, options: readonly OptionBytes[] = []): StepSource =>
  (replies) => {
    const ciaddr = held(replies);
    return unicast(request(chaddr, options, { ciaddr }), ciaddr);
  };

/** The broadcast REQUEST of REBINDING. */
export const rebind =
  (chaddr: string, options: readonly OptionBytes[] = []): StepSource =>
  (replies) =>
    from(request(chaddr, options, { ciaddr: held(replies) }), held(replies));

/** RELEASE of the last reply's address. */
export const release =
  (chaddr: string, options: readonly OptionBytes[] = [ip(54, SERVER)]): StepSource =>
  (replies) =>
    unicast(message(7, chaddr, options, { ciaddr: held(replies) }), held(replies));

/** The address of the last reply that gave one. */
export const held = (replies: readonly (Reply | undefined)[]): string =>
  replies.findLast((reply) => reply !== undefined && reply.yiaddr !== "0.0.0.0")?.yiaddr ?? "0.0.0.0";

/** Sent by unicast to the server from an address. */
export const unicast = (step: Step, ipFrom: string): Step => ({ ...step, route: { macTo: SERVER_MAC, ipFrom, ipTo: SERVER } });
/** Broadcast, from an address. */
export const from = (step: Step, ipFrom: string): Step => ({ ...step, route: { ipFrom } });
/** Passed on by the relay agent, with its address (or another `giaddr`) in the message. */
export const relayed = (step: Step, giaddr: string = RELAY, options: readonly OptionBytes[] = []): Step => {
  if (step.packet instanceof Uint8Array) throw new Error("only a described packet can be relayed");
  const packet = { ...step.packet, giaddr, hops: 1, options: [...(step.packet.options ?? []), ...options] };
  return { ...step, packet, route: { macTo: SERVER_MAC, ipFrom: RELAY, ipTo: SERVER, portFrom: 67 } };
};
/** {@link relayed} for steps that depend on replies. */
export const relayedLater =
  (source: StepSource, giaddr: string = RELAY, options: readonly OptionBytes[] = []): StepSource =>
  (replies) =>
    relayed(typeof source === "function" ? source(replies) : source, giaddr, options);
export const onSecond = (step: Step): Step => ({ ...step, device: "c1" });

/** `02:00:00:00:AA:BB` */
export const mac = (group: number, number: number): string =>
  `02000000${group.toString(16).padStart(2, "0")}${number.toString(16).padStart(2, "0")}`.slice(-12);
