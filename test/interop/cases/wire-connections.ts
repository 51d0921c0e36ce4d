import { encodeMessage } from "../../../edge-agent/failover/wire/message.ts";
import type { MessageType, Options } from "../../../edge-agent/failover/wire/options.ts";
import type { Role } from "../../support/failover-config.ts";
import { connectTerms } from "../../support/failover-peer.ts";
import { connectAckTerms, now, type Probe, pool, STATUS } from "../../support/failover-probe.ts";
import { sleep } from "../../support/netns.ts";

/** A script for the partner of a server, whichever server that is. */
export interface Row {
  readonly name: string;
  readonly role: Role;
  script(probe: Probe): Promise<void>;
  /** Where the agent does not say what dhcpd says: what it says instead, and why. */
  readonly departs?: { readonly because: string; readonly says: RegExp };
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const without = (options: Options, ...names: (keyof Options)[]): Options =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name as keyof Options)));
export const frame = (type: MessageType, options: Options, xid = 77): Uint8Array => encodeMessage({ type, xid, time: now(), options });
/** Options by number, as no codec of ours would write them. */
export function withOption(bytes: Uint8Array, code: number, value: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + 4 + value.length);
  whole.set(bytes);
  const view = new DataView(whole.buffer);
  view.setUint16(bytes.length, code);
  view.setUint16(bytes.length + 2, value.length);
  whole.set(value, bytes.length + 4);
  view.setUint16(0, whole.length);
  return whole;
}
export const retyped = (bytes: Uint8Array, type: number): Uint8Array => bytes.map((byte, index) => (index === 2 ? type : byte));

/** CONNECT with other terms, and what comes of it. */
export const connecting = (name: string, terms: Options, skew = 0, departs?: Row["departs"]): Row => ({
  name,
  role: "primary",
  ...(departs === undefined ? {} : { departs }),
  async script(probe) {
    await probe.dial();
    await probe.peer.say("CONNECT", terms, skew);
    await sleep(1500);
  },
});
/** A CONNECTACK that a primary must not take. */
export const acknowledging = (name: string, terms: Options, skew = 0): Row => ({
  name,
  role: "secondary",
  async script(probe) {
    await probe.dial();
    const { xid } = await probe.next("CONNECT");
    await probe.peer.raw(encodeMessage({ type: "CONNECTACK", xid, time: now() + skew, options: terms }));
    await sleep(1500);
  },
});
/** A pair in NORMAL hears something. */
export const hearing = (
  name: string,
  play: (probe: Probe) => Promise<void> | void,
  departs?: Row["departs"],
  role: Role = "primary",
): Row => ({
  name,
  role,
  ...(departs === undefined ? {} : { departs }),
  async script(probe) {
    await probe.normal();
    await play(probe);
    // dhcpd acknowledges after two seconds
    await sleep(3500);
  },
});
export const terms = connectTerms({ vendorClassIdentifier: "probe" });

/** How a connection comes about. */
export const SET_UP: readonly Row[] = [
  connecting("a CONNECT of another relationship", { ...terms, relationshipName: text("elsewhere") }),
  connecting("a CONNECT without a name", without(terms, "relationshipName")),
  connecting("a CONNECT without MCLT", without(terms, "mclt"), 0, {
    because: "dhcpd composes the refusal and closes before it is sent",
    says: /^CONNECTACK .*rejectReason=5.*\nclosed$/,
  }),
  connecting("an MCLT of 0", { ...terms, mclt: 0 }),
  connecting("a CONNECT without buckets", without(terms, "hashBucketAssignment")),
  connecting("31 bytes of buckets", { ...terms, hashBucketAssignment: new Uint8Array(31) }),
  connecting("protocol version 9", { ...terms, protocolVersion: 9 }),
  connecting("no version, vendor class or TLS request", without(terms, "protocolVersion", "vendorClassIdentifier", "tlsRequest")),
  connecting("TLS required", { ...terms, tlsRequest: 2 }),
  connecting("a clock 62 seconds behind", terms, -62),
  connecting("a clock 62 seconds ahead", terms, 62),
  connecting("a clock 58 seconds ahead", terms, 58),
  acknowledging("a refusal", { relationshipName: text("lab"), rejectReason: 5, message: "not that MCLT" }),
  acknowledging("a CONNECTACK of another relationship", connectAckTerms({ relationshipName: text("other") })),
  acknowledging("a CONNECTACK without a name", without(connectAckTerms(), "relationshipName")),
  acknowledging("a CONNECTACK with a clock two minutes ahead", connectAckTerms(), 120),
  {
    name: "a second connection while one is up",
    role: "primary",
    async script(probe) {
      await probe.link();
      await sleep(700);
      await probe.dial();
      await probe.peer.say("CONNECT", terms);
      await sleep(1500);
    },
  },
  {
    name: "a connection from an address that is no partner's",
    role: "primary",
    async script(probe) {
      const stranger = await probe.dial("10.78.0.99");
      await stranger.say("CONNECT", terms);
      await sleep(1500);
    },
  },
  {
    name: "a header of 16 bytes",
    role: "primary",
    async script(probe) {
      await probe.dial();
      const plain = frame("CONNECT", terms);
      const longer = Buffer.concat([plain.subarray(0, 12), Uint8Array.of(1, 2, 3, 4), plain.subarray(12)]);
      longer.writeUInt16BE(longer.length, 0);
      longer[3] = 16;
      await probe.peer.raw(longer);
      await sleep(1500);
    },
  },
];

/** How messages stand on the wire. */
export const FRAMES: readonly Row[] = [
  hearing("options that nobody knows", async ({ peer }) => {
    await peer.raw(withOption(withOption(frame("CONTACT", {}), 100, text("zzz")), 0, text("q")));
    await peer.raw(withOption(frame("UPDREQ", {}), 77, new Uint8Array(0)));
  }),
  hearing("types that nobody knows, without options", async ({ peer }) => {
    await peer.raw(retyped(frame("CONTACT", {}), 13));
    await peer.raw(retyped(frame("CONTACT", {}), 200));
    await peer.raw(frame("UPDREQ", {}));
  }),
  hearing("a type that nobody knows, with an option", ({ peer }) =>
    peer.raw(retyped(withOption(frame("CONTACT", {}), 16, text("hello")), 13)),
  ),
  hearing("a length of 11", ({ peer }) => peer.raw(Uint8Array.of(0, 11, 11, 12, 0, 0, 0, 0, 0, 0, 0))),
  hearing("a length of 2049", ({ peer }) => peer.raw(withOption(frame("CONTACT", {}), 16, new Uint8Array(2049 - 16).fill(120)))),
  hearing("a length of 2048", async ({ peer }) => {
    await peer.raw(withOption(frame("CONTACT", {}), 16, new Uint8Array(2048 - 16).fill(120)));
    await peer.raw(frame("UPDREQ", {}));
  }),
  hearing("a digest", ({ peer }) => peer.raw(withOption(frame("UPDREQ", {}), 17, new Uint8Array(17).fill(100)))),
  hearing("an option that runs past the end", ({ peer }) =>
    peer.raw(withOption(frame("UPDREQ", {}), 16, text("abcd")).map((byte, index) => (index === 15 ? 9 : byte))),
  ),
  hearing("an option that stands twice", ({ peer }) =>
    peer.raw(withOption(frame("BNDUPD", { assignedIpAddress: pool(0), bindingStatus: 1 }), 2, Uint8Array.of(10, 77, 0, 101))),
  ),
  hearing("IP-flags of one byte", ({ peer }) =>
    peer.raw(withOption(frame("BNDUPD", { assignedIpAddress: pool(0), bindingStatus: 1 }), 12, Uint8Array.of(0))),
  ),
  hearing("a DDNS option", (each) => each.update(0, STATUS.active, { ddns: Uint8Array.of(0, 0, 3, 102, 111, 111, 0) }), {
    because: "the draft allows it (§7.1.1); dhcpd measures it against a size of 0",
    says: /^BNDACK xid=\d+ assignedIpAddress=\d+$/,
  }),
  hearing("messages in pieces, and several in one", async ({ peer }) => {
    const both = Buffer.concat([frame("UPDREQ", {}, 500), frame("POOLREQ", {}, 501)]);
    await peer.raw(both.subarray(0, 5));
    await sleep(300);
    await peer.raw(both.subarray(5, 20));
    await sleep(300);
    await peer.raw(both.subarray(20));
  }),
];
